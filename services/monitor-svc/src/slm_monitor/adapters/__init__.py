"""How monitor-svc talks to its database and reads what others put on the log."""
