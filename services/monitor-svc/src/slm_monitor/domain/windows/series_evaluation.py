"""Evaluation of shares of good events in one calendar window, and functions that other evaluations of minute sums use
too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, RiskEvaluation, WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.series import slices
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.objectives import AT_LEAST, Objective
from slm_monitor.domain.terms.terms import FigureTarget


def evaluate_good_share(
    good: int,
    total: int,
    terms: FigureTarget,
    end: UtcMicroseconds,
    as_of: UtcMicroseconds,
    burning: Sequence[RiskEvaluation] = (),
    bad_by_minute: dict[int, int] | None = None,
    first_bad: FirstBadEvent | None = None,
) -> WindowEvaluation:
    """Evaluate the share of good events in a window that ends at ``end``.

    A level is missed at the earliest of these instants:

    * An objective of 100 percent is missed with the first bad event.
    * Another level is missed once it could not be met even if all further events up to the expected volume were good.
    * A level that the figure misses at the close is missed at the close.
    """
    promised, bad = terms.promise, terms.promise.bad(good, total)
    figure = Fraction(good, total) if total else None
    evidence = {"good": good, "total": total}
    missed = miss_at_close(terms, figure, end, as_of, evidence)
    early = {each.level: each for each in _early(terms, total, end, bad_by_minute, first_bad)}
    closes = end + terms.closing_delay <= as_of
    # A miss that was certain before the close keeps its instant and evidence.
    missed = tuple(early.get(each.level, each) for each in missed) if closes else tuple(early.values())
    consumed = burn_rate.compute_burn_rate(bad, total, 1 - promised.allowed)
    risks = [] if total < terms.warn_at.min_events else list(burning)
    if total >= terms.warn_at.min_events:
        risks += evaluation.evaluate_objective_risks(promised, figure, min(as_of, end), end, consumed, consumed)
        if terms.expected_volume is not None and promised.allowed:
            spent = bad / (promised.allowed * max(total, terms.expected_volume))
            risks += evaluation.evaluate_budget_risks(terms.warn_at.budget_consumed, spent, min(as_of, end), None, end)
    return WindowEvaluation(
        figure=figure,
        good=good,
        total=total,
        met=figure is None or promised.is_kept(figure),
        missed=missed,
        risks=tuple(risks),
        detail=build_good_share_detail(good, total, promised),
        evidence=evidence,
    )


class FirstBadEvent(NamedTuple):
    """The first bad event of a window. ``at`` (microseconds) is the start of its minute; for a ticket, its exact
    instant.

    ``good`` and ``total`` are the window's good events and all its events up to the end of that minute or instant.
    """

    at: UtcMicroseconds
    good: int
    total: int


def _early(
    terms: FigureTarget,
    total: int,
    end: UtcMicroseconds,
    bad_by_minute: Mapping[int, int] | None,
    first_bad: FirstBadEvent | None,
) -> list[MissedObjectiveLevel]:
    """Return the levels that are missed for certain before the window closes."""
    found = []
    for level, promised in terms.levels:
        if promised.comparison != AT_LEAST:
            continue
        if not promised.allowed:
            if first_bad is not None:
                share = Fraction(first_bad.good, first_bad.total)
                shown = {"good": first_bad.good, "total": first_bad.total}
                found.append(MissedObjectiveLevel(level, min(first_bad.at, end), share, shown, withstands_unknown=True))
        elif terms.expected_volume is not None and bad_by_minute:
            found += _beyond_saving(level, promised, bad_by_minute, terms.expected_volume, total, end)
    return found


def refresh_good_share_figures(
    window: TargetWindow, terms: FigureTarget, good: int, total: int, as_of: UtcMicroseconds
) -> None:
    """Update the figures, but not the warnings and breaches, of a window that meets its objective.

    This costs less than ``evaluate_good_share`` and the reconciliation, and sets the same figures.
    """
    window.version, window.good, window.total, window.as_of = terms.version, good, total, as_of
    window.figure, window.display = figures.format_percent_of_counts(good, total)
    window.detail = build_good_share_detail(good, total, terms.promise)


def build_good_share_detail(good: int, total: int, promised: Objective) -> dict[str, Any]:
    """Return the consumed percentage of the budget (None without a budget) and the number of bad
    events, as a document.
    """
    bad, allowed = promised.bad(good, total), promised.allowed
    consumed: str | None = None if not allowed else "0/1"
    if bad and allowed:
        consumed = figures.format_percent_of_counts(bad * allowed.denominator, total * allowed.numerator)[0]
    return {"consumed_percent": consumed, "bad": total - good}


def miss_at_close(
    terms: FigureTarget,
    figure: Fraction | None,
    end: UtcMicroseconds,
    as_of: UtcMicroseconds,
    evidence: dict[str, Any],
) -> tuple[MissedObjectiveLevel, ...]:
    """Return the levels that the figure misses at the close of a window that ends at ``end``; none before the close."""
    if figure is None or end + terms.closing_delay > as_of:
        return ()
    missed = (level for level, promised in terms.levels if not promised.is_kept(figure))
    return tuple(MissedObjectiveLevel(level, end, figure, evidence) for level in missed)


def _beyond_saving(
    level: str, promised: Objective, bad: Mapping[int, int], volume: int, total: int, end: UtcMicroseconds
) -> Iterator[MissedObjectiveLevel]:
    """Yield the level as missed if it could not be met even if all events still expected were good: bad > allowed ×
    expected volume.

    If more events have arrived than were expected, their number is taken instead of the expected volume.
    """
    if sum(bad.values()) <= promised.allowed * max(total, volume):
        return
    spent = 0
    for minute in sorted(bad):
        spent += bad[minute]
        if spent > promised.allowed * volume:
            figure = max(Fraction(0), 1 - Fraction(spent, volume))
            shown = {"bad": spent, "expected_volume": volume}
            yield MissedObjectiveLevel(level, min(minute * slices.MINUTE, end), figure, shown, withstands_unknown=True)
            return


def evaluate_value_risks(
    terms: FigureTarget, figure: Fraction | None, number: int, end: UtcMicroseconds, as_of: UtcMicroseconds
) -> tuple[RiskEvaluation, ...]:
    """Return the warnings of a figure that comes near its objective. The figure is computed from ``number`` values."""
    if number < terms.warn_at.min_events:
        return ()
    return tuple(evaluation.evaluate_objective_risks(terms.promise, figure, min(as_of, end), end))


def compute_net_promoter_score(net: int, number: int) -> Fraction | None:
    """Return the net promoter score from ``net`` = promoters − detractors: 100 × net ÷ ratings; None if there are no
    ratings.
    """
    return Fraction(100 * net, number) if number else None
