"""The way of facts into the system: requests are checked, appended to the log, and read back as facts of a partition.

Here are also quarantine, imports of history, snapshots of tickets, and the limit beyond which nothing more is
accepted. This package must not know targets: a fact is taken in whether or not a target is evaluated from it.
"""
