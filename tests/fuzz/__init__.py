"""``make fuzz``: Schemathesis asks the running product what nobody would, and holds every answer to the document."""
