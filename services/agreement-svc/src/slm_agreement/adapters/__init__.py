"""Tables, repositories and queries in PostgreSQL, mail and OpenID clients, and workers for due changes and mails."""
