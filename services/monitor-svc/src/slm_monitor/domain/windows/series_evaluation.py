"""Evaluation of minute sums in one calendar window: figure, missed levels and warnings, for each aggregation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, RiskEvaluation, WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.series import slices
from slm_monitor.domain.series.accumulators import (
    OccurrenceAccumulator,
    ShareAccumulator,
    SliceAccumulator,
    ValueAccumulator,
    WindowAccumulator,
)
from slm_monitor.domain.series.slices import SliceWindowFigure
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.objectives import AT_LEAST, Objective
from slm_monitor.domain.terms.terms import ServiceLevelTarget


def evaluate_accumulator(
    tally: WindowAccumulator,
    terms: ServiceLevelTarget,
    span: Interval,
    as_of: UtcMicroseconds,
    burning: Sequence[RiskEvaluation] = (),
    excluded: Sequence[Interval] = (),
    first_bad: FirstBadEvent | None = None,
) -> WindowEvaluation:
    """Evaluate the window ``span`` from its accumulator ``tally``, by the facts up to ``as_of``.

    ``burning`` are burn rate warnings. ``excluded`` are exclusions: a time slice that starts in one is not scheduled.
    ``first_bad`` is the first bad event, with which an objective of 100 percent is missed; None: it is not known, or
    there is none.
    """
    if tally.unclassified:
        return WindowEvaluation(None, 0, 0, met=True, detail=build_unclassified_detail(tally.unclassified, terms))
    if isinstance(tally, SliceAccumulator):
        return _of_slices(tally, terms, span, as_of, burning, excluded)
    if isinstance(tally, OccurrenceAccumulator):
        return _of_count(tally, terms, span, as_of)
    if isinstance(tally, ValueAccumulator):
        return _of_extent(tally, terms, span, as_of)
    assert isinstance(tally, ShareAccumulator)
    if terms.aggregation == "nps":
        return _of_points(tally, terms, span, as_of)
    return evaluate_good_share(tally.good, tally.total, terms, span[1], as_of, burning, tally.bad, first_bad)


def build_unclassified_detail(number: int, terms: ServiceLevelTarget) -> dict[str, Any]:
    """Return the detail of a window that has no figure because of unclassified values: how many there are, and what to
    send instead.
    """
    return {"untold": number, "reason": explain_unclassified_values(terms)}


def explain_unclassified_values(terms: ServiceLevelTarget) -> str:
    remedy = "send the values themselves"
    if terms.threshold is not None and terms.aggregation != "share_at_least":
        remedy = f"send histograms with a bucket that ends at {terms.threshold:g}, or {remedy}"
    if terms.aggregation in ("mean", "max", "min"):
        remedy = f"send sum, min and max beside the buckets, or {remedy}"
    return f"histograms do not tell how their values are counted: {remedy}"


def evaluate_good_share(
    good: int,
    total: int,
    terms: ServiceLevelTarget,
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
    assert terms.promise is not None
    promised, bad = terms.promise, terms.promise.bad(good, total)
    figure = Fraction(good, total) if total else None
    evidence = {"good": good, "total": total}
    missed = _at_close(terms, figure, end, as_of, evidence)
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
    terms: ServiceLevelTarget,
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
                found.append(MissedObjectiveLevel(level, min(first_bad.at, end), share, shown))
        elif terms.expected_volume is not None and bad_by_minute:
            found += _beyond_saving(level, promised, bad_by_minute, terms.expected_volume, total, end)
    return found


def refresh_good_share_figures(
    window: TargetWindow, terms: ServiceLevelTarget, good: int, total: int, as_of: UtcMicroseconds
) -> None:
    """Update the figures, but not the warnings and breaches, of a window that meets its objective.

    This costs less than ``evaluate_good_share`` and the reconciliation, and sets the same figures.
    """
    assert terms.promise is not None
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


def _at_close(
    terms: ServiceLevelTarget,
    figure: Fraction | None,
    end: UtcMicroseconds,
    as_of: UtcMicroseconds,
    evidence: dict[str, Any],
) -> tuple[MissedObjectiveLevel, ...]:
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
            yield MissedObjectiveLevel(level, min(minute * slices.MINUTE, end), figure, shown)
            return


def _of_extent(
    tally: ValueAccumulator, terms: ServiceLevelTarget, span: Interval, as_of: UtcMicroseconds
) -> WindowEvaluation:
    """Evaluate a mean, maximum or minimum.

    A miss of a maximum or minimum is certain at once, a miss of a mean only at the close.
    """
    assert terms.promise is not None
    mean = tally.sum / tally.number if tally.number else None
    figure = {"mean": mean, "max": tally.high, "min": tally.low}[terms.aggregation]
    kept = figure is None or terms.promise.is_kept(figure)
    evidence = {"number": tally.number, "figure": figures.format_exact_fraction(figure)}
    return WindowEvaluation(
        figure=figure,
        good=tally.number if kept else 0,
        total=tally.number,
        met=kept,
        missed=_alone(tally, terms, figure) or _at_close(terms, figure, span[1], as_of, evidence),
        risks=_below(terms, figure, tally.number, span[1], as_of),
        detail={
            "number": tally.number,
            "mean": figures.format_exact_fraction(mean),
            "max": figures.format_exact_fraction(tally.high),
            "min": figures.format_exact_fraction(tally.low),
        },
        evidence=evidence,
    )


def _below(
    terms: ServiceLevelTarget, figure: Fraction | None, number: int, end: UtcMicroseconds, as_of: UtcMicroseconds
) -> tuple[RiskEvaluation, ...]:
    assert terms.promise is not None
    if number < terms.warn_at.min_events:
        return ()
    return tuple(evaluation.evaluate_objective_risks(terms.promise, figure, min(as_of, end), end))


def compute_net_promoter_score(net: int, number: int) -> Fraction | None:
    """Return the net promoter score from ``net`` = promoters − detractors: 100 × net ÷ ratings;
    None without ratings.
    """
    return Fraction(100 * net, number) if number else None


def _of_points(
    tally: ShareAccumulator, terms: ServiceLevelTarget, span: Interval, as_of: UtcMicroseconds
) -> WindowEvaluation:
    """Evaluate a net promoter score. A miss is certain only at the close, since further ratings may
    change the score.
    """
    assert terms.promise is not None
    figure = compute_net_promoter_score(tally.good, tally.total)
    kept = figure is None or terms.promise.is_kept(figure)
    return WindowEvaluation(
        figure=figure,
        good=tally.good,
        total=tally.total,
        met=kept,
        missed=_at_close(terms, figure, span[1], as_of, {"number": tally.total, "net": tally.good}),
        risks=_below(terms, figure, tally.total, span[1], as_of),
        detail={"number": tally.total, "net": tally.good},
        evidence={"number": tally.total, "net": tally.good},
    )


def _alone(
    tally: ValueAccumulator, terms: ServiceLevelTarget, figure: Fraction | None
) -> tuple[MissedObjectiveLevel, ...]:
    """Return the levels that a single value has missed: no later value can repair a maximum or a minimum."""
    broken = [(level, tally.broken_at(level)) for level, _ in terms.levels]
    return tuple(MissedObjectiveLevel(level, at, figure) for level, at in broken if at is not None)


def _of_count(
    tally: OccurrenceAccumulator, terms: ServiceLevelTarget, span: Interval, as_of: UtcMicroseconds
) -> WindowEvaluation:
    """Evaluate a number of occurrences: ``at_most`` N is missed with occurrence N + 1, ``at_least`` N at the close."""
    assert terms.promise is not None
    number = Fraction(tally.number)
    missed = []
    for level, promised in terms.levels:
        if promised.comparison == "at_most":
            most = int(promised.value) + 1
            at = tally.reached_at(most)
            if at is not None:
                shown = {"number": most, "minutes": _minutes(tally, at // slices.MINUTE)}
                missed.append(MissedObjectiveLevel(level, at, Fraction(most), shown))
        elif not promised.is_kept(number) and span[1] + terms.closing_delay <= as_of:
            missed.append(
                MissedObjectiveLevel(level, span[1], number, {"number": tally.number, "minutes": _minutes(tally)})
            )
    return WindowEvaluation(
        figure=number,
        good=tally.number,
        total=tally.number,
        met=terms.promise.is_kept(number),
        missed=tuple(missed),
        risks=_nearly_spent(terms, number, min(as_of, span[1])),
        detail={"number": tally.number},
        evidence={"number": tally.number, "minutes": _minutes(tally)},
    )


def _nearly_spent(terms: ServiceLevelTarget, number: Fraction, at: UtcMicroseconds) -> tuple[RiskEvaluation, ...]:
    assert terms.promise is not None
    if terms.promise.comparison != "at_most" or not terms.promise.value or number > terms.promise.value:
        return ()
    return tuple(evaluation.evaluate_budget_risks(terms.warn_at.budget_consumed, number / terms.promise.value, at))


_SHOWN = 20


def _minutes(tally: OccurrenceAccumulator, until: int | None = None) -> list[dict[str, Any]]:
    """Return the latest minutes with occurrences, up to minute ``until`` (None: all minutes), as documents."""
    last = sorted(minute for minute in tally.by_minute if until is None or minute <= until)[-_SHOWN:]
    return [{"from": to_text(minute * slices.MINUTE), "number": tally.by_minute[minute]} for minute in last]


def _of_slices(
    tally: SliceAccumulator,
    terms: ServiceLevelTarget,
    span: Interval,
    as_of: UtcMicroseconds,
    burning: Sequence[RiskEvaluation],
    excluded: Sequence[Interval],
) -> WindowEvaluation:
    """Evaluate the share of good slices among the evaluated ones.

    A level is missed at the end of the slice with which the bad slices exceed the budget. This can be a slice without
    data, because such slices reduce the budget. At the close the result is the same as if the figure were compared with
    the objective.
    """
    assert terms.promise is not None
    seen = slices.evaluate_slices_from_sums(tally.sums, tally.terms, terms.hours, span, as_of, terms.no_data, excluded)
    missed = []
    for level, promised in terms.levels:
        spent = seen.exhausted(promised.allowed)
        if spent is not None:
            ends = [end for end in seen.bad_slices if end <= spent.at][-_SHOWN:]
            shown = {"bad_slices": [to_text(end - tally.terms.width) for end in ends]}
            missed.append(MissedObjectiveLevel(level, spent.at, spent.figure, shown))
    budget = terms.promise.allowed * seen.scheduled
    figure = SliceWindowFigure(seen.scheduled, seen.judged, seen.good, budget)
    consumed, whole = figure.consumed, seen.scheduled + seen.removed
    risks = evaluation.evaluate_budget_risks(terms.warn_at.budget_consumed, consumed, min(as_of, span[1]))
    return WindowEvaluation(
        figure=figure.figure,
        good=int(seen.good),
        total=seen.judged,
        met=figure.figure is None or terms.promise.is_kept(figure.figure),
        missed=tuple(missed),
        risks=(*risks, *burning),
        detail={
            "scheduled": whole,
            "judged": seen.judged,
            "good": figures.format_exact_fraction(seen.good),
            "budget": figures.format_exact_fraction(budget) if terms.promise.allowed else None,
            "consumed_percent": figures.format_exact_fraction(figures.convert_share_to_percent(consumed)),
            "coverage_percent": figures.format_exact_fraction(Fraction(100 * seen.judged, whole)) if whole else None,
        },
        evidence={"bad_slices": [to_text(end - tally.terms.width) for end in seen.bad_slices[-_SHOWN:]]},
        scheduled=whole > 0,
    )
