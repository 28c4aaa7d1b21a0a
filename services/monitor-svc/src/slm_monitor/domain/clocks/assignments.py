"""The holders of a ticket while its clock ran: the time of each team, and who held it when the deadline passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_calendar import intervals
from slm_monitor.domain.clocks.clock_state import Clock
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.terms.terms import ServiceLevelTarget

TEAMS = ("team",)
HOLDERS = ("team", "assignee")
"""The attributes that name a ticket's holder, the first one given applies. The other party of a support agreement (OLA,
UC) sees teams only."""


@dataclass(frozen=True, slots=True)
class HolderTime:
    """The microseconds that a clock ran while one holder had the ticket: a team, or a person if no team is named."""

    by: str | None
    calendar: int
    service: int


def names_for(terms: ServiceLevelTarget) -> Sequence[str]:
    """Return the attributes that may name a holder to the parties of an agreement."""
    return TEAMS if terms.is_support else HOLDERS


def holder_times(clock: Clock, events: Sequence[TicketEvent], until: int) -> list[HolderTime]:
    """Return the time of each holder, in the order in which they first held the ticket.

    The sum is the elapsed time of the clock since ``measured_from``.
    """
    sums: dict[str | None, list[int]] = {}
    hours = clock.target.hours
    pauses = intervals.clip(clock.pauses_by(until), clock.measured_from, until)
    for start, end, holder in _held_intervals(events, clock.measured_from, until, names_for(clock.target)):
        spent = sums.setdefault(holder, [0, 0])
        for begins, ends in intervals.subtract([(start, end)], pauses):
            spent[0] += ends - begins
            spent[1] += hours.open_time(begins, ends)
    return [HolderTime(holder, *spent) for holder, spent in sums.items()]


def holder_at(events: Sequence[TicketEvent], instant: int, names: Sequence[str] = HOLDERS) -> str | None:
    """Return the holder of the ticket at an instant, after the events of that instant."""
    known: dict[str, Any] = {}
    for event in events:
        if event.at > instant:
            break
        known.update(event.attributes)
    return holder_of(known, names)


def _held_intervals(
    events: Sequence[TicketEvent], start: int, end: int, names: Sequence[str]
) -> list[tuple[int, int, str | None]]:
    """Return (start, end, holder) of each interval of ``[start, end)`` with one holder, in order and without gaps."""
    found: list[tuple[int, int, str | None]] = []
    begins, holder = start, holder_at(events, start, names)
    known: dict[str, Any] = {}
    for event in events:
        known.update(event.attributes)
        if event.at <= start:
            continue
        if event.at >= end:
            break
        if (now := holder_of(known, names)) != holder:
            found.append((begins, event.at, holder))
            begins, holder = event.at, now
    if begins < end:
        found.append((begins, end, holder))
    return found


def holder_of(known: Mapping[str, Any], names: Sequence[str] = HOLDERS) -> str | None:
    """Return the holder that these attributes name; None if they name none."""
    held = next((known[name] for name in names if known.get(name)), None)
    return None if held is None else str(held)
