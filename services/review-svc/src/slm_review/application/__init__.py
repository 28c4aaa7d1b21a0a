"""The use cases of review-svc, for users and events. Each runs inside one transaction."""
