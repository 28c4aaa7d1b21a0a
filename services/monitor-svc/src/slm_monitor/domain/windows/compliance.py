"""Compliance: the share of tickets that met one ticket target, and the first ticket that missed the target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from slm_monitor.domain.lifecycle import coverage
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows.series_evaluation import FirstBadEvent


def read_compliance_target_key(parameters: Any) -> str:
    """Return the key of the ticket target. For ``{"compliance": "p1"}`` and ``{"compliance": {"target": "p1"}}`` it is
    ``p1``.
    """
    return str(parameters["target"]) if isinstance(parameters, Mapping) else str(parameters)


def add_ticket_coverage(
    finding: WindowEvaluation, terms: FigureTarget, judged: int, inconsistent: int, unjudgeable: int
) -> WindowEvaluation:
    """Return the evaluation of ``judged`` tickets with its coverage: the share of the window's tickets that are judged.

    ``inconsistent`` is the number of tickets that are left out because their events contradict each other.
    ``unjudgeable`` is the number of tickets that are left out because their clock cannot be computed.
    ``withstands_unknown`` is set on each level that would be missed even if all tickets left out had met the target.
    """
    if inconsistent:
        finding = replace(finding, detail={**finding.detail, "inconsistent_tickets": inconsistent})
    whole = judged + inconsistent + unjudgeable
    if not whole:
        return finding
    bad, promises = finding.total - finding.good, dict(terms.levels)
    missed = tuple(
        replace(each, withstands_unknown=bad > promises[each.level].allowed * whole) for each in finding.missed
    )
    return coverage.add_coverage(replace(finding, missed=missed), Fraction(judged, whole))


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
