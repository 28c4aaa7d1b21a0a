"""Tables, repositories and queries in PostgreSQL, and the worker that applies changes of agreements when they
are due.
"""
