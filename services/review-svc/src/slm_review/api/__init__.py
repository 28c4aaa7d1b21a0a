"""The REST API of review-svc: a module for each resource."""
