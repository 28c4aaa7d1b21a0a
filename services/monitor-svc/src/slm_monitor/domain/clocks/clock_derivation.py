"""The derivation of a clock's elapsed time: its open, closed and paused intervals, their causes, and their sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from slm_calendar import intervals
from slm_calendar.closures import closures
from slm_calendar.service_hours import ServiceHours
from slm_monitor.domain.clocks.clock_state import Clock
from slm_monitor.domain.facts.ticket_events import ENDS, TicketEvent

Kind = Literal["open", "closed", "paused"]


class ClockSegment(NamedTuple):
    """``[start, end)`` of one kind. ``service`` is the open time in it, in microseconds.

    ``because`` names, for closed time, the rule of the service hours that closes it; for other time, the event that
    began it, or ``service hours open``.
    """

    start: int
    end: int
    kind: Kind
    service: int
    cause: str
    event: TicketEvent | None = None


def clock_segments(clock: Clock, events: Sequence[TicketEvent], until: int) -> list[ClockSegment]:
    """Return the time of a clock from ``measured_from`` to an instant, without gaps. ``events`` are the ticket's
    events.
    """
    hours = clock.target.hours
    pauses = intervals.clip(clock.pauses_by(until), clock.measured_from, until)
    paused = [
        ClockSegment(start, end, "paused", hours.open_time(start, end), *_cause(events, start, clock))
        for start, end in pauses
    ]
    found: list[ClockSegment] = list(paused)
    for start, end in intervals.subtract([(clock.measured_from, until)], pauses) if until > clock.measured_from else ():
        found += _running(clock, events, start, end)
    return sorted(found)


def _running(clock: Clock, events: Sequence[TicketEvent], start: int, end: int) -> Iterable[ClockSegment]:
    hours = clock.target.hours
    for opens, closes in hours.intervals(start, end):
        because = _cause(events, opens, clock) if opens == start else ("service hours open", None)
        yield ClockSegment(opens, closes, "open", closes - opens, *because)
    for closure in closures(hours, start, end):
        yield ClockSegment(closure.start, closure.end, "closed", 0, closure.reason)


def _cause(events: Sequence[TicketEvent], at: int, clock: Clock) -> tuple[str, TicketEvent | None]:
    """Return (text, event) for the event at an instant that changed the clock.

    An event with a state, or an end of the ticket, precedes other events of that instant.
    """
    there = [event for event in events if event.at == at]
    telling = [event for event in there if event.state is not None or event.event in ENDS] or there
    if not telling:
        return "the opening", None
    started = [event for event in there if event.event == "opened"] if at == clock.started_at else []
    event = (started or telling)[-1]
    return event.event if event.state is None else f"{event.event} to {event.state}", event


class ClockTotals(NamedTuple):
    """Microseconds of each kind in wall time, and the service time within the pauses."""

    open: int
    closed: int
    paused: int
    paused_service: int


def clock_totals(segments: Iterable[ClockSegment]) -> ClockTotals:
    """Return the sums of the segments."""
    of_kind: dict[Kind, int] = {"open": 0, "closed": 0, "paused": 0}
    paused_service = 0
    for each in segments:
        of_kind[each.kind] += each.end - each.start
        paused_service += each.service if each.kind == "paused" else 0
    return ClockTotals(of_kind["open"], of_kind["closed"], of_kind["paused"], paused_service)


def clip_segments(segments: Iterable[ClockSegment], start: int, end: int, hours: ServiceHours) -> list[ClockSegment]:
    """Return the parts of the segments inside a reporting window."""
    inside = []
    for each in segments:
        begins, ends = max(each.start, start), min(each.end, end)
        if begins < ends:
            service = 0 if each.kind == "closed" else hours.open_time(begins, ends)
            inside.append(each._replace(start=begins, end=ends, service=service))
    return inside
