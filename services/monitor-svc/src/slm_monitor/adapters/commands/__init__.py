"""The tables that commands of people and events of other services change. A change that evaluators must know of is
committed together with a message to their partitions.

Here are agreements, relations, exclusions, breach workflows, imports, snapshots, reviews, back-tests and quarantine.
This package must not know the store of the engine: it changes nothing that an evaluator has published.
"""
