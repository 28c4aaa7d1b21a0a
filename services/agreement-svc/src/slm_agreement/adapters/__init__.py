"""Tables, stores and queries in PostgreSQL, and the worker that turns agreements when their instants come."""
