"""Evaluation of minute sums in one calendar window: figure, missed levels and warnings, for each aggregation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from slm_calendar.intervals import Interval
from slm_events.instants import to_text
from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import Evaluation, MissedLevel, RiskEvaluation
from slm_monitor.domain.lifecycle.target_state import Window
from slm_monitor.domain.series import slices
from slm_monitor.domain.series.accumulators import (
    Accumulator,
    OccurrenceAccumulator,
    ShareAccumulator,
    SliceAccumulator,
    ValueAccumulator,
)
from slm_monitor.domain.series.slices import SliceFigure
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.objectives import AT_LEAST, Objective
from slm_monitor.domain.terms.terms import ServiceLevelTarget


def evaluate_accumulator(
    tally: Accumulator,
    terms: ServiceLevelTarget,
    span: Interval,
    as_of: int,
    burning: Sequence[RiskEvaluation] = (),
    excluded: Sequence[Interval] = (),
    first_bad: FirstBadEvent | None = None,
) -> Evaluation:
    """Evaluate the window ``span`` from its accumulator, as known at ``as_of``.

    ``burning`` are burn rate warnings. ``excluded`` are exclusions that remove slices from the schedule. ``first_bad``
    is where an objective of 100 percent was first missed.
    """
    if tally.unclassified:
        return Evaluation(None, 0, 0, met=True, detail=unclassified_detail(tally.unclassified, terms))
    if isinstance(tally, SliceAccumulator):
        return _of_slices(tally, terms, span, as_of, burning, excluded)
    if isinstance(tally, OccurrenceAccumulator):
        return _of_count(tally, terms, span, as_of)
    if isinstance(tally, ValueAccumulator):
        return _of_extent(tally, terms, span, as_of)
    assert isinstance(tally, ShareAccumulator)
    if terms.aggregation == "nps":
        return _of_points(tally, terms, span, as_of)
    return evaluate_share(tally.good, tally.total, terms, span[1], as_of, burning, tally.bad, first_bad)


def unclassified_detail(number: int, terms: ServiceLevelTarget) -> dict[str, Any]:
    """Return the detail of a window with unclassified values, which has no figure: how many, and what
    to send instead.
    """
    return {"untold": number, "reason": unclassified_reason(terms)}


def unclassified_reason(terms: ServiceLevelTarget) -> str:
    remedy = "send the values themselves"
    if terms.threshold is not None and terms.aggregation != "share_at_least":
        remedy = f"send histograms with a bucket that ends at {terms.threshold:g}, or {remedy}"
    if terms.aggregation in ("mean", "max", "min"):
        remedy = f"send sum, min and max beside the buckets, or {remedy}"
    return f"histograms do not tell how their values are counted: {remedy}"


def evaluate_share(
    good: int,
    total: int,
    terms: ServiceLevelTarget,
    end: int,
    as_of: int,
    burning: Sequence[RiskEvaluation] = (),
    bad_by_minute: dict[int, int] | None = None,
    first_bad: FirstBadEvent | None = None,
) -> Evaluation:
    """Evaluate good ÷ all events.

    A level is missed at the close; earlier if even an expected volume of only good events could not meet it, or with
    the first bad event if an objective of 100 percent has no budget.
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
    consumed = burn_rate.burn_rate_of(bad, total, 1 - promised.allowed)
    risks = [] if total < terms.warn_at.min_events else list(burning)
    if total >= terms.warn_at.min_events:
        risks += evaluation.objective_risks(promised, figure, min(as_of, end), end, consumed, consumed)
        if terms.expected_volume is not None and promised.allowed:
            spent = bad / (promised.allowed * max(total, terms.expected_volume))
            risks += evaluation.budget_risks(terms.warn_at.budget_consumed, spent, min(as_of, end), None, end)
    return Evaluation(
        figure=figure,
        good=good,
        total=total,
        met=figure is None or promised.is_kept(figure),
        missed=missed,
        risks=tuple(risks),
        detail=detail_of(good, total, promised),
        evidence=evidence,
    )


class FirstBadEvent(NamedTuple):
    """The first minute (or instant) with a bad event, and the window's good and total events at its end."""

    at: int
    good: int
    total: int


