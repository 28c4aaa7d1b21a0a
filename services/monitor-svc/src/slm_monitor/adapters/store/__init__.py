"""The store of the engine: facts, results, positions and events of a step, saved in one transaction that only the
partition's owner can commit.

The package also has the history (all stored facts, read as they were known at an instant), the compaction of its
segments, and the deletion of facts that are older than the retention period.
This package must not know requests or callers, except for its lists of suspended sources and of failed targets.
"""
