"""Evaluation of one calendar window: the figure, its budget, the levels that are missed for certain, and the warnings.

There is one module for each kind of target. Each is a pure function of facts, terms and an instant. This package must
not build events (``lifecycle`` compares its results with what was published), and must not know rolling windows.
"""
