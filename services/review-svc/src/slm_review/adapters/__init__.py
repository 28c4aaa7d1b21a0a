"""PostgreSQL for the ledger and the lists, and the worker that watches the calendar."""
