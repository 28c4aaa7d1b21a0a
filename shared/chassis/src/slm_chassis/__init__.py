"""The technical base of every service: log, outbox, inbox, HTTP, access, settings and metrics."""
