"""The checks of the intake: each item is accepted as a fact, or rejected with the field, the value and a remedy.

This package must not know agreements or results: only the item and its indicator decide whether the item is accepted,
never its effect on a target.
"""
