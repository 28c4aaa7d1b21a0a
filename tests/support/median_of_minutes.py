"""A made-up aggregation, the median of the minute means: all that a new aggregation of rows needs, in one module.

The guide ``docs/guides/new-aggregations.md`` explains it, and a test evaluates it in every way.
"""

from __future__ import annotations

from fractions import Fraction
from statistics import median
from typing import Any

from slm_events.aggregations import AT_LEAST, AT_MOST, OF_NUMBERS, SERIES, UNIT_OF_INDICATOR, AggregationKind
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.aggregations.series_aggregation import SeriesAggregation, WindowToEvaluate
from slm_monitor.domain.explanations.window_result import (
    ExplainedWindow,
    KnownWindowFacts,
    determine_verdict_at,
    find_instant_of_certain_miss,
)
from slm_monitor.domain.explanations.window_rows import CountedWindowRows
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.rolling.rolling_value_figures import RollingExactValues
from slm_monitor.domain.rolling.rolling_values import MinuteValuesProvider, RollingMeanWindows
from slm_monitor.domain.series.classifiers import EXACT, RowClassifier
from slm_monitor.domain.series.series import MinuteSumChange
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import series_evaluation
from slm_monitor.domain.windows.minute_series import TargetMinuteCounts

KIND = AggregationKind(
    "median_of_minutes",
    SERIES,
    '"median_of_minutes"',
    ("value",),
    UNIT_OF_INDICATOR,
    (AT_LEAST, AT_MOST),
    warnings=OF_NUMBERS,
)
"""The line in the vocabulary."""


class MinuteMeans:
    """The sum and the number of the values of each minute of one window."""

    def __init__(self, kept: Any = None) -> None:
        saved = (kept or {}).items()
        self.by_minute = {int(minute): (Fraction(total), int(number)) for minute, (total, number) in saved}
        self.stale, self.unclassified = False, 0

    def add(self, delta: MinuteSumChange, place: int) -> None:
        total, number = self.by_minute.pop(delta.minute, (Fraction(0), 0))
        total += sum(delta.added, Fraction(0)) - sum(delta.removed, Fraction(0))
        number += len(delta.added) - len(delta.removed)
        if number:
            self.by_minute[delta.minute] = total, number

    def document(self) -> Any:
        return {str(minute): [str(total), number] for minute, (total, number) in self.by_minute.items()}

    @property
    def median(self) -> Fraction | None:
        means = [total / number for total, number in self.by_minute.values()]
        return Fraction(median(means)) if means else None

    @property
    def number(self) -> int:
        return sum(number for _, number in self.by_minute.values())


class RollingMedianWindows(RollingMeanWindows):
    """The rolling windows of a median of minute means. Like a mean, each is compared by itself."""

    def __init__(
        self, by: TargetMinuteCounts, values: MinuteValuesProvider, begins_at: UtcMicroseconds, first: int, last: int
    ) -> None:
        super().__init__(by, values, begins_at, first, last)
        self._by_minute = by.minutes(self._start, last, begins_at)[1]

    def figure(self, place: int) -> Fraction | None:
        means = [
            Fraction(self._of(minute)) / int(self._by_minute[minute])
            for minute in range(place, place + self._length)
            if self._by_minute[minute]
        ]
        return Fraction(median(means)) if means else None


class MedianOfMinutes(SeriesAggregation[MinuteMeans]):
    """The median of the means of all minutes with values. A miss is certain only at the close of the window."""

    is_exact = True
    rolling = RollingExactValues(RollingMedianWindows)

    def classifier(self, terms: FigureTarget) -> RowClassifier:
        return RowClassifier(EXACT)

    def accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> MinuteMeans:
        return MinuteMeans(kept)

    def evaluate(self, tally: MinuteMeans, terms: FigureTarget, window: WindowToEvaluate) -> WindowEvaluation:
        assert terms.promise is not None
        figure, end, detail = tally.median, window.span[1], {"number": tally.number}
        return WindowEvaluation(
            figure=figure,
            good=0,
            total=tally.number,
            met=figure is None or terms.promise.is_kept(figure),
            missed=series_evaluation.miss_at_close(terms, figure, end, window.as_of, detail),
            risks=series_evaluation.evaluate_value_risks(terms, figure, tally.number, end, window.as_of),
            detail=detail,
            evidence=detail,
        )

    def explain_rows(
        self, target: FigureTarget, facts: KnownWindowFacts, counting: CountedWindowRows
    ) -> ExplainedWindow:
        tally, finding = self.recalculate(target, facts, counting)
        return ExplainedWindow(
            target,
            determine_verdict_at(target, finding, facts),
            finding.figure,
            "value",
            None,
            None,
            dict(finding.detail),
            find_instant_of_certain_miss(finding, facts.as_of),
            arithmetic=[f"figure = median of the means of {len(tally.by_minute)} minutes"],
            missed=finding.missed,
        )
