"""The use cases of notification-svc: webhook endpoints, hearing events, and sending deliveries."""
