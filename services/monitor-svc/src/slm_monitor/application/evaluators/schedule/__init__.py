"""Selection of a target's windows and minutes that must be evaluated, and of those that wait because an import holds
their past.

This package must not know what kind of data a target is evaluated from.
"""
