"""The instants at which a clock warns (at shares of its duration) and escalates (at offsets from its deadline)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from slm_calendar import durations
from slm_calendar.durations import Duration
from slm_calendar.service_hours import ServiceHours
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.clocks.clock_state import PAUSED, TicketClockState
from slm_monitor.domain.terms.clock_terms import EscalationStep


def find_instant_of_elapsed_share(clock: TicketClockState, percent: Fraction | int) -> UtcMicroseconds:
    """Return the instant at which a percentage of the clock's duration has elapsed; pauses do not count.

    Time is counted as the target counts it: service time or wall time.
    """
    return min(_reached(clock, Fraction(percent), hours) for hours in clock.hours)


def _reached(clock: TicketClockState, percent: Fraction, hours: ServiceHours) -> UtcMicroseconds:
    """Return the instant at which ``percent`` of the duration has elapsed, by one set of the clock's service hours.

    A pause that begins before this instant delays the instant, as it would delay the deadline.
    """
    within, start = clock.within, clock.measured_from
    share = _whole(clock, hours) * percent // 100 - _carried(clock)
    if share <= 0:
        return start
    at = start + share if within.kind == "calendar" else hours.add(start, share)
    for begins, ends in clock.pauses:
        if begins < at:
            at = durations.extend_deadline(
                within, at, durations.measure_elapsed_time(within, begins, ends, hours), hours
            )
    return at


def _whole(clock: TicketClockState, hours: ServiceHours) -> int:
    """Return the whole duration of the clock in microseconds: service time or wall time, whichever the target counts.

    If the duration is given in days or as a date, this is the time from the start to the original deadline.
    """
    within = clock.within
    if within.kind in ("calendar", "service_time"):
        return int(within.amount)
    return durations.measure_elapsed_time(within, clock.measured_from, clock.original_deadline_at, hours)


def _carried(clock: TicketClockState) -> int:
    return clock.carried[0] if clock.within.kind == "calendar" else clock.carried[1]


def compute_warning_instants(clock: TicketClockState) -> list[tuple[Fraction, int]]:
    """Return (percent, instant) of each warning that the clock reaches if nothing else happens to it, ascending.

    A paused clock has only the warnings that it reached before the pause.
    """
    terms = clock.target.clock
    found = (
        [(share, find_instant_of_elapsed_share(clock, share)) for share in terms.warn_at] if terms is not None else []
    )
    return [(share, at) for share, at in found if clock.state != PAUSED or at <= clock.changed_at]


def compute_escalation_instants(clock: TicketClockState) -> list[tuple[EscalationStep, int]]:
    """Return (escalation, instant) of each escalation that the clock reaches if nothing else happens to it.

    A paused clock has only the escalations that it reached before the pause.
    """
    terms = clock.target.clock
    found = [(each, compute_offset_from_deadline(clock, each.offset)) for each in terms.escalations] if terms else []
    return [(each, at) for each, at in found if clock.state != PAUSED or at <= clock.changed_at]


def compute_offset_from_deadline(
    clock: TicketClockState, offset: Duration, deadline: UtcMicroseconds | None = None
) -> UtcMicroseconds:
    """Return the instant at an offset from ``deadline`` or, if it is None, from the clock's deadline.

    With several sets of service hours, return the earliest instant.
    """
    due = clock.deadline_at if deadline is None else deadline
    return min(durations.compute_deadline(offset, due, hours) for hours in clock.hours)


def find_first_warning_instant(clock: TicketClockState) -> UtcMicroseconds | None:
    """Return the instant of the clock's first warning; if its terms have no warnings, the instant at which half its
    duration has elapsed.
    """
    terms = clock.target.clock
    first: Sequence[Fraction] = terms.warn_at[:1] if terms is not None else ()
    return find_instant_of_elapsed_share(clock, first[0] if first else Fraction(50))
