"""A target that limits the number of outages, by calendar windows: an outage counts once it has reached the agreed
length.
"""

from __future__ import annotations

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.states.state_target import AvailabilityTarget, EvaluationOccasion
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.states.timeline import StateProvider
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import outage_evaluation


class OutageTarget(AvailabilityTarget):
    """Outages by calendar window.

    An outage counts in the window in which it starts, even if that window has closed before the outage reaches the
    agreed length.
    """

    def _look(
        self,
        states: StateProvider,
        window: TargetWindow,
        terms: ServiceLevelTarget,
        excluded: ExclusionIndex,
        occasion: EvaluationOccasion,
    ) -> WindowEvaluation:
        out = excluded.intervals_of(terms)
        return outage_evaluation.evaluate_outages(states, terms, window.start, window.end, occasion.as_of, out)

    def _from(
        self, states: StateProvider, terms: ServiceLevelTarget, since: UtcMicroseconds | None, as_of: UtcMicroseconds
    ) -> UtcMicroseconds | None:
        """Return the instant from which on windows must be evaluated; None: only open windows must be evaluated.

        It is ``since`` or, if that is earlier, the start of an ongoing outage, because this outage may still count.
        """
        ongoing = outage_evaluation.find_ongoing_outage_start(states, terms, self.target_state.line.begins_at, as_of)
        return since if ongoing is None else ongoing if since is None else min(since, ongoing)
