"""Tables behind the use cases of people and other services, with the messages to partitions that go with each change.

Here are agreements, relations, exclusions, breaches' lives, imports, snapshots, reviews, back-tests and quarantine.
This package must not know the store of the engine: it changes nothing that an evaluator has published.
"""