def _early(
    terms: ServiceLevelTarget,
    total: int,
    end: int,
    bad_by_minute: Mapping[int, int] | None,
    first_bad: FirstBadEvent | None,
) -> list[MissedLevel]:
    """Return the levels that are missed for certain before the window closes."""
    found = []
    for level, promised in terms.levels:
        if promised.comparison != AT_LEAST:
            continue
        if not promised.allowed:
            if first_bad is not None:
                share = Fraction(first_bad.good, first_bad.total)
                shown = {"good": first_bad.good, "total": first_bad.total}
                found.append(MissedLevel(level, min(first_bad.at, end), share, shown))
        elif terms.expected_volume is not None and bad_by_minute:
            found += _beyond_saving(level, promised, bad_by_minute, terms.expected_volume, total, end)
    return found


def refresh_share(window: Window, terms: ServiceLevelTarget, good: int, total: int, as_of: int) -> None:
    """Update only the figures of a window that meets its objective: a fast form of ``evaluate_share`` and
    reconciliation.
    """
    assert terms.promise is not None
    window.version, window.good, window.total, window.as_of = terms.version, good, total, as_of
    window.figure, window.display = figures.of_counts(good, total)
    window.detail = detail_of(good, total, terms.promise)


def detail_of(good: int, total: int, promised: Objective) -> dict[str, Any]:
    """Return the spent share of the budget (None without a budget) and the number of bad events."""
    bad, allowed = promised.bad(good, total), promised.allowed
    consumed: str | None = None if not allowed else "0/1"
    if bad and allowed:
        consumed = figures.of_counts(bad * allowed.denominator, total * allowed.numerator)[0]
    return {"consumed_percent": consumed, "bad": total - good}


def _at_close(
    terms: ServiceLevelTarget, figure: Fraction | None, end: int, as_of: int, evidence: dict[str, Any]
) -> tuple[MissedLevel, ...]:
    if figure is None or end + terms.closing_delay > as_of:
        return ()
    missed = (level for level, promised in terms.levels if not promised.is_kept(figure))
    return tuple(MissedLevel(level, end, figure, evidence) for level in missed)


def _beyond_saving(
    level: str, promised: Objective, bad: Mapping[int, int], volume: int, total: int, end: int
) -> Iterator[MissedLevel]:
    """Yield a level that is missed even if all events still expected are good: bad > allowed × expected volume.

    If more events came than were expected, these must miss the level too.
    """
    if sum(bad.values()) <= promised.allowed * max(total, volume):
        return
    spent = 0
    for minute in sorted(bad):
        spent += bad[minute]
        if spent > promised.allowed * volume:
            figure = max(Fraction(0), 1 - Fraction(spent, volume))
            shown = {"bad": spent, "expected_volume": volume}
            yield MissedLevel(level, min(minute * slices.MINUTE, end), figure, shown)
            return


def _of_extent(tally: ValueAccumulator, terms: ServiceLevelTarget, span: Interval, as_of: int) -> Evaluation:
    """Evaluate mean, maximum or minimum. An extreme beyond its limit is certain at once, a mean at the close."""
    assert terms.promise is not None
    mean = tally.sum / tally.number if tally.number else None
    figure = {"mean": mean, "max": tally.high, "min": tally.low}[terms.aggregation]
    kept = figure is None or terms.promise.is_kept(figure)
    evidence = {"number": tally.number, "figure": figures.exact(figure)}
    return Evaluation(
        figure=figure,
        good=tally.number if kept else 0,
        total=tally.number,
        met=kept,
        missed=_alone(tally, terms, figure) or _at_close(terms, figure, span[1], as_of, evidence),
        risks=_below(terms, figure, tally.number, span[1], as_of),
        detail={
            "number": tally.number,
            "mean": figures.exact(mean),
            "max": figures.exact(tally.high),
            "min": figures.exact(tally.low),
        },
        evidence=evidence,
    )


def _below(
    terms: ServiceLevelTarget, figure: Fraction | None, number: int, end: int, as_of: int
) -> tuple[RiskEvaluation, ...]:
    assert terms.promise is not None
    if number < terms.warn_at.min_events:
        return ()
    return tuple(evaluation.objective_risks(terms.promise, figure, min(as_of, end), end))


def points(net: int, number: int) -> Fraction | None:
    """Return the net promoter score: 100 × (promoters − detractors) ÷ ratings; None without ratings."""
    return Fraction(100 * net, number) if number else None


