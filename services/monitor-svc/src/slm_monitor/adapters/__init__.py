"""monitor-svc's access to PostgreSQL, and the formats of log records and request bodies.

From the bottom: ``formats``, ``rows``, ``queries``, ``commands``, ``store``. Nothing here decides anything about
service levels.
"""
