"""The use cases of agreement-svc. Each module is named after its subject; each use case opens its own transaction."""
