"""The evaluators of one partition: each keeps its targets, knows which of them must be evaluated again, and evaluates
them.

One package for each source of data (``series``, ``states``, ``derived``), one module for tickets and one for indicators
that have stopped sending. An evaluator must not know the worker that drives it, nor how the store saves a step.
"""
