"""Mean, maximum and minimum of exact values."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.aggregations.series_aggregation import SeriesAggregation, WindowToEvaluate
from slm_monitor.domain.explanations.window_result import (
    ExplainedWindow,
    KnownWindowFacts,
    determine_verdict_at,
    find_instant_of_certain_miss,
)
from slm_monitor.domain.explanations.window_rows import CountedWindowRows
from slm_monitor.domain.lifecycle import coverage
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, WindowEvaluation
from slm_monitor.domain.rolling.rolling_value_figures import RollingExactValues
from slm_monitor.domain.rolling.rolling_values import RollingMaximumWindows, RollingMeanWindows, RollingMinimumWindows
from slm_monitor.domain.series.accumulators import ValueAccumulator
from slm_monitor.domain.series.classifiers import EXACT, RowClassifier
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import series_evaluation


class ExactValue(SeriesAggregation[ValueAccumulator]):
    """A figure that needs the exact values. If a single value can miss the objective, a miss is certain at that value.
    Any other miss is certain when the window closes.
    """

    is_exact = True
    missed_by_one: str | None = None
    """The comparison (such as ``at_most``) that one value can miss for certain; None: one value cannot miss any."""

    @abstractmethod
    def figure(self, tally: ValueAccumulator) -> Fraction | None:
        """Return the figure of a window; None if it has no values."""

    def classifier(self, terms: FigureTarget) -> RowClassifier:
        return RowClassifier(EXACT)

    def value_comparison(self, parameters: Any, objective: Mapping[str, Any]) -> tuple[str, float]:
        return EXACT, 0.0

    def remedy_of_unclassified(self, terms: FigureTarget) -> str:
        return f"send sum, min and max beside the buckets, or {super().remedy_of_unclassified(terms)}"

    def accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> ValueAccumulator:
        levels = [(level, promised) for level, promised in terms.levels if promised.comparison == self.missed_by_one]
        return ValueAccumulator(kept, levels)

    def evaluate(self, tally: ValueAccumulator, terms: FigureTarget, window: WindowToEvaluate) -> WindowEvaluation:
        figure, end = self.figure(tally), window.span[1]
        kept = figure is None or terms.promise.is_kept(figure)
        evidence = {"number": tally.number, "figure": figures.format_exact_fraction(figure)}
        alone = _missed_by_one_value(tally, terms, figure)
        return WindowEvaluation(
            figure=figure,
            good=tally.number if kept else 0,
            total=tally.number,
            met=kept,
            missed=alone or series_evaluation.miss_at_close(terms, figure, end, window.as_of, evidence),
            risks=series_evaluation.evaluate_value_risks(terms, figure, tally.number, end, window.as_of),
            detail={
                "number": tally.number,
                "mean": figures.format_exact_fraction(tally.mean),
                "max": figures.format_exact_fraction(tally.high),
                "min": figures.format_exact_fraction(tally.low),
            },
            evidence=evidence,
        )

    def explain_rows(
        self, target: FigureTarget, facts: KnownWindowFacts, counting: CountedWindowRows
    ) -> ExplainedWindow:
        """Explain the mean, maximum or minimum of the values. Such a target has no budget."""
        tally, finding = self.recalculate(target, facts, counting)
        sums = {
            "sum": figures.format_exact_fraction(tally.sum),
            "number": tally.number,
            "max": figures.format_exact_fraction(tally.high),
            "min": figures.format_exact_fraction(tally.low),
            **coverage.select_coverage_fields(finding.detail),
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
            arithmetic=[self.explain_figure(tally) if tally.number else "figure: nothing was measured"],
            missed=finding.missed,
        )

    @abstractmethod
    def explain_figure(self, tally: ValueAccumulator) -> str:
        """Return how the figure follows from the sums, as a line of text."""


class Mean(ExactValue):
    """Sum of the values ÷ their number."""

    rolling = RollingExactValues(RollingMeanWindows)

    def figure(self, tally: ValueAccumulator) -> Fraction | None:
        return tally.mean

    def explain_figure(self, tally: ValueAccumulator) -> str:
        return f"figure = sum ÷ number = {tally.sum} ÷ {tally.number}"


class Maximum(ExactValue):
    """The greatest value."""

    rolling = RollingExactValues(RollingMaximumWindows)
    missed_by_one = AT_MOST

    def figure(self, tally: ValueAccumulator) -> Fraction | None:
        return tally.high

    def explain_figure(self, tally: ValueAccumulator) -> str:
        return "figure = the greatest value"


class Minimum(ExactValue):
    """The least value."""

    rolling = RollingExactValues(RollingMinimumWindows)
    missed_by_one = AT_LEAST

    def figure(self, tally: ValueAccumulator) -> Fraction | None:
        return tally.low

    def explain_figure(self, tally: ValueAccumulator) -> str:
        return "figure = the least value"


def _missed_by_one_value(
    tally: ValueAccumulator, terms: FigureTarget, figure: Fraction | None
) -> tuple[MissedObjectiveLevel, ...]:
    """Return the levels that a single value has missed. Later values cannot repair a maximum or a minimum."""
    broken = [(level, tally.broken_at(level)) for level, _ in terms.levels]
    return tuple(
        MissedObjectiveLevel(level, at, figure, withstands_unknown=True) for level, at in broken if at is not None
    )
