"""A target that limits outages: its calendar windows, and the instant at which an outage reaches the counted length."""

from __future__ import annotations

from slm_monitor.application.evaluators.states.state_target import StateTarget
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.lifecycle.evaluation import Evaluation, RiskEvaluation
from slm_monitor.domain.lifecycle.target_state import Window
from slm_monitor.domain.states.timeline import StateProvider
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.windows import outage_evaluation


class OutageTarget(StateTarget):
    """Outages by calendar window. An outage counts in the window in which it starts, even if that window has closed by
    the time the outage reaches the length."""

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
        out = excluded.intervals_of(terms)
        return outage_evaluation.evaluate_outages(states, terms, window.start, window.end, as_of, out)

    def _from(self, states: StateProvider, terms: ServiceLevelTarget, since: int | None, as_of: int) -> int | None:
        """The instant from which on windows must be evaluated: the start of an ongoing outage, as it may still count
        there."""
        ongoing = outage_evaluation.ongoing_since(states, terms, self.target_state.line.begins_at, as_of)
        return since if ongoing is None else ongoing if since is None else min(since, ongoing)
