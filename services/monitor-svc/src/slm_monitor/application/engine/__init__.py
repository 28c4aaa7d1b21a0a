"""The evaluation worker: it owns partitions, reads their topics, drives the evaluators, and saves each step in one
transaction.

It also contains watermarks, checkpoints, and the isolation of records that cannot be evaluated. This package must not
know how a figure is computed, and no other package of the application may know this package.
"""
