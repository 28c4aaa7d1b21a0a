"""Number of outages that last at least the agreed length of service time."""

from __future__ import annotations

from collections.abc import Sequence

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.aggregations.occurrences import OccurrenceAggregation
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.rolling.rolling_outages import RollingOutageSource
from slm_monitor.domain.states.timeline import StateProvider
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import outage_evaluation


class OutageCount(OccurrenceAggregation):
    """Outages of at least the agreed length.

    An outage counts in the window in which it starts, even if that window has closed before the outage reaches the
    agreed length.
    """

    def check(self, terms: FigureTarget) -> None:
        outage_evaluation.check_outage_terms(terms)

    def evaluate(
        self,
        states: StateProvider,
        terms: FigureTarget,
        span: Interval,
        as_of: UtcMicroseconds,
        excluded: Sequence[Interval],
    ) -> WindowEvaluation:
        return outage_evaluation.evaluate_outages(states, terms, *span, as_of, excluded)

    def find_ongoing_since(
        self, states: StateProvider, terms: FigureTarget, begins_at: UtcMicroseconds, as_of: UtcMicroseconds
    ) -> UtcMicroseconds | None:
        return outage_evaluation.find_ongoing_outage_start(states, terms, begins_at, as_of)

    def rolling(
        self,
        states: StateProvider,
        terms: FigureTarget,
        span: Interval,
        as_of: UtcMicroseconds,
        excluded: Sequence[Interval],
    ) -> RollingOutageSource:
        return RollingOutageSource(states, terms, excluded, span[0], as_of)
