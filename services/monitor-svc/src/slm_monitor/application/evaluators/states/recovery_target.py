"""A target of recoveries: calendar windows, with each recovery in the window in which it ended."""

from __future__ import annotations

from slm_monitor.application.evaluators.states.state_target import StateTarget
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.lifecycle.evaluation import Evaluation, RiskEvaluation
from slm_monitor.domain.lifecycle.target_state import Window
from slm_monitor.domain.states.timeline import StateProvider, Timeline
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import recovery_evaluation


class RecoveryTarget(StateTarget):
    """Recoveries by calendar window. No sums are kept between evaluations, because an indicator has few recoveries."""

    def _look(
        self,
        states: StateProvider,
        window: Window,
        terms: ServiceLevelTarget,
        excluded: ExclusionIndex,
        since: int | None,
        as_of: int,
        burns: list[RiskEvaluation],
    ) -> Evaluation:
        assert isinstance(states, Timeline)
        span = (window.start, window.end)
        return recovery_evaluation.evaluate_recoveries(
            states.recoveries, terms, span, as_of, excluded.intervals_of(terms)
        )
