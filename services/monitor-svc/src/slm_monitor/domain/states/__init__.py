"""The states of one indicator through time (up, down, degraded, unknown), its outages and recoveries, and its service
time.

State changes arrive in any order and become one timeline; service hours and exclusions are applied to it. This package
must not know rows of values, tickets or published results: it gives durations, and does not say whether an objective
was met.
"""
