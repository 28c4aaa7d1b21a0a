"""Imports of history: the past of the imported indicators and tickets is evaluated when an import completes, so that a
reader gets history instead of a flood of late breaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slm_events.instants import UtcMicroseconds

QUIET_MICROSECONDS = 3_600_000_000
"""Time without facts of an import's past after which the import expires, in µs of installation time."""
LONGEST_MICROSECONDS = 7 * 24 * QUIET_MICROSECONDS
"""Longest duration of an import, in µs, even if facts keep arriving."""
COMPLETED, ENDED, EXPIRED = "completed", "ended", "expired"
"""How an import ended: its party sent everything, somebody ended it early, or no facts arrived for long."""


@dataclass(frozen=True, slots=True)
class HistoryImport:
    """An import and its hold. ``state``: open | completing | judged. ``through``: only time before this instant is
    held.
    """

    import_id: str
    owner_party_id: str
    indicators: Sequence[str]
    sources: Sequence[str]
    opened_at: UtcMicroseconds
    opened_by: str
    through: UtcMicroseconds
    expires_at: UtcMicroseconds
    state: str = "open"
    ended_as: str | None = None
    ended_at: UtcMicroseconds | None = None
    judged_at: UtcMicroseconds | None = None


class HistoryImportStore(Protocol):
    """The store of imports."""

    async def open(self, opened: HistoryImport) -> None: ...

    async def find(self, import_id: str) -> HistoryImport | None: ...

    async def release(self, import_id: str, positions: Mapping[str, int], ended_as: str, now: UtcMicroseconds) -> None:
        """Let each partition release the hold once it has taken in everything up to its position.

        ``positions``: ``<topic>:<partition>`` → offset.
        """
        ...


async def open_history_import(imports: HistoryImportStore, wanted: HistoryImport) -> HistoryImport:
    """Open a hold on indicators (by key) or ticket sources of a party. If an import with this id exists, return the
    existing one.
    """
    await imports.open(wanted)
    opened = await imports.find(wanted.import_id)
    assert opened is not None
    return opened


async def complete_history_import(
    imports: HistoryImportStore,
    import_id: str,
    ends: Mapping[str, Mapping[int, int]],
    now: UtcMicroseconds,
    ended_as: str = COMPLETED,
) -> None:
    """Complete an import, or end it early (``ENDED``).

    ``ends``: end offsets of the intake topics, read after the last fact of the import was acknowledged.
    """
    positions = {f"{topic}:{partition}": end for topic, each in ends.items() for partition, end in each.items()}
    await imports.release(import_id, positions, ended_as, now)
