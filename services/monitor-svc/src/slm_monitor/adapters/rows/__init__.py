"""Rows of the engine's tables, converted to and from the objects that the evaluators work with.

This package must not know who asks: nothing here filters by party or splits an answer into pages.
"""
