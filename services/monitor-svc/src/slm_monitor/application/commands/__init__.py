"""Use cases that people and other services start: agreements and relations arrive, exclusions and breaches are handled.

Each writes its record, its message to the partitions and its event in one transaction. This package must not know
the evaluators: a partition learns of a command by the message, on its next step.
"""
