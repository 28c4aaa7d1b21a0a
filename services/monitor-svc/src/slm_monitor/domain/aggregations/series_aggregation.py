"""Aggregation of measured rows that are summed by the minute: the operations that each such aggregation has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Generic, TypeVar

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.aggregations import KINDS, AggregationKind
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.aggregations import budgets
from slm_monitor.domain.aggregations.budgets import KeptBudget
from slm_monitor.domain.explanations import window_rows
from slm_monitor.domain.explanations.window_result import ExplainedWindow, KnownWindowFacts, settle_by_coverage
from slm_monitor.domain.explanations.window_rows import CountedWindowRows, RowColumns
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle import coverage
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation, WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.rolling.rolling_rows import RollingFigure
from slm_monitor.domain.series.accumulators import WindowAccumulator
from slm_monitor.domain.series.classifiers import RowClassifier
from slm_monitor.domain.series.measured_time import MeasuredTime, convert_to_age
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows.series_evaluation import FirstBadEvent

Tally = TypeVar("Tally", bound=WindowAccumulator)


@dataclass(frozen=True, slots=True)
class WindowToEvaluate:
    """The window ``span``, to be evaluated by the facts up to ``as_of``.

    ``burning`` are burn rate warnings. ``excluded`` are exclusions: a time slice that starts in an exclusion is not
    scheduled. ``first_bad`` is the first bad event, which alone misses an objective of 100 percent. It is None if no
    event is bad, or if the first bad event is not known.
    """

    span: Interval
    as_of: UtcMicroseconds
    burning: Sequence[RiskEvaluation] = ()
    excluded: Sequence[Interval] = ()
    first_bad: FirstBadEvent | None = None
    measured: MeasuredTime | None = None
    """The minutes that are near a measurement; None: the evaluation gets no coverage from them."""


class SeriesAggregation(ABC, Generic[Tally]):
    """One way to compute a figure from measured rows. It has no state; the terms of the target are arguments."""

    rolling: RollingFigure
    """The rolling windows of the figure."""
    is_exact = False
    """Whether the exact values are needed, and not only the numbers of good events and of all events."""

    keeps_raw = False
    """Whether sums that ignore exclusions are always kept, and not only while exclusions are approved."""
    covers_minutes = True
    """Whether the coverage is a share of minutes near measurements; otherwise ``evaluate`` computes the coverage."""
    has_burn_rates = True
    """Whether warnings about burn rates are evaluated in calendar windows."""

    is_before_its_minute = False
    """Whether the rolling window of a minute ends at the start of the minute, instead of at the end of the minute."""

    def __init__(self, name: str) -> None:
        self.kind: AggregationKind = KINDS[name]

    # -- rows ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def classifier(self, terms: FigureTarget) -> RowClassifier:
        """Return the rule by which a target separates good rows from bad rows."""

    def required_labels(self, terms: FigureTarget) -> dict[str, str]:
        """Return the labels that a row must have to be counted.

        They are the label values of the target's instance, if the target has one instance for each label value.
        """
        return dict(terms.group)

    def value_comparison(self, parameters: Any, objective: Mapping[str, Any]) -> tuple[str, float] | None:
        """Return (kind, limit) of the comparison that a target applies to each value; None if it applies none.

        The kind is one of ``at_most``, ``at_least`` and ``exact``. The arguments are the parameters and the objective
        as they are written in the agreement's document.
        """
        return None

    # -- windows ------------------------------------------------------------------------------------------------

    @abstractmethod
    def accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> Tally:
        """Create the accumulator of the window that starts at ``start``, in microseconds.

        ``kept`` is the accumulator's document from a checkpoint, or None.
        """

    def accumulators(
        self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None, kept_raw: Any = None
    ) -> tuple[Tally, Tally]:
        """Create the accumulator of a window, and a second accumulator that ignores exclusions."""
        return self.accumulator(terms, start, kept), self.raw_accumulator(terms, start, kept_raw)

    def raw_accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> Tally:
        """Create an accumulator that ignores exclusions, for the window that starts at ``start``."""
        return self.accumulator(terms, start, kept)

    @abstractmethod
    def evaluate(self, tally: Tally, terms: FigureTarget, window: WindowToEvaluate) -> WindowEvaluation:
        """Evaluate a calendar window in which every value is classified."""

    def evaluate_window(self, tally: Tally, terms: FigureTarget, window: WindowToEvaluate) -> WindowEvaluation:
        """Evaluate a calendar window. It has no figure if the values of a histogram could not be classified."""
        if tally.unclassified:
            detail = {"untold": tally.unclassified, "reason": self.explain_unclassified(terms)}
            return WindowEvaluation(None, 0, 0, met=True, detail=detail)
        finding = self.evaluate(tally, terms, window)
        return finding if window.measured is None else self.cover(finding, terms, window, window.measured)

    def cover(
        self, finding: WindowEvaluation, terms: FigureTarget, window: WindowToEvaluate, measured: MeasuredTime
    ) -> WindowEvaluation:
        """Return the evaluation with its coverage: measured ÷ scheduled minutes, both up to ``window.as_of``."""
        if not self.covers_minutes:
            return finding
        return coverage.add_coverage(finding, measure_coverage(terms, window, measured))

    def refresh_figures(self, tally: Tally, window: TargetWindow, terms: FigureTarget, as_of: UtcMicroseconds) -> bool:
        """Update only the figures of a window that meets its objective; return False if the aggregation cannot do that.

        This costs less than an evaluation and gives the same figures.
        """
        return False

    def next_change_at(self, tally: Tally, span: Interval, as_of: UtcMicroseconds) -> UtcMicroseconds | None:
        """Return the next instant (µs) within the window at which its figure may change without new facts; None if
        there is none.
        """
        return None

    def is_missed_by_first_bad(self, terms: FigureTarget) -> bool:
        """Return whether the first bad event misses the objective, so that the sums up to that event must be known."""
        return False

    def first_bad_minute(self, tally: Tally) -> int | None:
        """Return the first minute (since 1970) with a bad event; None if no event is bad or the minute is not
        recorded.
        """
        return None

    def kept_budget(self, terms: FigureTarget, good: int, total: int, detail: Mapping[str, Any]) -> KeptBudget | None:
        """Return the budget of a window, computed from its stored figures; None if the target has no budget."""
        return budgets.find_budget_of_events(terms, good, total)

    # -- explanations -------------------------------------------------------------------------------------------

    def explain(self, target: FigureTarget, facts: KnownWindowFacts, *, brief: bool = False) -> ExplainedWindow:
        """Explain a window from its facts, with the accumulator that the evaluator uses.

        ``brief``: leave out the intervals, because the caller needs only the figure.
        """
        counting = window_rows.select_rows_in_window(self, target, facts)
        seen = self.explain_rows(target, facts, counting)
        sums = {**seen.sums, "outside_service_hours": counting.outside, "excluded": counting.excluded}
        if target.indicator_kind == "rating":
            sums["scores"] = window_rows.count_value_occurrences(counting.rows)
        if counting.rows.unclassified.any():
            seen = replace(seen, arithmetic=[f"figure: none; {self.explain_unclassified(target)}"])
        buckets = () if brief else window_rows.sum_rows_into_time_buckets(counting.rows, facts.span)
        return replace(seen, sums=sums, intervals=buckets)

    @abstractmethod
    def explain_rows(
        self, target: FigureTarget, facts: KnownWindowFacts, counting: CountedWindowRows
    ) -> ExplainedWindow:
        """Return how the figure of a window follows from the rows that count."""

    def accumulate(self, target: FigureTarget, rows: RowColumns, start: UtcMicroseconds) -> Tally:
        """Add up rows as the evaluator does, in a new accumulator for the window that starts at ``start``."""
        if self.keeps_raw and target.expected_volume is None:
            sums: Any = (int(rows.good.sum()), int(rows.total.sum()), {}, int(rows.unclassified.sum()))
            return self.raw_accumulator(target, start, sums)
        made = self.accumulator(target, start)
        made.unclassified = int(rows.unclassified.sum())
        for delta in window_rows.sum_rows_by_minute(rows, exact=self.is_exact):
            made.add(delta, 0)
        return made

    def recalculate(
        self, target: FigureTarget, facts: KnownWindowFacts, counting: CountedWindowRows
    ) -> tuple[Tally, WindowEvaluation]:
        """Return the accumulator of the rows that count, and the evaluation of the window from this accumulator."""
        tally = self.accumulate(target, counting.rows, facts.span[0])
        first_bad = _find_first_bad(counting.rows) if self.is_missed_by_first_bad(target) else None
        leaving = facts.excluded if target.planned_downtime == "removed" else ()
        window = WindowToEvaluate(
            facts.span, facts.as_of, excluded=leaving, first_bad=first_bad, measured=_measured(facts, counting)
        )
        return tally, settle_by_coverage(target, self.evaluate_window(tally, target, window), facts)

    def explain_unclassified(self, terms: FigureTarget) -> str:
        """Return why a window with unclassified values has no figure, and what to send instead."""
        return f"histograms do not tell how their values are counted: {self.remedy_of_unclassified(terms)}"

    def remedy_of_unclassified(self, terms: FigureTarget) -> str:
        """Return what to send instead of histograms whose values cannot be classified."""
        return "send the values themselves"


def measure_coverage(terms: FigureTarget, window: WindowToEvaluate, measured: MeasuredTime) -> Fraction | None:
    """Return the share of the scheduled minutes of a window that are measured; None if no minute is scheduled.

    Minutes in ``window.excluded`` are not scheduled. Until the window closes, minutes after its last measured minute do
    not count. So the share of an open window depends on its measurements alone, and not on the instant at which it
    happened to be evaluated.
    """
    start, end = window.span
    if window.as_of < end + terms.closing_delay:
        end = min(end, measured.end_of_run_before(end))
    if start >= end:
        return None
    opened = terms.hours.intervals(start, end)
    return measured.share_of(
        intervals.subtract(opened, intervals.union(window.excluded)) if window.excluded else opened
    )


def _measured(facts: KnownWindowFacts, counting: CountedWindowRows) -> MeasuredTime:
    """Return the measured time by all known rows, including rows that do not count in the figure."""
    measured = MeasuredTime(convert_to_age(facts.stale_after))
    for minute in counting.measured_minutes:
        measured.add(minute)
    return measured


def _find_first_bad(rows: RowColumns) -> FirstBadEvent | None:
    """Return the first minute with a bad event, and the sums up to its end; None if all events are good."""
    minutes = rows.at // MINUTE
    bad = minutes[rows.good < rows.total]
    if not len(bad):
        return None
    first = int(bad.min())
    kept = minutes <= first
    return FirstBadEvent(first * MINUTE, int(rows.good[kept].sum()), int(rows.total[kept].sum()))
