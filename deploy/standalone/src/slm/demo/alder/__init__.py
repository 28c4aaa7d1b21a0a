"""Alder Managed Services: the demonstration's world of a provider between its customers and its suppliers."""
