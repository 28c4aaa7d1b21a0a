"""Results in the form in which pages show them: the summary, effects of exclusions, and the fields of a window that a
customer may see.

This package must not read facts by itself or evaluate. It arranges results that other packages compute.
"""
