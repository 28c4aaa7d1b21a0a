"""The store of the engine: facts, results, positions and events of a step, saved in one transaction that only the
partition's owner can commit.

Here are also the record of facts, its compaction, and the deletion of facts that are older than the retention period.
This package must not know requests or callers, except for its lists of suspended sources and of failed targets.
"""
