"""The demonstration of Alder Managed Services: a made-up provider with its customers and its suppliers."""
