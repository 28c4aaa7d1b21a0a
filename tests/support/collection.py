"""Garbage collection in a test's process, which holds everything that pytest loaded.

To collect all of it for each service that a test starts takes longer than the test.
"""

from __future__ import annotations

from slm_chassis import collecting

exclude_from_collection = collecting.exclude_from_collection
"""The function of production, for its own tests"""


def _do_nothing(is_hurried: bool = False) -> None:
    """Exclude nothing, and collect nothing before."""


def leave_to_interpreter() -> None:
    """Services that are imported from now on leave garbage collection to the interpreter."""
    collecting.exclude_from_collection = _do_nothing
