"""The tickets of a line: the share in time, how long they took, and the late ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from slm_events import instants
from slm_events.clocks import ClockStopped
from slm_report.domain import figures
from slm_report.domain.facts import Breach
from slm_report.domain.periods import Period

SHOWN = 200
"""Late tickets that a report lists at most. It counts all of them."""
_PERCENTILES = (50, 90, 95)
_SECOND = 1_000_000


def judged(breaches: Sequence[Breach], stopped: Sequence[ClockStopped], period: Period) -> tuple[set[str], set[str]]:
    """Return the missed and the met tickets. Breaches decide: a late clock whose breach was withdrawn was in time."""
    missed = {breach.breached.window_id for breach in breaches if breach.is_standing}
    undone = {breach.breached.window_id for breach in breaches} - missed
    late = {name_of(clock) for clock in stopped if clock.state == "completed_late"}
    missed |= {name_of(clock) for clock in stopped if name_of(clock) in late - undone and _due(clock) >= period.start}
    in_time = {name_of(clock) for clock in stopped if clock.state == "met"}
    return missed, (in_time | late & undone) - missed


def table(
    met: int,
    missed: Sequence[str],
    stopped: Sequence[ClockStopped],
    breaches: Sequence[Breach],
    measure: str,
    as_of: int,
) -> dict[str, Any]:
    """Return the number of tickets, the share in time, percentiles of their duration, and the late ones.

    ``measure`` is what the objective counts in: ``calendar`` or a kind of service time. Only ended tickets have a
    duration.
    """
    total = met + len(missed)
    clocks = {name_of(clock): clock for clock in stopped}
    since = {breach.breached.window_id: breach.certain_at for breach in breaches if breach.is_standing}
    took = sorted(elapsed_seconds(clock, measure) for clock in clocks.values() if clock.state != "cancelled")
    late = [_late(ticket, clocks.get(ticket), since.get(ticket), measure, as_of) for ticket in sorted(missed)]
    late.sort(key=lambda each: (-(each["late_seconds"] or 0), each["ticket"]))
    share = Fraction(100 * met, total) if total else None
    return {
        "judged": total,
        "met": met,
        "breached": len(missed),
        "share": figures.to_text(share),
        "share_display": figures.display(share),
        "took": {str(each): _percentile(took, each) for each in _PERCENTILES} if took else {},
        "late": late[:SHOWN],
    }


def name_of(clock: ClockStopped) -> str:
    """Return a ticket's name as its window's id."""
    return f"{clock.source}/{clock.ticket}"


def measure_of(objective: Mapping[str, Any]) -> str:
    """Return ``calendar`` if the objective counts wall time, else the kind of service time that it counts."""
    within = objective.get("within")
    return next(iter(within), "service_time") if isinstance(within, Mapping) else "service_time"


def elapsed_seconds(clock: ClockStopped, measure: str) -> int:
    """Return the seconds that a clock took, in the given measure."""
    return clock.elapsed_calendar_seconds if measure == "calendar" else clock.elapsed_service_seconds


def _late(ticket: str, clock: ClockStopped | None, certain_at: int | None, measure: str, as_of: int) -> dict[str, Any]:
    """Return a late ticket. One that is still open is late by the wall time so far."""
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
    """Return the percentile by nearest rank: the smallest value with at least that share of values up to it."""
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def _due(clock: ClockStopped) -> int:
    """Return the instant at which a late clock counts: its deadline, as for its breach."""
    return instants.from_text(clock.deadline_at or clock.at)
