"""The registry of aggregations: one class for each way to compute a target's figure, and the table of all of them.

Each class contains everything that depends on its aggregation: it classifies and sums rows, evaluates windows and
explains figures. It has no state, and must not know where facts and results are stored.
"""
