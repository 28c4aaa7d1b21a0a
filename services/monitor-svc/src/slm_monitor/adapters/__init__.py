"""monitor-svc's access to PostgreSQL, and the formats of log records and request bodies.

A package may import only the packages that stand before it in this list: ``formats``, ``rows``, ``queries``,
``commands``, ``store``. Nothing here decides anything about service levels.
"""
