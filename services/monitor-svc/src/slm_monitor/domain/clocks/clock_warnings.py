"""When a ticket's clock warns, at shares of its duration, and when it escalates, at offsets from its deadline."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from slm_calendar import durations
from slm_calendar.durations import Duration
from slm_calendar.service_hours import ServiceHours
from slm_monitor.domain.clocks.clock_state import PAUSED, Clock
from slm_monitor.domain.terms.clock_terms import Escalation


def share_reached_at(clock: Clock, percent: Fraction | int) -> int:
    """The instant at which a share of the clock's duration is used up: the duration's own measure, pauses left out."""
    return min(_reached(clock, Fraction(percent), hours) for hours in clock.hours)


def _reached(clock: Clock, percent: Fraction, hours: ServiceHours) -> int:
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
    within = clock.within
    if within.kind in ("calendar", "service_time"):
        return int(within.amount)
    return durations.elapsed(within, clock.measured_from, clock.original_deadline_at, hours)


def _carried(clock: Clock) -> int:
    return clock.carried[0] if clock.within.kind == "calendar" else clock.carried[1]


def warning_instants(clock: Clock) -> list[tuple[Fraction, int]]:
    """(percent, instant) of each warning that the clock reaches if nothing else happens to it, ascending; of a paused
    clock those that it reached before its pause."""
    terms = clock.target.clock
    found = [(share, share_reached_at(clock, share)) for share in terms.warn_at] if terms is not None else []
    return [(share, at) for share, at in found if clock.state != PAUSED or at <= clock.changed_at]


def escalation_instants(clock: Clock) -> list[tuple[Escalation, int]]:
    """Likewise each escalation."""
    terms = clock.target.clock
    found = [(each, offset_from_deadline(clock, each.offset)) for each in terms.escalations] if terms else []
    return [(each, at) for each, at in found if clock.state != PAUSED or at <= clock.changed_at]


def offset_from_deadline(clock: Clock, offset: Duration, deadline: int | None = None) -> int:
    """The instant at an offset from the clock's deadline (or another one), the earliest of all its hours."""
    due = clock.deadline_at if deadline is None else deadline
    return min(durations.deadline(offset, due, hours) for hours in clock.hours)


def at_risk_from(clock: Clock) -> int | None:
    """The instant of the clock's first warning, or of half its duration where it has none."""
    terms = clock.target.clock
    first: Sequence[Fraction] = terms.warn_at[:1] if terms is not None else ()
    return share_reached_at(clock, first[0] if first else Fraction(50))
