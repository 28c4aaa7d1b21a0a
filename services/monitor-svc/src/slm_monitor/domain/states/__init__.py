"""The states of one indicator through time: up, down, degraded and unknown; outages, recoveries, and the time that
counts.

State changes arrive in any order and become one timeline; service hours and exclusions are applied to it. This package
must not know rows of values, tickets or published results: it gives durations, and does not say whether an objective
was met.
"""
