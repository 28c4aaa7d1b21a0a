"""Compliance of tickets: which per-ticket target it is the share of, and which of them was the first to be missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from slm_monitor.domain.terms import figures
from slm_monitor.domain.windows.series_evaluation import FirstBadEvent


def target_key(parameters: Any) -> str:
    """``p1`` of ``{"compliance": "p1"}``, as of ``{"compliance": {"target": "p1"}}``."""
    return str(parameters["target"]) if isinstance(parameters, Mapping) else str(parameters)


def coverage(judged: int, inconsistent: int) -> dict[str, Any]:
    """How many of a window's tickets its figure speaks of: a ticket whose events contradict each other is in no
    figure. Empty where there is none such."""
    if not inconsistent:
        return {}
    share = figures.exact(Fraction(judged, judged + inconsistent) * 100)
    return {"inconsistent_tickets": inconsistent, "coverage_percent": share}


def first_missed(ended: Iterable[tuple[str, int, bool]]) -> FirstBadEvent | None:
    """Of tickets whose clocks ended (ticket, instant, whether it was met): the first that was missed, and how many had
    been judged by then."""
    clocks = sorted(ended, key=lambda each: each[1])
    at = next((at for _, at, is_met in clocks if not is_met), None)
    if at is None:
        return None
    judged = {ticket for ticket, ended_at, _ in clocks if ended_at <= at}
    missed = {ticket for ticket, ended_at, is_met in clocks if ended_at <= at and not is_met}
    return FirstBadEvent(at, len(judged) - len(missed), len(judged))
