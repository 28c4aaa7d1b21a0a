"""Rows of the engine's tables, converted to and from the objects that the evaluators use.

This package must not know the caller: nothing here filters by party or splits an answer into pages.
"""
