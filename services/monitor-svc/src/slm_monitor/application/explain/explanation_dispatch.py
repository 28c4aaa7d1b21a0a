"""Computation of one window's figure from given facts, with the evaluators' functions and one shape for all kinds."""

from __future__ import annotations

from slm_monitor.application.explain import recovery_explanation, series_explanation, state_explanation
from slm_monitor.application.history.window_result import ExplainedWindow, KnownFacts
from slm_monitor.domain.states.timeline import StateProvider, timeline_of
from slm_monitor.domain.terms.terms import RECOVERED, STATED, ServiceLevelTarget

__all__ = ["ExplainedWindow", "KnownFacts", "explain_figure"]


def explain_figure(
    target: ServiceLevelTarget, facts: KnownFacts, states: StateProvider | None = None, *, brief: bool = False
) -> ExplainedWindow:
    """Evaluate one window. ``states`` replaces the timeline of the facts, for a composite. ``brief``: without
    intervals, where only the figure is needed."""
    if target.aggregation in RECOVERED:
        return recovery_explanation.explain_recoveries(target, facts, brief=brief)
    if states is not None or target.aggregation in STATED:
        stated = states or timeline_of(facts.single, facts.initial_state, facts.stale_after)
        if target.aggregation == "outages":
            return state_explanation.explain_outages(target, facts, stated)
        return state_explanation.explain_availability(target, facts, stated, brief=brief)
    return series_explanation.explain_series(target, facts, brief=brief)
