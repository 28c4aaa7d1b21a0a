"""The use cases of review-svc, for users and events. Each function runs inside one transaction's ledger."""
