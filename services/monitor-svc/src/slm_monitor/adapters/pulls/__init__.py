"""Pulls in PostgreSQL, and the HTTP client that sends requests to tools. A pull is a tool that monitor-svc asks for
data at regular times. The package must not decide what is requested.
"""
