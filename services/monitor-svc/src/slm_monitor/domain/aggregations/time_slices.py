"""Share of good time slices: a window is cut into slices of equal length, each of which is good or bad."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.aggregations.budgets import KeptBudget
from slm_monitor.domain.aggregations.series_aggregation import SeriesAggregation, WindowToEvaluate
from slm_monitor.domain.lifecycle import evaluation
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, WindowEvaluation
from slm_monitor.domain.rolling.rolling_slices import RollingTimeSlices
from slm_monitor.domain.series import slices
from slm_monitor.domain.series.accumulators import SliceAccumulator
from slm_monitor.domain.series.classifiers import COUNTS, RowClassifier
from slm_monitor.domain.series.slices import SliceWindowFigure
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import ServiceLevelTarget

_SHOWN = 20


class TimeSlices(SeriesAggregation[SliceAccumulator]):
    """Good slices ÷ evaluated slices.

    A level is missed at the end of the slice with which the bad slices exceed the budget. This can be a slice without
    data, because such slices reduce the budget. At the close the result is the same as if the figure were compared with
    the objective.
    """

    rolling = RollingTimeSlices()
    has_burn_rates = False
    is_before_its_minute = True

    def classifier(self, terms: ServiceLevelTarget) -> RowClassifier:
        return RowClassifier(COUNTS)

    def accumulator(self, terms: ServiceLevelTarget, start: UtcMicroseconds, kept: Any = None) -> SliceAccumulator:
        return SliceAccumulator(start, slices.parse_time_slice_terms(terms.parameters), kept)

    def next_change_at(self, tally: SliceAccumulator, span: Interval, as_of: UtcMicroseconds) -> UtcMicroseconds | None:
        """Return the end of the slice that is in progress."""
        width = tally.terms.width
        return min(span[0] + (max(0, as_of - span[0]) // width + 1) * width, span[1])

    def kept_budget(
        self, terms: ServiceLevelTarget, good: int, total: int, detail: Mapping[str, Any]
    ) -> KeptBudget | None:
        if "judged" not in detail:
            return super().kept_budget(terms, good, total, detail)
        return KeptBudget("slices", Fraction(detail["budget"]), detail["judged"] - Fraction(detail["good"]))

    def evaluate(
        self, tally: SliceAccumulator, terms: ServiceLevelTarget, window: WindowToEvaluate
    ) -> WindowEvaluation:
        assert terms.promise is not None
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
            risks=(*risks, *window.burning),
            detail={
                "scheduled": whole,
                "judged": seen.judged,
                "good": figures.format_exact_fraction(seen.good),
                "budget": figures.format_exact_fraction(budget) if terms.promise.allowed else None,
                "consumed_percent": figures.format_exact_fraction(figures.convert_share_to_percent(consumed)),
                "coverage_percent": figures.format_exact_fraction(Fraction(100 * seen.judged, whole))
                if whole
                else None,
            },
            evidence={"bad_slices": [to_text(end - tally.terms.width) for end in seen.bad_slices[-_SHOWN:]]},
            scheduled=whole > 0,
        )
