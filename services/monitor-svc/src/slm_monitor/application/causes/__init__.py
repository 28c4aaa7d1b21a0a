"""Use cases of causes: grouping breaches and risks by their cause, and handling all breaches of a cause at once.

This package must not publish breaches or risks: it reads those that the evaluators have published.
"""
