"""Explanation of a window's figure of measured rows, summed by the minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from slm_calendar.errors import CalendarError, refusal
from slm_monitor.application.explain import window_rows
from slm_monitor.application.explain.window_rows import CountedWindowRows
from slm_monitor.application.history.window_result import (
    NO_BUDGET,
    ExplainedWindow,
    KnownWindowFacts,
    determine_verdict_at,
    find_instant_of_certain_miss,
)
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.aggregations.series_aggregation import WindowToEvaluate
from slm_monitor.domain.facts.facts import FAILED, MINUTE
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.series import accumulators, classifiers, slices
from slm_monitor.domain.series.accumulators import SliceAccumulator, ValueAccumulator
from slm_monitor.domain.series.slices import InstantEventCounts
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.objectives import AT_MOST
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows.series_evaluation import FirstBadEvent


def explain_series(target: ServiceLevelTarget, facts: KnownWindowFacts, *, brief: bool = False) -> ExplainedWindow:
    """Evaluate a window of measured rows with the accumulator that the evaluator uses. ``brief``: without intervals."""
    kind: Callable[[ServiceLevelTarget, KnownWindowFacts, CountedWindowRows], ExplainedWindow] = {
        "mean": _of_extent,
        "max": _of_extent,
        "min": _of_extent,
        "count": _of_occurrences,
        "time_slices": explain_time_slices,
        "nps": _of_points,
    }.get(target.aggregation, _of_share)
    counting = window_rows.select_rows_in_window(target, facts)
    seen = kind(target, facts, counting)
    sums = {**seen.sums, "outside_service_hours": counting.outside, "excluded": counting.excluded}
    if target.indicator_kind == "rating":
        sums["scores"] = window_rows.count_value_occurrences(counting.rows)
    if counting.rows.unclassified.any():
        why = registry.series_aggregation_of(target).explain_unclassified(target)
        seen = replace(seen, arithmetic=[f"figure: none; {why}"])
    return replace(
        seen, sums=sums, intervals=() if brief else window_rows.sum_rows_into_time_buckets(counting.rows, facts.span)
    )


def _found(
    target: ServiceLevelTarget, facts: KnownWindowFacts, counting: CountedWindowRows
) -> tuple[Any, WindowEvaluation]:
    tally = window_rows.accumulate_rows(target, counting.rows, facts.span[0])
    first_bad = _first_bad(counting) if accumulators.has_no_error_budget(target) else None
    window = WindowToEvaluate(facts.span, facts.as_of, first_bad=first_bad)
    return tally, registry.series_aggregation_of(target).evaluate_window(tally, target, window)


def _first_bad(counting: CountedWindowRows) -> FirstBadEvent | None:
    """Return the first minute with a bad event, and the sums up to its end; None if all events are good."""
    rows = counting.rows
    minutes = rows.at // MINUTE
    bad = minutes[rows.good < rows.total]
    if not len(bad):
        return None
    first = int(bad.min())
    kept = minutes <= first
    return FirstBadEvent(first * MINUTE, int(rows.good[kept].sum()), int(rows.total[kept].sum()))


def _of_share(target: ServiceLevelTarget, facts: KnownWindowFacts, counting: CountedWindowRows) -> ExplainedWindow:
    """Explain the share good ÷ total, of counts or of values that are at most a threshold."""
    assert target.promise is not None
    promised = target.promise
    _, finding = _found(target, facts, counting)
    good, total = finding.good, finding.total
    spent = promised.bad(good, total)
    budget = promised.allowed * total if promised.allowed else None
    left = (
        f"budget = {promised.allowed} × {total} = {budget} events; left = {budget} − {spent} = {(budget or 0) - spent}"
    )
    return ExplainedWindow(
        target,
        determine_verdict_at(target, finding, facts),
        finding.figure,
        "events",
        budget,
        Fraction(spent),
        {"good": good, "bad": total - good, "total": total},
        find_instant_of_certain_miss(finding, facts.as_of),
        burn_rate.compute_burn_rate(spent, total, 1 - promised.allowed),
        extra={**_quantile(target, counting), **_raw(target, counting)},
        arithmetic=[
            f"figure = good ÷ total = {good} ÷ {total}" if total else "figure: nothing was counted",
            left if budget is not None else NO_BUDGET,
        ],
        missed=finding.missed,
    )


def _raw(target: ServiceLevelTarget, counting: CountedWindowRows) -> dict[str, str | None]:
    """Return the share without exclusions, as a field of the explanation; empty if no exclusion matters."""
    if not counting.excluded:
        return {}
    total = int(counting.raw.total.sum())
    share = Fraction(int(counting.raw.good.sum()), total) if total else None
    return {"raw_figure": figures.format_exact_fraction(target.shown(share))}


def _quantile(target: ServiceLevelTarget, counting: CountedWindowRows) -> dict[str, str | None]:
    """Return the value of the quantile as a field: the smallest value such that at least the promised share of all
    values is less than or equal to it (nearest rank).
    """
    if target.aggregation != "quantile" or target.promise is None:
        return {}
    ordered = np.sort(counting.rows.value[counting.rows.total > 0])
    if not len(ordered) or np.isnan(ordered).any():
        return {"quantile": None}
    share = target.promise.value
    place = -(-share.numerator * len(ordered) // share.denominator) - 1
    if ordered[place] == FAILED:
        # So many probes failed that no value has the promised share of all at or below it.
        return {"quantile": None}
    return {"quantile": figures.format_exact_fraction(classifiers.to_exact_decimal(float(ordered[place])))}


def _of_extent(target: ServiceLevelTarget, facts: KnownWindowFacts, counting: CountedWindowRows) -> ExplainedWindow:
    """Explain the mean, maximum or minimum of the values. Such a target has no budget."""
    tally, finding = _found(target, facts, counting)
    assert isinstance(tally, ValueAccumulator)
    ways = {
        "mean": f"figure = sum ÷ number = {tally.sum} ÷ {tally.number}",
        "max": "figure = the greatest value",
        "min": "figure = the least value",
    }
    sums = {
        "sum": figures.format_exact_fraction(tally.sum),
        "number": tally.number,
        "max": figures.format_exact_fraction(tally.high),
        "min": figures.format_exact_fraction(tally.low),
    }
    return ExplainedWindow(
        target,
        determine_verdict_at(target, finding, facts),
        finding.figure,
        "value",
        None,
        None,
        sums,
        find_instant_of_certain_miss(finding, facts.as_of),
        arithmetic=[ways[target.aggregation] if tally.number else "figure: nothing was measured"],
        missed=finding.missed,
    )


def _of_occurrences(
    target: ServiceLevelTarget, facts: KnownWindowFacts, counting: CountedWindowRows
) -> ExplainedWindow:
    """Explain the number of occurrences, of one category if the terms name one."""
    assert target.promise is not None
    _, finding = _found(target, facts, counting)
    number = finding.total
    limited = target.promise.comparison == AT_MOST
    return ExplainedWindow(
        target,
        determine_verdict_at(target, finding, facts),
        finding.figure,
        "occurrences",
        target.promise.value if limited else None,
        Fraction(number) if limited else None,
        {"number": number},
        find_instant_of_certain_miss(finding, facts.as_of),
        arithmetic=[f"figure = occurrences in service time = {number}"],
        missed=finding.missed,
    )


def _of_points(target: ServiceLevelTarget, facts: KnownWindowFacts, counting: CountedWindowRows) -> ExplainedWindow:
    """Explain the net promoter score, in points: (share of promoters − share of detractors) × 100."""
    _, finding = _found(target, facts, counting)
    promoters, detractors = int((counting.rows.good > 0).sum()), int((counting.rows.good < 0).sum())
    number = finding.total
    return ExplainedWindow(
        target,
        determine_verdict_at(target, finding, facts),
        finding.figure,
        "points",
        None,
        None,
        {"number": number, "promoters": promoters, "detractors": detractors},
        find_instant_of_certain_miss(finding, facts.as_of),
        arithmetic=[
            f"figure = 100 × (promoters − detractors) ÷ number = 100 × ({promoters} − {detractors}) ÷ {number}"
            if number
            else "figure: nothing was rated"
        ],
        missed=finding.missed,
    )


def explain_time_slices(
    target: ServiceLevelTarget, facts: KnownWindowFacts, counting: CountedWindowRows
) -> ExplainedWindow:
    """Explain the share of good slices of a window, which is split into slices of equal length."""
    assert target.promise is not None
    terms, rows = _slice_terms(target), counting.rows
    excluded = facts.excluded if target.planned_downtime == "removed" else ()
    if facts.is_distinct and target.window_kind == "calendar":
        tally = window_rows.accumulate_rows(target, rows, facts.span[0])
        window = WindowToEvaluate(facts.span, facts.as_of, excluded=excluded)
        finding = registry.series_aggregation_of(target).evaluate_window(tally, target, window)
        detail = finding.detail
        good = Fraction(detail["good"])
        budget = None if detail["budget"] is None else Fraction(detail["budget"])
        judged, scheduled, figure = detail["judged"], detail["scheduled"], finding.figure
        verdict, missed, breached_at = (
            determine_verdict_at(target, finding, facts),
            finding.missed,
            find_instant_of_certain_miss(finding, facts.as_of),
        )
    elif facts.is_distinct:
        # The same slices as the evaluator's: a window has those that lie in it as a whole.
        start, end = (-(-facts.span[0] // terms.width) * terms.width, facts.span[1] // terms.width * terms.width)
        tally = window_rows.accumulate_rows(target, rows, start)
        assert isinstance(tally, SliceAccumulator)
        span = (start, max(start, end))
        seen = slices.evaluate_slices_from_sums(
            tally.sums, terms, target.hours, span, facts.as_of, target.no_data, excluded
        )
        good, judged, scheduled, figure = seen.good, seen.judged, seen.scheduled + seen.removed, seen.figure
        budget = target.promise.allowed * judged
        met = figure is None or target.promise.is_kept(figure)
        verdict, missed, breached_at = "no_data" if figure is None else "met" if met else "breached", (), None
    else:
        counted = [
            InstantEventCounts(*row)
            for row in zip(*(each.tolist() for each in (rows.at, rows.good, rows.total)), strict=True)
        ]
        found = slices.evaluate_time_slices(
            counted,
            terms,
            target.hours,
            facts.span,
            facts.as_of,
            1 - target.promise.allowed,
            rolling=target.window_kind == "rolling",
            no_data=target.no_data,
        )
        budget, good, judged, scheduled, figure = found.budget, found.good, found.judged, found.scheduled, found.figure
        verdict, missed, breached_at = "breached" if found.bad > budget else "met" if judged else "no_data", (), None
        verdict = verdict if scheduled else "not_applicable"
    allowed = target.promise.allowed
    bad = judged - good
    budget = budget if allowed else None
    return ExplainedWindow(
        target,
        verdict,
        figure,
        "slices",
        budget,
        bad,
        {
            "scheduled": scheduled,
            "judged": judged,
            "good": figures.format_exact_fraction(good),
            "over": facts.span[1] + target.closing_delay <= facts.as_of,
        },
        breached_at,
        None if figure is None or not allowed else (1 - figure) / allowed,
        arithmetic=[
            f"figure = good slices ÷ judged ones = {good} ÷ {judged}" if judged else "figure: no slice is judged",
            NO_BUDGET
            if budget is None
            else f"budget = {allowed} × slices = {budget}; left = {budget} − {bad} = {budget - bad}",
        ],
        missed=missed,
    )


def _slice_terms(target: ServiceLevelTarget) -> slices.TimeSliceTerms:
    try:
        return slices.parse_time_slice_terms(target.parameters)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        if isinstance(error, CalendarError):
            raise
        remedy = 'write {"time_slices": {"width": "PT1M", "good_if": "0.95", "budget": "slices"}}'
        raise refusal("terms.aggregation.time_slices", target.parameters, remedy) from error
