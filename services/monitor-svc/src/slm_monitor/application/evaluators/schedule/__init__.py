"""Which windows and minutes of a target must be evaluated, and which wait because an import still holds their past.

This package must not know what kind of data a target is evaluated from.
"""
