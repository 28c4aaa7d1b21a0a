"""Versions of an agreement: their revisions and states, their term and its end, and their events for other services.

This package must not decide who may change a version's state: the package ``contracting`` decides that.
"""
