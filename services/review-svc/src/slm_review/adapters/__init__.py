"""The storage of review-svc in PostgreSQL, and the worker that opens scheduled reviews."""
