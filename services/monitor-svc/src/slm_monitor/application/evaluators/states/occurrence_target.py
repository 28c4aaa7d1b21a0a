"""A target of outages or recoveries, by calendar windows."""

from __future__ import annotations

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.states.state_target import AvailabilityTarget, EvaluationOccasion
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.aggregations.occurrences import OccurrenceAggregation
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import TargetState, TargetWindow
from slm_monitor.domain.states.timeline import StateProvider
from slm_monitor.domain.terms.terms import FigureTarget


class OccurrenceTarget(AvailabilityTarget):
    """Outages or recoveries by calendar window. Every evaluation of a window reads all its states again."""

    def __init__(self, target_state: TargetState, aggregation: OccurrenceAggregation) -> None:
        super().__init__(target_state)
        self._aggregation = aggregation

    def _look(
        self,
        states: StateProvider,
        window: TargetWindow,
        terms: FigureTarget,
        excluded: ExclusionIndex,
        occasion: EvaluationOccasion,
    ) -> WindowEvaluation:
        span, out = (window.start, window.end), excluded.intervals_of(terms)
        return self._aggregation.evaluate(states, terms, span, occasion.as_of, out)

    def _from(
        self, states: StateProvider, terms: FigureTarget, since: UtcMicroseconds | None, as_of: UtcMicroseconds
    ) -> UtcMicroseconds | None:
        """Return the instant after which closed windows must be evaluated again; None if no closed window must be.

        If an outage is ongoing, this is its start or ``since``, whichever is earlier, because the outage may still
        count. Otherwise this is ``since``.
        """
        ongoing = self._aggregation.find_ongoing_since(states, terms, self.target_state.line.begins_at, as_of)
        return since if ongoing is None else ongoing if since is None else min(since, ongoing)
