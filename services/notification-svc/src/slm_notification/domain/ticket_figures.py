"""The values for the fields of a ticket: the due date, the state of its clocks, and whether a clock is breached."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from slm_events.instants import UtcMicroseconds

OPEN = ("running", "paused", "breached")
"""The states of clocks that have not ended."""
CLOCKS = ("response", "update", "resolution", "ownership", "closure")
_ENDED = ("completed_late", "met", "cancelled")
"""The states of ended clocks, the worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownClock:
    """One clock of a ticket, as its latest events show it."""

    target_id: str
    clock: str
    """The clock's kind, one of ``CLOCKS``."""
    state: str
    deadline_at: UtcMicroseconds | None
    is_breached: bool
    """Whether a breach of this clock stands."""

    @property
    def is_open(self) -> bool:
        """Whether the clock has not ended."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class TicketFigures:
    """The values of a ticket's fields."""

    due_at: UtcMicroseconds | None
    state: str
    is_breached: bool


def figures_of(clocks: Collection[KnownClock], wanted: Sequence[str] = ()) -> TicketFigures | None:
    """Return the values for a ticket with these clocks; None if none of the clocks counts.

    ``wanted``: the kinds of clocks that count; empty: all. The due date is the soonest deadline that can still be kept,
    and the state is the state of that clock. If no open clock can be kept, the due date is their latest deadline, and
    the state is ``breached``. If all clocks have ended, the due date is their latest deadline, and the state is the
    worst of their states. Then a cancelled clock counts only if all clocks were cancelled; such a ticket has no due
    date.
    """
    counted = [each for each in clocks if not wanted or each.clock in wanted]
    if not counted:
        return None
    is_breached = any(each.is_breached for each in counted if each.state != "cancelled")
    running = [each for each in counted if each.is_open]
    keepable = [each for each in running if not each.is_breached and each.state != "breached"]
    if keepable:
        first = min(keepable, key=_by_deadline)
        return TicketFigures(first.deadline_at, first.state, is_breached)
    if running:
        return TicketFigures(max(running, key=_by_deadline).deadline_at, "breached", is_breached)
    kept = [each for each in counted if each.state != "cancelled"]
    if not kept:
        return TicketFigures(None, "cancelled", False)
    worst = min((each.state for each in kept), key=_ENDED.index)
    return TicketFigures(max(kept, key=_by_deadline).deadline_at, worst, is_breached)


def has_open_clock(clocks: Collection[KnownClock], wanted: Sequence[str] = ()) -> bool:
    """Whether one of the clocks that count has not ended."""
    return any(each.is_open for each in clocks if not wanted or each.clock in wanted)


def _by_deadline(clock: KnownClock) -> tuple[UtcMicroseconds, str]:
    return (clock.deadline_at or 0, clock.target_id)
