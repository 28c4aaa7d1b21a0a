"""The REST resources of agreement-svc: parse, call, shape."""
