"""What one partition keeps in memory, and the ports by which it reaches the store.

Every evaluator shares these: published results, exclusions, timers, states, the derivations of targets from others,
and the targets that failed. This package must not start an evaluation, and must not know who does.
"""
