"""The memory of one partition, and the ports by which it reaches the store.

Every evaluator shares published results, exclusions, timers, states, dependencies between targets, and failed targets.
This package must not start an evaluation, and must not know what starts an evaluation.
"""
