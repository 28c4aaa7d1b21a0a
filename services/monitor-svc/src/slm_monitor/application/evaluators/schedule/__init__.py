"""Selection of the windows and minutes of a target that must be evaluated now. Windows and minutes that an import of
history holds wait until the import ends.

This package must not know what kind of data a target is evaluated from.
"""
