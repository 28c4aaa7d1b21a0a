"""The migrations of agreement-svc's database schema, in order."""
