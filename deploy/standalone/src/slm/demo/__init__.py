"""The demonstration: the whole cycle played through the public API."""
