"""The event log: a port with three adapters (PostgreSQL, Kafka and memory)."""
