"""Compliance of tickets: the share of tickets that met one ticket target, and the first that missed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from slm_monitor.domain.terms import figures
from slm_monitor.domain.windows.series_evaluation import FirstBadEvent


def target_key(parameters: Any) -> str:
    """Return the key of the ticket target: ``p1`` of ``{"compliance": "p1"}`` or ``{"compliance":
    {"target": "p1"}}``.
    """
    return str(parameters["target"]) if isinstance(parameters, Mapping) else str(parameters)


def coverage(judged: int, inconsistent: int) -> dict[str, Any]:
    """Return how many of a window's tickets its figure includes; empty if it includes all.

    A ticket whose events contradict each other is left out of the figure.
    """
    if not inconsistent:
        return {}
    share = figures.exact(Fraction(judged, judged + inconsistent) * 100)
    return {"inconsistent_tickets": inconsistent, "coverage_percent": share}


def first_missed(ended: Iterable[tuple[str, int, bool]]) -> FirstBadEvent | None:
    """Return the first ticket that missed, and how many had met and ended by then; None if none missed.

    ``ended`` are (ticket, instant, whether it was met) of clocks that ended.
    """
    clocks = sorted(ended, key=lambda each: each[1])
    at = next((at for _, at, is_met in clocks if not is_met), None)
    if at is None:
        return None
    judged = {ticket for ticket, ended_at, _ in clocks if ended_at <= at}
    missed = {ticket for ticket, ended_at, is_met in clocks if ended_at <= at and not is_met}
    return FirstBadEvent(at, len(judged) - len(missed), len(judged))
