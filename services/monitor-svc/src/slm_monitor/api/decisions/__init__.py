"""Routes by which a party decides: on exclusions of time, and on each step in the life of a breach.

This package must not compute figures.
"""
