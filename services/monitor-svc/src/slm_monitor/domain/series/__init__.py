"""Measured rows of one indicator, summed by the minute and by the hour.

Here is which rows are good under which terms, and what their minutes add up to in a window. This package must not
know states, tickets or published results: it gives sums, and does not say whether an objective was met.
"""
