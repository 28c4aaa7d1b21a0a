"""Use cases started by people and by events of other services: agreements, relations, exclusions, breach handling,
reviews.

Each use case writes its record, its message to the partitions and its event in one transaction. This package must not
know the evaluators: a partition reads the message of a command in its next step.
"""
