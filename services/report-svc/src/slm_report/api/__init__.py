"""The REST API of report-svc: a module for each resource."""
