"""Queries for the API: rows as JSON objects, filtered by the caller's party and split into pages.

This package must not write.
"""
