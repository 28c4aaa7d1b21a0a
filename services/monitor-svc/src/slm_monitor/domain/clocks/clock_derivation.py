"""Derivation of a clock's elapsed time: its intervals, their causes, and their sums.

An interval is open (within the service hours), closed (outside the service hours) or paused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from slm_calendar import intervals
from slm_calendar.closures import closures
from slm_calendar.service_hours import ServiceHours
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.facts.ticket_events import ENDS, TicketEvent

Kind = Literal["open", "closed", "paused"]


class ClockSegment(NamedTuple):
    """One interval ``[start, end)`` of a clock's time: ``kind`` is open (within service hours), closed or paused.

    ``service`` is the service time in the interval, in microseconds. ``cause`` names the reason. For closed time this
    is the rule of the service hours that closes it. For other time it is the event with which the interval began, or
    ``service hours open``.
    """

    start: UtcMicroseconds
    end: UtcMicroseconds
    kind: Kind
    service: int
    cause: str
    event: TicketEvent | None = None


def derive_clock_segments(
    clock: TicketClockState, events: Sequence[TicketEvent], until: UtcMicroseconds
) -> list[ClockSegment]:
    """Divide the time of a clock, from ``measured_from`` to the instant ``until``, into segments without gaps.

    ``events`` are the ticket's events in order.
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


def _running(
    clock: TicketClockState, events: Sequence[TicketEvent], start: UtcMicroseconds, end: UtcMicroseconds
) -> Iterable[ClockSegment]:
    hours = clock.target.hours
    for opens, closes in hours.intervals(start, end):
        because = _cause(events, opens, clock) if opens == start else ("service hours open", None)
        yield ClockSegment(opens, closes, "open", closes - opens, *because)
    for closure in closures(hours, start, end):
        yield ClockSegment(closure.start, closure.end, "closed", 0, closure.reason)


def _cause(
    events: Sequence[TicketEvent], at: UtcMicroseconds, clock: TicketClockState
) -> tuple[str, TicketEvent | None]:
    """Return (text, event) of the event that changed the clock at an instant. The event is None if no event has this
    instant.

    If several events have this instant, the last one that names a state or ends the ticket is taken. At the clock's
    start, an ``opened`` event is preferred to all others.
    """
    there = [event for event in events if event.at == at]
    telling = [event for event in there if event.state is not None or event.event in ENDS] or there
    if not telling:
        return "the opening", None
    started = [event for event in there if event.event == "opened"] if at == clock.started_at else []
    event = (started or telling)[-1]
    return event.event if event.state is None else f"{event.event} to {event.state}", event


class ClockTotals(NamedTuple):
    """The sums of a clock's segments in microseconds: the wall time that is open, closed and paused, and the service
    time within the pauses.
    """

    open: int
    closed: int
    paused: int
    paused_service: int


def sum_clock_segments(segments: Iterable[ClockSegment]) -> ClockTotals:
    """Return the totals of the segments, by open, closed and paused time."""
    of_kind: dict[Kind, int] = {"open": 0, "closed": 0, "paused": 0}
    paused_service = 0
    for each in segments:
        of_kind[each.kind] += each.end - each.start
        paused_service += each.service if each.kind == "paused" else 0
    return ClockTotals(of_kind["open"], of_kind["closed"], of_kind["paused"], paused_service)


def clip_clock_segments_to_window(
    segments: Iterable[ClockSegment], start: UtcMicroseconds, end: UtcMicroseconds, hours: ServiceHours
) -> list[ClockSegment]:
    """Return the parts of the segments that lie inside a reporting window."""
    inside = []
    for each in segments:
        begins, ends = max(each.start, start), min(each.end, end)
        if begins < ends:
            service = 0 if each.kind == "closed" else hours.open_time(begins, ends)
            inside.append(each._replace(start=begins, end=ends, service=service))
    return inside
