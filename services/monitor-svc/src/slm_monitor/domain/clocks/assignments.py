"""The holders of a ticket, which are the teams or persons to whom it was assigned: how long each of them held it while
a clock ran, and who held it at an instant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_calendar import intervals
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.terms.terms import ClockTarget

TEAMS = ("team",)
HOLDER_ATTRIBUTES = ("team", "assignee")
"""The attributes that name the holder of a ticket; the first one that has a value applies. The other party of an OLA or
UC is shown teams only.
"""


@dataclass(frozen=True, slots=True)
class TicketHolderTime:
    """How long (microseconds) a clock ran while ``by`` held the ticket: a team, or a person if no team is named.

    ``calendar`` is the wall time, ``service`` the time inside the service hours.
    """

    by: str | None
    calendar: int
    service: int


def list_holder_attribute_names(terms: ClockTarget) -> Sequence[str]:
    """Return the ticket attributes that tell the parties of this agreement who holds a ticket. The parties of a support
    agreement (OLA, UC) are told only the team.
    """
    return TEAMS if terms.is_support else HOLDER_ATTRIBUTES


def sum_clock_time_by_holder(
    clock: TicketClockState, events: Sequence[TicketEvent], until: UtcMicroseconds
) -> list[TicketHolderTime]:
    """Return how long a clock ran while each team or person held the ticket, in the order in which they first held it.

    The time counts from ``clock.measured_from`` to ``until``, without the clock's pauses.
    """
    sums: dict[str | None, list[int]] = {}
    hours = clock.target.hours
    pauses = intervals.clip(clock.pauses_by(until), clock.measured_from, until)
    for start, end, holder in _held_intervals(
        events, clock.measured_from, until, list_holder_attribute_names(clock.target)
    ):
        spent = sums.setdefault(holder, [0, 0])
        for begins, ends in intervals.subtract([(start, end)], pauses):
            spent[0] += ends - begins
            spent[1] += hours.open_time(begins, ends)
    return [TicketHolderTime(holder, *spent) for holder, spent in sums.items()]


def find_ticket_holder_at(
    events: Sequence[TicketEvent], instant: UtcMicroseconds, names: Sequence[str] = HOLDER_ATTRIBUTES
) -> str | None:
    """Return who holds the ticket at an instant, after the events of that instant; None if nobody is named."""
    known: dict[str, Any] = {}
    for event in events:
        if event.at > instant:
            break
        known.update(event.attributes)
    return read_holder_from_attributes(known, names)


def _held_intervals(
    events: Sequence[TicketEvent], start: UtcMicroseconds, end: UtcMicroseconds, names: Sequence[str]
) -> list[tuple[int, int, str | None]]:
    """Split ``[start, end)`` at each change of holder: return (start, end, holder) of each part, in order."""
    found: list[tuple[int, int, str | None]] = []
    begins, holder = start, find_ticket_holder_at(events, start, names)
    known: dict[str, Any] = {}
    for event in events:
        known.update(event.attributes)
        if event.at <= start:
            continue
        if event.at >= end:
            break
        if (now := read_holder_from_attributes(known, names)) != holder:
            found.append((begins, event.at, holder))
            begins, holder = event.at, now
    if begins < end:
        found.append((begins, end, holder))
    return found


def read_holder_from_attributes(known: Mapping[str, Any], names: Sequence[str] = HOLDER_ATTRIBUTES) -> str | None:
    """Return the team or person that these attributes name as the holder of a ticket; None if they name none."""
    held = next((known[name] for name in names if known.get(name)), None)
    return None if held is None else str(held)
