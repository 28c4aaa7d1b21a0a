"""The store of the engine: facts, results, positions and events of a step, saved in one fenced transaction.

Here are also the record of facts, its compaction, and the deletion of what is older than it must be kept. This
package must not know requests or callers, except for its two lists of what was set aside.
"""
