"""The REST API that every service has: problems, access, idempotency, paging and entity tags."""
