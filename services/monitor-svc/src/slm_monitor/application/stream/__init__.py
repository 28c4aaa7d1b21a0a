"""The live stream of published events: one reader for a process, and a bounded queue for each client.

This package must not know the evaluators. It only shows what was published, and it waits for no client.
"""
