"""The use cases of agreement-svc. Each module is a noun; each function is a verb and opens its own transaction."""
