"""The REST door every service has: problems, access, idempotency, paging and versions of what is edited."""
