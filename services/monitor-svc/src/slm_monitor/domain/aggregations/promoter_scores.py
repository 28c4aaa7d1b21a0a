"""Net promoter score of ratings, in points."""

from __future__ import annotations

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
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.rolling.rolling_promoter_score import RollingPromoterScores
from slm_monitor.domain.series import classifiers
from slm_monitor.domain.series.accumulators import ShareAccumulator
from slm_monitor.domain.series.classifiers import PROMOTED, RowClassifier
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import series_evaluation


class NetPromoterScore(SeriesAggregation[ShareAccumulator]):
    """100 × (promoters − detractors) ÷ ratings.

    A miss is certain only at the close, since further ratings may change the score.
    """

    rolling = RollingPromoterScores()
    keeps_raw = True

    def classifier(self, terms: FigureTarget) -> RowClassifier:
        return RowClassifier(PROMOTED, *classifiers.parse_promoter_score_limits(terms.parameters))

    def accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> ShareAccumulator:
        return ShareAccumulator(kept, by_minute=terms.expected_volume is not None)

    def raw_accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> ShareAccumulator:
        return ShareAccumulator(kept)

    def evaluate(self, tally: ShareAccumulator, terms: FigureTarget, window: WindowToEvaluate) -> WindowEvaluation:
        end, detail = window.span[1], {"number": tally.total, "net": tally.good}
        figure = series_evaluation.compute_net_promoter_score(tally.good, tally.total)
        return WindowEvaluation(
            figure=figure,
            good=tally.good,
            total=tally.total,
            met=figure is None or terms.promise.is_kept(figure),
            missed=series_evaluation.miss_at_close(terms, figure, end, window.as_of, dict(detail)),
            risks=series_evaluation.evaluate_value_risks(terms, figure, tally.total, end, window.as_of),
            detail=detail,
            evidence=dict(detail),
        )

    def explain_rows(
        self, target: FigureTarget, facts: KnownWindowFacts, counting: CountedWindowRows
    ) -> ExplainedWindow:
        """Explain the net promoter score, in points: (share of promoters − share of detractors) × 100."""
        _, finding = self.recalculate(target, facts, counting)
        promoters, detractors = int((counting.rows.good > 0).sum()), int((counting.rows.good < 0).sum())
        number = finding.total
        return ExplainedWindow(
            target,
            determine_verdict_at(target, finding, facts),
            finding.figure,
            "points",
            None,
            None,
            {
                "number": number,
                "promoters": promoters,
                "detractors": detractors,
                **coverage.select_coverage_fields(finding.detail),
            },
            find_instant_of_certain_miss(finding, facts.as_of),
            arithmetic=[
                f"figure = 100 × (promoters − detractors) ÷ number = 100 × ({promoters} − {detractors}) ÷ {number}"
                if number
                else "figure: nothing was rated"
            ],
            missed=finding.missed,
        )
