"""Number of occurrences, such as errors or ratings. If the terms name a category, only occurrences of that category
count.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.aggregations.series_aggregation import SeriesAggregation, WindowToEvaluate
from slm_monitor.domain.explanations.window_result import (
    ExplainedWindow,
    KnownWindowFacts,
    determine_verdict_at,
    find_instant_of_certain_miss,
)
from slm_monitor.domain.explanations.window_rows import CountedWindowRows
from slm_monitor.domain.facts.facts import CATEGORY, MINUTE
from slm_monitor.domain.lifecycle import coverage, evaluation
from slm_monitor.domain.lifecycle.evaluation import MissedObjectiveLevel, RiskEvaluation, WindowEvaluation
from slm_monitor.domain.rolling.rolling_sums import RollingOccurrences
from slm_monitor.domain.series.accumulators import OccurrenceAccumulator
from slm_monitor.domain.series.classifiers import EACH, OCCURRENCES, RowClassifier
from slm_monitor.domain.terms.objectives import AT_MOST
from slm_monitor.domain.terms.terms import FigureTarget

_SHOWN = 20


class OccurrenceCount(SeriesAggregation[OccurrenceAccumulator]):
    """A number of occurrences. ``at_most`` N is missed at occurrence N + 1. ``at_least`` N is missed only when the
    window closes.
    """

    rolling = RollingOccurrences()

    def classifier(self, terms: FigureTarget) -> RowClassifier:
        return RowClassifier(EACH if terms.indicator_kind == "rating" else OCCURRENCES)

    def required_labels(self, terms: FigureTarget) -> dict[str, str]:
        """Return the labels that a row must have to be counted.

        They are the category, if the terms name one, and the label values of the target's instance, if the target has
        one instance for each label value.
        """
        wanted = super().required_labels(terms)
        if terms.parameters is not None:
            category = terms.parameters["category"] if isinstance(terms.parameters, Mapping) else terms.parameters
            wanted[CATEGORY] = str(category)
        return wanted

    def accumulator(self, terms: FigureTarget, start: UtcMicroseconds, kept: Any = None) -> OccurrenceAccumulator:
        return OccurrenceAccumulator(kept)

    def evaluate(self, tally: OccurrenceAccumulator, terms: FigureTarget, window: WindowToEvaluate) -> WindowEvaluation:
        number, end = Fraction(tally.number), window.span[1]
        missed = []
        for level, promised in terms.levels:
            if promised.comparison == AT_MOST:
                most = int(promised.value) + 1
                at = tally.reached_at(most)
                if at is not None:
                    shown = {"number": most, "minutes": _minutes(tally, at // MINUTE)}
                    missed.append(MissedObjectiveLevel(level, at, Fraction(most), shown, withstands_unknown=True))
            elif not promised.is_kept(number) and end + terms.closing_delay <= window.as_of:
                shown = {"number": tally.number, "minutes": _minutes(tally)}
                missed.append(MissedObjectiveLevel(level, end, number, shown))
        return WindowEvaluation(
            figure=number,
            good=tally.number,
            total=tally.number,
            met=terms.promise.is_kept(number),
            missed=tuple(missed),
            risks=_nearly_spent(terms, number, min(window.as_of, end)),
            detail={"number": tally.number},
            evidence={"number": tally.number, "minutes": _minutes(tally)},
        )

    def explain_rows(
        self, target: FigureTarget, facts: KnownWindowFacts, counting: CountedWindowRows
    ) -> ExplainedWindow:
        """Explain the number of occurrences. If the terms name a category, only occurrences of that category count."""
        _, finding = self.recalculate(target, facts, counting)
        number = finding.total
        limited = target.promise.comparison == AT_MOST
        return ExplainedWindow(
            target,
            determine_verdict_at(target, finding, facts),
            finding.figure,
            "occurrences",
            target.promise.value if limited else None,
            Fraction(number) if limited else None,
            {"number": number, **coverage.select_coverage_fields(finding.detail)},
            find_instant_of_certain_miss(finding, facts.as_of),
            arithmetic=[f"figure = occurrences in service time = {number}"],
            missed=finding.missed,
        )


def _nearly_spent(terms: FigureTarget, number: Fraction, at: UtcMicroseconds) -> tuple[RiskEvaluation, ...]:
    if terms.promise.comparison != AT_MOST or not terms.promise.value or number > terms.promise.value:
        return ()
    return tuple(evaluation.evaluate_budget_risks(terms.warn_at.budget_consumed, number / terms.promise.value, at))


def _minutes(tally: OccurrenceAccumulator, until: int | None = None) -> list[dict[str, Any]]:
    """Return the latest minutes with occurrences, up to minute ``until`` (None: all minutes), as documents."""
    last = sorted(minute for minute in tally.by_minute if until is None or minute <= until)[-_SHOWN:]
    return [{"from": to_text(minute * MINUTE), "number": tally.by_minute[minute]} for minute in last]
