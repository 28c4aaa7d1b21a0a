"""Routes that read results: targets, windows, figures, breaches, clocks, explanations, and the live stream.

This package must not change anything.
"""
