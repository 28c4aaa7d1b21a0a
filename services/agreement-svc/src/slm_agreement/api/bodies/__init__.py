"""Models of all request bodies of agreement-svc, by subject: ``shapes`` has the types and models that many share.

A model describes a body and refuses unknown fields. This package must not call a use case.
"""
