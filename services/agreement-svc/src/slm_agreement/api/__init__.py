"""The REST API of agreement-svc: a module for each resource, with request and response models."""
