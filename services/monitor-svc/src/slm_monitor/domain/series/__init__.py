"""Measured rows of one indicator, summed by the minute and by the hour.

The package separates good rows from bad rows by a target's terms, and sums the minutes of a window. It must not know
states, tickets or published results: it gives sums, and does not say whether an objective was met.
"""
