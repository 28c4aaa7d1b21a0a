"""Share of good time slices: a window is cut into slices of equal length, each of which is good or bad."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from slm_calendar.errors import CalendarError, refusal
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.aggregations.budgets import KeptBudget
from slm_monitor.domain.aggregations.series_aggregation import SeriesAggregation, WindowToEvaluate
from slm_monitor.domain.explanations.window_result import (
    NO_BUDGET,
    ExplainedWindow,
    KnownWindowFacts,
    determine_verdict_at,
    find_instant_of_certain_miss,
    settle_by_coverage,
)
from slm_monitor.domain.explanations.window_rows import CountedWindowRows
from slm_monitor.domain.lifecycle import coverage, evaluation
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, WindowEvaluation
from slm_monitor.domain.rolling.rolling_slices import RollingTimeSlices
from slm_monitor.domain.series import slices
from slm_monitor.domain.series.accumulators import SliceAccumulator
from slm_monitor.domain.series.classifiers import COUNTS, RowClassifier
from slm_monitor.domain.series.slices import InstantEventCounts, SliceProgress, SliceWindowFigure
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FigureTarget

_SHOWN = 20


class TimeSlices(SeriesAggregation[SliceAccumulator]):
    """Good slices ÷ evaluated slices.

    A level is missed at the end of the slice at which the number of bad slices first exceeds the budget. This can be a
    slice without data, because such a slice reduces the budget. At the close the result is the same as if the figure
    were compared with the objective.
    """

    rolling = RollingTimeSlices()
    covers_minutes = False
    has_burn_rates = False
    is_before_its_minute = True

    def classifier(self, terms: FigureTarget) -> RowClassifier:
        return RowClassifier(COUNTS)

    def accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> SliceAccumulator:
        return SliceAccumulator(start, slices.parse_time_slice_terms(terms.parameters), kept)

    def next_change_at(self, tally: SliceAccumulator, span: Interval, as_of: UtcMicroseconds) -> UtcMicroseconds | None:
        """Return the end of the slice that is in progress."""
        width = tally.terms.width
        return min(span[0] + (max(0, as_of - span[0]) // width + 1) * width, span[1])

    def kept_budget(self, terms: FigureTarget, good: int, total: int, detail: Mapping[str, Any]) -> KeptBudget | None:
        if "judged" not in detail:
            return super().kept_budget(terms, good, total, detail)
        return KeptBudget("slices", Fraction(detail["budget"]), detail["judged"] - Fraction(detail["good"]))

    def evaluate(self, tally: SliceAccumulator, terms: FigureTarget, window: WindowToEvaluate) -> WindowEvaluation:
        span, as_of = window.span, window.as_of
        seen = slices.evaluate_slices_from_sums(
            tally.sums, tally.terms, terms.hours, span, as_of, terms.no_data, window.excluded
        )
        missed = []
        for level, promised in terms.levels:
            spent = seen.exhausted(promised.allowed)
            if spent is not None:
                ends = [end for end in seen.bad_slices if end <= spent.at][-_SHOWN:]
                shown = {"bad_slices": [to_text(end - tally.terms.width) for end in ends]}
                # Slices without data are unknown: if they were good, they would be judged, and not removed.
                sure = seen.judged - seen.good > promised.allowed * (seen.scheduled + seen.removed)
                missed.append(MissedObjectiveLevel(level, spent.at, spent.figure, shown, withstands_unknown=sure))
        budget = terms.promise.allowed * seen.scheduled
        figure = SliceWindowFigure(seen.scheduled, seen.judged, seen.good, budget)
        consumed, whole = figure.consumed, seen.scheduled + seen.removed
        risks = evaluation.evaluate_budget_risks(terms.warn_at.budget_consumed, consumed, min(as_of, span[1]))
        finding = WindowEvaluation(
            figure=figure.figure,
            good=int(seen.good),
            total=seen.judged,
            met=figure.figure is None or terms.promise.is_kept(figure.figure),
            missed=tuple(missed),
            risks=(*risks, *window.burning),
            detail={
                "scheduled": whole,
                "judged": seen.judged,
                "good": figures.format_exact_fraction(seen.good),
                "budget": figures.format_exact_fraction(budget) if terms.promise.allowed else None,
                "consumed_percent": figures.format_exact_fraction(figures.convert_share_to_percent(consumed)),
            },
            evidence={"bad_slices": [to_text(end - tally.terms.width) for end in seen.bad_slices[-_SHOWN:]]},
            scheduled=whole > 0,
        )
        return coverage.add_coverage(finding, _measure_coverage(seen))

    def explain_rows(
        self, target: FigureTarget, facts: KnownWindowFacts, counting: CountedWindowRows
    ) -> ExplainedWindow:
        """Explain the share of good slices of a window, which is split into slices of equal length."""
        terms, rows = _parse_slice_terms(target), counting.rows
        excluded = facts.excluded if target.planned_downtime == "removed" else ()
        if facts.is_distinct and target.window_kind == "calendar":
            tally = self.accumulate(target, rows, facts.span[0])
            window = WindowToEvaluate(facts.span, facts.as_of, excluded=excluded)
            finding = settle_by_coverage(target, self.evaluate_window(tally, target, window), facts)
            covered = coverage.select_coverage_fields(finding.detail)
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
            tally = self.accumulate(target, rows, start)
            span = (start, max(start, end))
            seen = slices.evaluate_slices_from_sums(
                tally.sums, terms, target.hours, span, facts.as_of, target.no_data, excluded
            )
            good, judged, scheduled, figure = seen.good, seen.judged, seen.scheduled + seen.removed, seen.figure
            budget = target.promise.allowed * judged
            met = figure is None or target.promise.is_kept(figure)
            verdict, missed, breached_at = "no_data" if figure is None else "met" if met else "breached", (), None
            share = _measure_coverage(seen)
            covered = {} if share is None else coverage.build_coverage_fields(share)
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
            budget, good, judged = found.budget, found.good, found.judged
            scheduled, figure, missed, breached_at = found.scheduled, found.figure, (), None
            verdict = "breached" if found.bad > budget else "met" if judged else "no_data"
            verdict = verdict if scheduled else "not_applicable"
            covered = {}
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
                **covered,
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


def _measure_coverage(seen: SliceProgress) -> Fraction | None:
    """Return evaluated slices ÷ scheduled slices that have ended; None if no slice has ended."""
    over = seen.judged + seen.removed
    return Fraction(seen.judged, over) if over else None


def _parse_slice_terms(target: FigureTarget) -> slices.TimeSliceTerms:
    """Parse the parameters of draft terms. Raises CalendarError, which names the field."""
    try:
        return slices.parse_time_slice_terms(target.parameters)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        if isinstance(error, CalendarError):
            raise
        remedy = 'write {"time_slices": {"width": "PT1M", "good_if": "0.95", "budget": "slices"}}'
        raise refusal("terms.aggregation.time_slices", target.parameters, remedy) from error
