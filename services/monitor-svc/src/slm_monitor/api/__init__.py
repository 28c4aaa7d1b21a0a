"""monitor-svc over HTTP: parse, call, shape."""
