"""The tickets in a report line: the share that met their deadline, how long tickets took, and the late tickets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from slm_events import instants
from slm_events.clocks import ClockStopped
from slm_events.instants import UtcMicroseconds
from slm_report.domain import figures
from slm_report.domain.facts import Breach
from slm_report.domain.periods import Period

SHOWN = 200
"""The most late tickets that a report lists. It counts all of them."""
_PERCENTILES = (50, 90, 95)
_SECOND = 1_000_000


def sort_tickets_by_outcome(
    breaches: Sequence[Breach], stopped: Sequence[ClockStopped], period: Period
) -> tuple[set[str], set[str]]:
    """Return the names of the tickets that missed their deadline, and of those that met it.

    Breaches decide: a ticket whose clock stopped late, but whose breach was withdrawn, met its deadline.
    """
    missed = {breach.breached.window_id for breach in breaches if breach.is_standing}
    undone = {breach.breached.window_id for breach in breaches} - missed
    late = {ticket_name(clock) for clock in stopped if clock.state == "completed_late"}
    missed |= {
        ticket_name(clock) for clock in stopped if ticket_name(clock) in late - undone and _due(clock) >= period.start
    }
    in_time = {ticket_name(clock) for clock in stopped if clock.state == "met"}
    return missed, (in_time | late & undone) - missed


def ticket_summary(
    met: int,
    missed: Sequence[str],
    stopped: Sequence[ClockStopped],
    breaches: Sequence[Breach],
    measure: str,
    as_of: UtcMicroseconds,
) -> dict[str, Any]:
    """Return the number of tickets, the share that met their deadline, percentiles of their duration, and the late
    tickets.

    ``measure`` is the kind of time that the objective counts: ``calendar`` or a kind of service time. Only tickets that
    have ended have a duration.
    """
    total = met + len(missed)
    clocks = {ticket_name(clock): clock for clock in stopped}
    since = {breach.breached.window_id: breach.certain_at for breach in breaches if breach.is_standing}
    took = sorted(elapsed_seconds(clock, measure) for clock in clocks.values() if clock.state != "cancelled")
    late = [_late(ticket, clocks.get(ticket), since.get(ticket), measure, as_of) for ticket in sorted(missed)]
    late.sort(key=lambda each: (-(each["late_seconds"] or 0), each["ticket"]))
    share = Fraction(100 * met, total) if total else None
    return {
        "judged": total,
        "met": met,
        "breached": len(missed),
        "share": figures.figure_to_text(share),
        "share_display": figures.display_figure(share),
        "took": {str(each): _percentile(took, each) for each in _PERCENTILES} if took else {},
        "late": late[:SHOWN],
    }


def ticket_name(clock: ClockStopped) -> str:
    """Return the name ``<source>/<number>`` of a clock's ticket, which is also the id of its window."""
    return f"{clock.source}/{clock.ticket}"


def duration_measure(objective: Mapping[str, Any]) -> str:
    """Return the kind of time that an objective counts: ``calendar``, or a kind of service time such as
    ``business_days``.
    """
    within = objective.get("within")
    return next(iter(within), "service_time") if isinstance(within, Mapping) else "service_time"


def elapsed_seconds(clock: ClockStopped, measure: str) -> int:
    """Return the seconds that a stopped clock took: calendar time if ``measure`` is ``calendar``, else service time."""
    return clock.elapsed_calendar_seconds if measure == "calendar" else clock.elapsed_service_seconds


def _late(
    ticket: str, clock: ClockStopped | None, certain_at: UtcMicroseconds | None, measure: str, as_of: UtcMicroseconds
) -> dict[str, Any]:
    """Return a late ticket as the report shows it.

    A ticket that is still open (``clock`` is None) is late by the calendar time up to ``as_of``. ``certain_at``, when
    the breach became certain, is used as the deadline if the clock does not give one.
    """
    deadline = certain_at
    if clock is not None and clock.deadline_at is not None:
        deadline = instants.from_text(clock.deadline_at)
    ended = None if clock is None else instants.from_text(clock.at)
    late = None if deadline is None else max(0, (as_of if ended is None else ended) - deadline) // _SECOND
    return {
        "ticket": ticket,
        "deadline_at": None if deadline is None else instants.to_text(deadline),
        "ended_at": None if ended is None else instants.to_text(ended),
        "took_seconds": None if clock is None else elapsed_seconds(clock, measure),
        "late_seconds": late,
    }


def _percentile(ordered: Sequence[int], percent: int) -> int:
    """Return a percentile by nearest rank.

    It is the smallest value for which at least ``percent`` percent of all values are not greater. ``ordered``: all
    values, the smallest first.
    """
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def _due(clock: ClockStopped) -> UtcMicroseconds:
    """Return the instant that decides in which period a late clock counts: its deadline, or its stop if it has none."""
    return instants.from_text(clock.deadline_at or clock.at)
