"""Compliance: the share of tickets that met one ticket target, and the first ticket that missed the target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from slm_monitor.domain.terms import figures
from slm_monitor.domain.windows.series_evaluation import FirstBadEvent


def read_compliance_target_key(parameters: Any) -> str:
    """Return the key of the ticket target: ``p1`` of ``{"compliance": "p1"}`` or ``{"compliance":
    {"target": "p1"}}``.
    """
    return str(parameters["target"]) if isinstance(parameters, Mapping) else str(parameters)


def count_included_tickets(judged: int, inconsistent: int) -> dict[str, Any]:
    """Return, as a document, how many tickets a window's figure leaves out, and what percentage of tickets it includes.

    The document is empty if the figure includes all tickets. A ticket whose events contradict each other is left out
    of the figure.
    """
    if not inconsistent:
        return {}
    share = figures.format_exact_fraction(Fraction(judged, judged + inconsistent) * 100)
    return {"inconsistent_tickets": inconsistent, "coverage_percent": share}


def find_first_missed_ticket(ended: Iterable[tuple[str, int, bool]]) -> FirstBadEvent | None:
    """Return the instant at which the first ticket missed the target, with the counts up to then; None: no ticket
    missed it.

    ``good`` of the result is how many tickets had met the target by then, ``total`` how many had ended. ``ended`` are
    (ticket, instant, whether the target was met) of clocks that ended.
    """
    clocks = sorted(ended, key=lambda each: each[1])
    at = next((at for _, at, is_met in clocks if not is_met), None)
    if at is None:
        return None
    judged = {ticket for ticket, ended_at, _ in clocks if ended_at <= at}
    missed = {ticket for ticket, ended_at, is_met in clocks if ended_at <= at and not is_met}
    return FirstBadEvent(at, len(judged) - len(missed), len(judged))
