"""The evaluators of one partition: each keeps its targets, knows which of them must be evaluated again, and does so.

One package for each source of data (``series``, ``states``, ``derived``), one module for tickets and one for
indicators that fall silent. An evaluator must not know the worker that drives it, nor how the store saves a step.
"""
