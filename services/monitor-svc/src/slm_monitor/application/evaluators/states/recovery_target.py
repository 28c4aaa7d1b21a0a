"""A target that limits the length of recoveries, by calendar windows: a recovery counts in the window in which it
ended.
"""

from __future__ import annotations

from slm_monitor.application.evaluators.states.state_target import AvailabilityTarget, EvaluationOccasion
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.lifecycle.target_state import TargetWindow
from slm_monitor.domain.states.timeline import StateProvider, StateTimeline
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import recovery_evaluation


class RecoveryTarget(AvailabilityTarget):
    """Recoveries by calendar window.

    No sums are kept between evaluations, because an indicator has few recoveries.
    """

    def _look(
        self,
        states: StateProvider,
        window: TargetWindow,
        terms: ServiceLevelTarget,
        excluded: ExclusionIndex,
        occasion: EvaluationOccasion,
    ) -> WindowEvaluation:
        assert isinstance(states, StateTimeline)
        span = (window.start, window.end)
        return recovery_evaluation.evaluate_recoveries(
            states.recoveries, terms, span, occasion.as_of, excluded.intervals_of(terms)
        )
