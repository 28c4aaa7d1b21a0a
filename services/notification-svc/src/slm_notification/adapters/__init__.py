"""The storage of notification-svc in PostgreSQL, and the client that sends webhooks."""
