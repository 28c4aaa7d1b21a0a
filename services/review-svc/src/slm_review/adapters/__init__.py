"""The ledger and the queries in PostgreSQL, and the worker that opens scheduled reviews."""
