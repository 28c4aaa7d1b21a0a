"""Pulls in PostgreSQL, and the HTTP client that sends requests to tools. The package must not decide what is
requested.
"""
