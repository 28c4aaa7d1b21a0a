"""The checks of the intake: each item is accepted as a fact, or rejected with the field, the value and a remedy.

This package must not know agreements or results: whether an item is accepted depends on the item and its indicator
alone, never on what it would do to a target.
"""
