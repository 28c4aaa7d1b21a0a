"""Imports of history: what they name is judged when they complete, as history and not as a flood of late breaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

LONGEST_SECONDS = 7 * 24 * 3600
"""An import that nobody completes holds its indicators no longer than this, installation time."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import and its hold. ``state``: open | completing | complete."""

    import_id: str
    owner_party_id: str
    indicators: Sequence[str]
    sources: Sequence[str]
    opened_at: int
    expires_at: int
    state: str


class Imports(Protocol):
    """Where imports are kept."""

    async def open(self, opened: Import) -> None: ...

    async def find(self, import_id: str) -> Import | None: ...

    async def release(self, import_id: str, positions: Mapping[str, int]) -> None:
        """Let the judge go on once it has taken in everything up to these positions (``<topic>:<partition>``)."""
        ...


async def start(
    imports: Imports, import_id: str, owner: str, indicators: Sequence[str], sources: Sequence[str], now: int,
    seconds: int,
) -> Import:  # fmt: skip
    """Open a hold on indicators (by key) or ticket sources of a party; the import of that id where there is one."""
    await imports.open(Import(import_id, owner, indicators, sources, now, now + seconds * 1_000_000, "open"))
    opened = await imports.find(import_id)
    assert opened is not None
    return opened


async def complete(imports: Imports, import_id: str, ends: Mapping[str, Mapping[int, int]]) -> None:
    """Everything has been sent: ``ends`` are the intake's end offsets, read after the last answer."""
    positions = {f"{topic}:{partition}": end for topic, each in ends.items() for partition, end in each.items()}
    await imports.release(import_id, positions)
