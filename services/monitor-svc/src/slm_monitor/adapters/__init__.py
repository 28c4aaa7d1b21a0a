"""monitor-svc's access to PostgreSQL, and the formats of log records and request bodies.

Packages from the bottom, where each may import those before it: ``formats``, ``rows``, ``queries``, ``commands``,
``store``. Nothing here decides anything about service levels.
"""
