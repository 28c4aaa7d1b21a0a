"""Models of the JSON answers of agreement-svc, by subject: ``shapes`` has the types that many fields share.

A model describes an answer, and does not build it. This package must not import anything else of the service.
"""
