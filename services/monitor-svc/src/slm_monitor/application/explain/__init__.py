"""Explanations: how a figure or a clock came about, with terms, facts, intervals and sums, so that it can be redone.

The figures come from the functions of the domain that the evaluators use. This package must not write anything, and
must not know the worker.
"""
