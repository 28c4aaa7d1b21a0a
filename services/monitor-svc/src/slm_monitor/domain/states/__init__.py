"""The states of one indicator through time: up, down and unknown, outages, recoveries, and the time that counts.

State changes arrive in any order; here they become one timeline, with service hours and exclusions applied.
This package must not know rows of values, tickets or published results: it gives durations, and does not say whether
an objective was met.
"""
