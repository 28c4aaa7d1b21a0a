"""The worker: it owns partitions, reads their topics, drives the evaluators, and saves each step in one transaction.

Here are also timers, checkpoints, and what happens to records that cannot be judged. This package must not know how
a figure is computed; it must not be known by any other package of the application.
"""
