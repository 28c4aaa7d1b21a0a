"""How monitor-svc talks to PostgreSQL, and the formats of what it reads from the log and from requests.

From the bottom: ``formats``, ``rows``, ``queries``, ``commands``, ``store``. Nothing here decides anything about
service levels.
"""
