"""The outcome of one window in the form of an explanation, and the rows from which it is recalculated.

The package serves explanations, previews and back-tests. It must not know the registry of aggregations, which uses it,
nor where facts are stored.
"""
