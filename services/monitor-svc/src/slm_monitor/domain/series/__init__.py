"""Measured rows of one indicator, summed by the minute and by the hour.

The package tells good rows from bad ones as a target's terms define it, and sums the minutes of a window. It must not
know states, tickets or published results: it gives sums, and does not say whether an objective was met.
"""
