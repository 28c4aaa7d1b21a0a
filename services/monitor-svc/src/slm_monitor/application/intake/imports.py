"""Imports of history: the past that an import names is evaluated when it completes, so that a reader gets history and
not a flood of late breaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

QUIET_MICROSECONDS = 3_600_000_000
"""Time after the last facts of an import's past at which it ends by itself, in µs of installation time."""
LONGEST_MICROSECONDS = 7 * 24 * QUIET_MICROSECONDS
"""Longest life of an import, in µs, even if facts keep arriving."""
COMPLETED, ENDED, EXPIRED = "completed", "ended", "expired"
"""The way in which an import ended: its party sent everything, somebody ended it early, or no facts came for long."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import and its hold. ``state``: open | completing | judged. ``through``: only what lies before this instant
    waits."""

    import_id: str
    owner_party_id: str
    indicators: Sequence[str]
    sources: Sequence[str]
    opened_at: int
    opened_by: str
    through: int
    expires_at: int
    state: str = "open"
    ended_as: str | None = None
    ended_at: int | None = None
    judged_at: int | None = None


class Imports(Protocol):
    """The store of imports."""

    async def open(self, opened: Import) -> None: ...

    async def find(self, import_id: str) -> Import | None: ...

    async def release(self, import_id: str, positions: Mapping[str, int], ended_as: str, now: int) -> None:
        """Release the hold once everything up to these positions (``<topic>:<partition>``) has been taken in."""
        ...


async def open_import(imports: Imports, wanted: Import) -> Import:
    """Open a hold on indicators (by key) or ticket sources of a party. If the id exists already, return that import."""
    await imports.open(wanted)
    opened = await imports.find(wanted.import_id)
    assert opened is not None
    return opened


async def complete_import(
    imports: Imports, import_id: str, ends: Mapping[str, Mapping[int, int]], now: int, ended_as: str = COMPLETED
) -> None:
    """Complete an import, or end it early (``ENDED``). ``ends``: the intake's end offsets, read after the last fact of
    the import was acknowledged."""
    positions = {f"{topic}:{partition}": end for topic, each in ends.items() for partition, end in each.items()}
    await imports.release(import_id, positions, ended_as, now)
