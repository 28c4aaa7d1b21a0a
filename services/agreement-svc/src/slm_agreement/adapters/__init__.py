"""Tables, repositories and queries in PostgreSQL, clients for mail and OpenID, and two workers: one applies due changes
of agreements, one sends waiting mails.
"""