def _of_points(tally: ShareAccumulator, terms: ServiceLevelTarget, span: Interval, as_of: int) -> Evaluation:
    """Evaluate the net promoter score. It is certain only at the close, since further ratings may change it."""
    assert terms.promise is not None
    figure = points(tally.good, tally.total)
    kept = figure is None or terms.promise.is_kept(figure)
    return Evaluation(
        figure=figure,
        good=tally.good,
        total=tally.total,
        met=kept,
        missed=_at_close(terms, figure, span[1], as_of, {"number": tally.total, "net": tally.good}),
        risks=_below(terms, figure, tally.total, span[1], as_of),
        detail={"number": tally.total, "net": tally.good},
        evidence={"number": tally.total, "net": tally.good},
    )


def _alone(tally: ValueAccumulator, terms: ServiceLevelTarget, figure: Fraction | None) -> tuple[MissedLevel, ...]:
    """Return the levels that a single value has broken: no later value can repair a maximum or a minimum."""
    broken = [(level, tally.broken_at(level)) for level, _ in terms.levels]
    return tuple(MissedLevel(level, at, figure) for level, at in broken if at is not None)


def _of_count(tally: OccurrenceAccumulator, terms: ServiceLevelTarget, span: Interval, as_of: int) -> Evaluation:
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
                missed.append(MissedLevel(level, at, Fraction(most), shown))
        elif not promised.is_kept(number) and span[1] + terms.closing_delay <= as_of:
            missed.append(MissedLevel(level, span[1], number, {"number": tally.number, "minutes": _minutes(tally)}))
    return Evaluation(
        figure=number,
        good=tally.number,
        total=tally.number,
        met=terms.promise.is_kept(number),
        missed=tuple(missed),
        risks=_nearly_spent(terms, number, min(as_of, span[1])),
        detail={"number": tally.number},
        evidence={"number": tally.number, "minutes": _minutes(tally)},
    )


def _nearly_spent(terms: ServiceLevelTarget, number: Fraction, at: int) -> tuple[RiskEvaluation, ...]:
    assert terms.promise is not None
    if terms.promise.comparison != "at_most" or not terms.promise.value or number > terms.promise.value:
        return ()
    return tuple(evaluation.budget_risks(terms.warn_at.budget_consumed, number / terms.promise.value, at))


_SHOWN = 20


def _minutes(tally: OccurrenceAccumulator, until: int | None = None) -> list[dict[str, Any]]:
    """Return the latest minutes with occurrences, up to minute ``until``, as documents."""
    last = sorted(minute for minute in tally.by_minute if until is None or minute <= until)[-_SHOWN:]
    return [{"from": to_text(minute * slices.MINUTE), "number": tally.by_minute[minute]} for minute in last]


def _of_slices(
    tally: SliceAccumulator,
    terms: ServiceLevelTarget,
    span: Interval,
    as_of: int,
    burning: Sequence[RiskEvaluation],
    excluded: Sequence[Interval],
) -> Evaluation:
    """Evaluate good ÷ judged slices.

    A level is missed at the end of the slice that exceeds the budget, or with which the budget shrinks below what is
    spent. At the close this is the same as the figure against the objective.
    """
    assert terms.promise is not None
    seen = slices.slices_from_sums(tally.sums, tally.terms, terms.hours, span, as_of, terms.no_data, excluded)
    missed = []
    for level, promised in terms.levels:
        spent = seen.exhausted(promised.allowed)
        if spent is not None:
            ends = [end for end in seen.bad_slices if end <= spent.at][-_SHOWN:]
            shown = {"bad_slices": [to_text(end - tally.terms.width) for end in ends]}
            missed.append(MissedLevel(level, spent.at, spent.figure, shown))
    budget = terms.promise.allowed * seen.scheduled
    figure = SliceFigure(seen.scheduled, seen.judged, seen.good, budget)
    consumed, whole = figure.consumed, seen.scheduled + seen.removed
    risks = evaluation.budget_risks(terms.warn_at.budget_consumed, consumed, min(as_of, span[1]))
    return Evaluation(
        figure=figure.figure,
        good=int(seen.good),
        total=seen.judged,
        met=figure.figure is None or terms.promise.is_kept(figure.figure),
        missed=tuple(missed),
        risks=(*risks, *burning),
        detail={
            "scheduled": whole,
            "judged": seen.judged,
            "good": figures.exact(seen.good),
            "budget": figures.exact(budget) if terms.promise.allowed else None,
            "consumed_percent": figures.exact(figures.percent(consumed)),
            "coverage_percent": figures.exact(Fraction(100 * seen.judged, whole)) if whole else None,
        },
        evidence={"bad_slices": [to_text(end - tally.terms.width) for end in seen.bad_slices[-_SHOWN:]]},
        scheduled=whole > 0,
    )
