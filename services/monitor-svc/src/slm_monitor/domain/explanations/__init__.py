"""The outcome of one window in the form of an explanation, and the rows from which the outcome is recalculated.

The package serves explanations, previews and back-tests. It must not know where facts are stored, nor the registry of
aggregations, because that registry uses this package.
"""
