"""Shares of good events: ratios, shares of values within a limit, and quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.aggregations.series_aggregation import SeriesAggregation, WindowToEvaluate
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.rolling.rolling_sums import RollingEventShare
from slm_monitor.domain.series import accumulators
from slm_monitor.domain.series.accumulators import ShareAccumulator
from slm_monitor.domain.series.classifiers import AT_LEAST, AT_MOST, COUNTS, RowClassifier
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import series_evaluation


class EventShare(SeriesAggregation[ShareAccumulator]):
    """The ratio: good events ÷ all events, from rows that are numbers of events."""

    rolling = RollingEventShare()
    keeps_raw = True

    def classifier(self, terms: ServiceLevelTarget) -> RowClassifier:
        return RowClassifier(COUNTS)

    def accumulator(self, terms: ServiceLevelTarget, start: UtcMicroseconds, kept: Any = None) -> ShareAccumulator:
        by_minute = terms.expected_volume is not None or accumulators.has_no_error_budget(terms)
        return ShareAccumulator(kept, by_minute=by_minute)

    def raw_accumulator(self, terms: ServiceLevelTarget, start: UtcMicroseconds, kept: Any = None) -> ShareAccumulator:
        return ShareAccumulator(kept)

    def refresh_figures(
        self, tally: ShareAccumulator, window: TargetWindow, terms: ServiceLevelTarget, as_of: UtcMicroseconds
    ) -> bool:
        if not tally.total:
            return False
        series_evaluation.refresh_good_share_figures(window, terms, tally.good, tally.total, as_of)
        return True

    def is_missed_by_first_bad(self, terms: ServiceLevelTarget) -> bool:
        return accumulators.has_no_error_budget(terms)

    def first_bad_minute(self, tally: ShareAccumulator) -> int | None:
        return min(tally.bad or (), default=None)

    def evaluate(
        self, tally: ShareAccumulator, terms: ServiceLevelTarget, window: WindowToEvaluate
    ) -> WindowEvaluation:
        return series_evaluation.evaluate_good_share(
            tally.good,
            tally.total,
            terms,
            window.span[1],
            window.as_of,
            window.burning,
            tally.bad,
            window.first_bad,
        )


class ShareWithinLimit(EventShare):
    """Values on the right side of a limit ÷ all values. The side is a word of the vocabulary."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        assert self.kind.limit is not None
        self._side = self.kind.limit

    def classifier(self, terms: ServiceLevelTarget) -> RowClassifier:
        assert terms.threshold is not None
        return RowClassifier(self._side, terms.threshold)

    def value_comparison(self, parameters: Any, objective: Mapping[str, Any]) -> tuple[str, float]:
        return self._side, float(str(objective[AT_MOST] if self.kind.is_limit_of_values else parameters))

    def remedy_of_unclassified(self, terms: ServiceLevelTarget) -> str:
        remedy = super().remedy_of_unclassified(terms)
        if self._side == AT_LEAST:
            return remedy
        return f"send histograms with a bucket that ends at {terms.threshold:g}, or {remedy}"
