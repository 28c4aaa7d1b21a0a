"""Routes for decisions of a party: on exclusions of time, and on the steps of a breach's workflow.

This package must not compute figures.
"""
