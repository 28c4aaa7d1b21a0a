"""The REST API of notification-svc: a module for each resource."""
