"""The events that services publish to one another. This package imports only the standard library."""
