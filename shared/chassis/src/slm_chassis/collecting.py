"""Garbage collection for processes that hold many long-lived objects."""

from __future__ import annotations

import gc


def exclude_from_collection(is_hurried: bool = False) -> None:
    """Exclude the objects that exist now from later garbage collections.

    A full collection stops the process, by a quarter of a second for a million objects, and the interpreter runs one
    whenever it likes. Call this function after much was loaded and while nobody waits. It first collects all garbage,
    including objects excluded earlier. With ``is_hurried`` it collects no garbage: the call takes no time, but the
    present garbage stays in memory.
    """
    if not is_hurried:
        gc.unfreeze()
        gc.collect()
    gc.freeze()
