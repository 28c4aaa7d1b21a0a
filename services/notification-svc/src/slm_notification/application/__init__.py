"""The use cases of notification-svc: webhook endpoints, storing events, and sending deliveries."""
