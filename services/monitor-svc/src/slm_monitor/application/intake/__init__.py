"""Intake of facts: requests are checked, appended to the log, and read back as facts of a partition.

The package also contains the quarantine, imports of history, snapshots of tickets, and the limit beyond which no more
facts are accepted. This package must not know targets. It takes in a fact whether or not a target is evaluated from it.
"""
