"""Measured rows of one indicator, summed by the minute and by the hour.

The package says which rows are good under which terms, and sums the minutes of a window. It must not know states,
tickets or published results: it gives sums, and does not say whether an objective was met.
"""
