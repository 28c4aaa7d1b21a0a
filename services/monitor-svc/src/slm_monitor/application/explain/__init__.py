"""Explanations: how a figure or a clock was derived, with terms, facts, intervals and sums, so that a reader can
recalculate it.

The figures come from the functions of the domain that the evaluators use. This package must not write anything, and
must not know the worker.
"""
