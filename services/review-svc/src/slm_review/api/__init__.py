"""The REST door: one module a resource, each parses, calls and shapes."""
