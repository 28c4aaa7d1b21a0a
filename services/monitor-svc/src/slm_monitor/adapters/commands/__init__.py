"""The tables that are changed by commands of people and by events of other services. A change that evaluators must
know of is committed together with a message to their partitions.

Here are agreements, relations, exclusions, breach workflows, imports, snapshots, reviews, back-tests and quarantine.
This package must not know the store of the engine: it changes nothing that an evaluator has published.
"""
