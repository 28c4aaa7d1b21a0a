"""Garbage collection in a process that holds much for long: what is there to stay is not looked through again."""

from __future__ import annotations

import gc


def set_apart(is_hurried: bool = False) -> None:
    """Collect all garbage, and let later collections pass over what is left; hurried, over what there is.

    A full collection stops the process, for a quarter of a second where there are a million objects, and the
    interpreter makes one whenever it sees fit. Call this where nobody waits, after much was loaded, and again after
    more was: what was set apart before and is garbage by now goes then. Hurried, it takes no time, and no garbage goes.
    """
    if not is_hurried:
        gc.unfreeze()
        gc.collect()
    gc.freeze()
