"""Routes for decisions of a party: on exclusions of time, and on the steps of handling a breach.

This package must not compute figures.
"""
