"""Pulls in PostgreSQL, the client that asks tools, and their dialects. The package must not decide what is asked."""
