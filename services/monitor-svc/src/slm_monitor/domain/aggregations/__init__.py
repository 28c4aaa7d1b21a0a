"""The registry of aggregations: one class for each way to compute a target's figure, and the table of all of them.

A class has all that depends on the aggregation: how rows are classified and summed, windows evaluated, figures
explained. It has no state, and must not know where facts and results are stored.
"""
