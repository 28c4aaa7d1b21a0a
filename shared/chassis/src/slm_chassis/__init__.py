"""Log, outbox, inbox, HTTP, access, settings and metrics of every service."""
