"""Shares of good events: ratios, shares of values within a limit, and quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.aggregations.series_aggregation import SeriesAggregation, WindowToEvaluate
from slm_monitor.domain.explanations.window_result import (
    NO_BUDGET,
    ExplainedWindow,
    KnownWindowFacts,
    determine_verdict_at,
    find_instant_of_certain_miss,
)
from slm_monitor.domain.explanations.window_rows import CountedWindowRows
from slm_monitor.domain.facts.facts import FAILED
from slm_monitor.domain.lifecycle import coverage
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.rolling.rolling_sums import RollingEventShare
from slm_monitor.domain.series import accumulators, classifiers
from slm_monitor.domain.series.accumulators import ShareAccumulator
from slm_monitor.domain.series.classifiers import AT_LEAST, AT_MOST, COUNTS, RowClassifier
from slm_monitor.domain.terms import burn_rate, figures
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import series_evaluation


class EventShare(SeriesAggregation[ShareAccumulator]):
    """The ratio: good events ÷ all events, from rows that are numbers of events."""

    rolling = RollingEventShare()
    keeps_raw = True

    def classifier(self, terms: FigureTarget) -> RowClassifier:
        return RowClassifier(COUNTS)

    def accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> ShareAccumulator:
        by_minute = terms.expected_volume is not None or accumulators.has_no_error_budget(terms)
        return ShareAccumulator(kept, by_minute=by_minute)

    def raw_accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> ShareAccumulator:
        return ShareAccumulator(kept)

    def refresh_figures(
        self, tally: ShareAccumulator, window: TargetWindow, terms: FigureTarget, as_of: UtcMicroseconds
    ) -> bool:
        if not tally.total:
            return False
        series_evaluation.refresh_good_share_figures(window, terms, tally.good, tally.total, as_of)
        return True

    def is_missed_by_first_bad(self, terms: FigureTarget) -> bool:
        return accumulators.has_no_error_budget(terms)

    def first_bad_minute(self, tally: ShareAccumulator) -> int | None:
        return min(tally.bad or (), default=None)

    def evaluate(self, tally: ShareAccumulator, terms: FigureTarget, window: WindowToEvaluate) -> WindowEvaluation:
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

    def explain_rows(
        self, target: FigureTarget, facts: KnownWindowFacts, counting: CountedWindowRows
    ) -> ExplainedWindow:
        """Explain the share good ÷ total. If the target has a limit, values are counted, and values on the good side of
        the limit are good; otherwise events are counted.
        """
        promised = target.promise
        _, finding = self.recalculate(target, facts, counting)
        good, total = finding.good, finding.total
        spent = promised.bad(good, total)
        budget = promised.allowed * total if promised.allowed else None
        whole = f"budget = {promised.allowed} × {total} = {budget} events"
        left = f"{whole}; left = {budget} − {spent} = {(budget or 0) - spent}"
        return ExplainedWindow(
            target,
            determine_verdict_at(target, finding, facts),
            finding.figure,
            "events",
            budget,
            Fraction(spent),
            {"good": good, "bad": total - good, "total": total, **coverage.select_coverage_fields(finding.detail)},
            find_instant_of_certain_miss(finding, facts.as_of),
            burn_rate.compute_burn_rate(spent, total, 1 - promised.allowed),
            extra={**self.shown_beside(target, counting), **_raw(target, counting)},
            arithmetic=[
                f"figure = good ÷ total = {good} ÷ {total}" if total else "figure: nothing was counted",
                left if budget is not None else NO_BUDGET,
            ],
            missed=finding.missed,
        )

    def shown_beside(self, target: FigureTarget, counting: CountedWindowRows) -> dict[str, str | None]:
        """Return the fields that only this aggregation adds to an explanation; empty if it adds none."""
        return {}


class ShareWithinLimit(EventShare):
    """Share of good values: values on the good side of a limit ÷ all values.

    The aggregation's entry in ``slm_events.aggregations.KINDS`` says whether values must be at most or at least the
    limit.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        assert self.kind.limit is not None
        self._side = self.kind.limit

    def classifier(self, terms: FigureTarget) -> RowClassifier:
        assert terms.threshold is not None
        return RowClassifier(self._side, terms.threshold)

    def value_comparison(self, parameters: Any, objective: Mapping[str, Any]) -> tuple[str, float]:
        return self._side, float(str(objective[AT_MOST] if self.kind.is_limit_of_values else parameters))

    def remedy_of_unclassified(self, terms: FigureTarget) -> str:
        remedy = super().remedy_of_unclassified(terms)
        if self._side == AT_LEAST:
            return remedy
        return f"send histograms with a bucket that ends at {terms.threshold:g}, or {remedy}"


class Quantile(ShareWithinLimit):
    """A quantile that must be at most the objective. It is met if enough values are at most the objective: for a 95 %
    quantile, 95 % of all values.
    """

    def shown_beside(self, target: FigureTarget, counting: CountedWindowRows) -> dict[str, str | None]:
        """Return the value of the quantile as a field: the smallest value such that at least the promised share of all
        values is less than or equal to it (nearest rank).
        """
        ordered = np.sort(counting.rows.value[counting.rows.total > 0])
        if not len(ordered) or np.isnan(ordered).any():
            return {"quantile": None}
        share = target.promise.value
        place = -(-share.numerator * len(ordered) // share.denominator) - 1
        if ordered[place] == FAILED:
            # So many probes failed that no value has the promised share of all at or below it.
            return {"quantile": None}
        return {"quantile": figures.format_exact_fraction(classifiers.to_exact_decimal(float(ordered[place])))}


def _raw(target: FigureTarget, counting: CountedWindowRows) -> dict[str, str | None]:
    """Return {"raw_figure": the share as if no event were excluded}; empty if no event is excluded."""
    if not counting.excluded:
        return {}
    total = int(counting.raw.total.sum())
    share = Fraction(int(counting.raw.good.sum()), total) if total else None
    return {"raw_figure": figures.format_exact_fraction(target.shown(share))}
