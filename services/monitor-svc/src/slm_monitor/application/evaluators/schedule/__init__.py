"""Selection of the windows and minutes of a target to evaluate, and of those that wait because an import holds their
past.

This package must not know what kind of data a target is evaluated from.
"""
