"""The instants at which a clock warns (shares of its duration) and escalates (offsets from its deadline)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from slm_calendar import durations
from slm_calendar.durations import Duration
from slm_calendar.service_hours import ServiceHours
from slm_monitor.domain.clocks.clock_state import PAUSED, Clock
from slm_monitor.domain.terms.clock_terms import Escalation


def share_reached_at(clock: Clock, percent: Fraction | int) -> int:
    """Return the instant at which a percentage of the clock's duration has elapsed, in its own measure and without
    pauses.
    """
    return min(_reached(clock, Fraction(percent), hours) for hours in clock.hours)


def _reached(clock: Clock, percent: Fraction, hours: ServiceHours) -> int:
    """Return when ``percent`` of the duration has elapsed, by one of the clock's service hours.

    Pauses that begin before that instant move it, as they move the deadline.
    """
    within, start = clock.within, clock.measured_from
    share = _whole(clock, hours) * percent // 100 - _carried(clock)
    if share <= 0:
        return start
    at = start + share if within.kind == "calendar" else hours.add(start, share)
    for begins, ends in clock.pauses:
        if begins < at:
            at = durations.extended(within, at, durations.elapsed(within, begins, ends, hours), hours)
    return at


def _whole(clock: Clock, hours: ServiceHours) -> int:
    """Return the whole duration in microseconds of the clock's own measure; for days and dates, up to the original
    deadline.
    """
    within = clock.within
    if within.kind in ("calendar", "service_time"):
        return int(within.amount)
    return durations.elapsed(within, clock.measured_from, clock.original_deadline_at, hours)


def _carried(clock: Clock) -> int:
    return clock.carried[0] if clock.within.kind == "calendar" else clock.carried[1]


def warning_instants(clock: Clock) -> list[tuple[Fraction, int]]:
    """Return (percent, instant) of each warning that the clock reaches if nothing else happens to it, ascending.

    A paused clock has only the warnings that it reached before the pause.
    """
    terms = clock.target.clock
    found = [(share, share_reached_at(clock, share)) for share in terms.warn_at] if terms is not None else []
    return [(share, at) for share, at in found if clock.state != PAUSED or at <= clock.changed_at]


def escalation_instants(clock: Clock) -> list[tuple[Escalation, int]]:
    """Return (escalation, instant) of each escalation that the clock reaches if nothing else happens to it.

    A paused clock has only the escalations that it reached before the pause.
    """
    terms = clock.target.clock
    found = [(each, offset_from_deadline(clock, each.offset)) for each in terms.escalations] if terms else []
    return [(each, at) for each, at in found if clock.state != PAUSED or at <= clock.changed_at]


def offset_from_deadline(clock: Clock, offset: Duration, deadline: int | None = None) -> int:
    """Return the instant at an offset from the clock's deadline (or from ``deadline``); the earliest of its service
    hours.
    """
    due = clock.deadline_at if deadline is None else deadline
    return min(durations.deadline(offset, due, hours) for hours in clock.hours)


def at_risk_from(clock: Clock) -> int | None:
    """Return the instant of the clock's first warning; if it has no warnings, that of half its duration."""
    terms = clock.target.clock
    first: Sequence[Fraction] = terms.warn_at[:1] if terms is not None else ()
    return share_reached_at(clock, first[0] if first else Fraction(50))
