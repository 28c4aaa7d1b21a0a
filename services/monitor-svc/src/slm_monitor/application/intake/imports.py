"""Imports of history: what they name is judged when they complete, as history and not as a flood of late breaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

QUIET_MICROSECONDS = 3_600_000_000
"""An import ends by itself so long after the last facts of its past, installation time."""
LONGEST_MICROSECONDS = 7 * 24 * QUIET_MICROSECONDS
"""An import holds no longer than this, however much comes."""
COMPLETED, ENDED, EXPIRED = "completed", "ended", "expired"
"""How an import ended: its party sent everything, somebody ended it before, or nothing came for long."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import and its hold. ``state``: open | completing | judged; ``through``: only what lies before it waits."""

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
    """Where imports are kept."""

    async def open(self, opened: Import) -> None: ...

    async def find(self, import_id: str) -> Import | None: ...

    async def release(self, import_id: str, positions: Mapping[str, int], ended_as: str, now: int) -> None:
        """Let the judge go on once it has taken in everything up to these positions (``<topic>:<partition>``)."""
        ...


async def open_import(imports: Imports, wanted: Import) -> Import:
    """Open a hold on indicators (by key) or ticket sources of a party; the import of that id where there is one."""
    await imports.open(wanted)
    opened = await imports.find(wanted.import_id)
    assert opened is not None
    return opened


async def complete_import(
    imports: Imports, import_id: str, ends: Mapping[str, Mapping[int, int]], now: int, ended_as: str = COMPLETED
) -> None:
    """Everything has been sent, or (``ENDED``) nothing more will be: ``ends`` are the intake's end offsets, read after
    the last answer."""
    positions = {f"{topic}:{partition}": end for topic, each in ends.items() for partition, end in each.items()}
    await imports.release(import_id, positions, ended_as, now)
