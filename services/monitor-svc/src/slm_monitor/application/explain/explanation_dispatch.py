"""Evaluation of one window from given facts, whatever its aggregation, with the functions that the evaluators use."""

from __future__ import annotations

from slm_events.aggregations import RECOVERIES
from slm_monitor.application.explain import recovery_explanation, state_explanation
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.explanations.window_result import ExplainedWindow, KnownWindowFacts
from slm_monitor.domain.states.timeline import StateProvider, build_state_timeline
from slm_monitor.domain.terms.terms import FigureTarget

__all__ = ["ExplainedWindow", "KnownWindowFacts", "explain_window_figure"]


def explain_window_figure(
    target: FigureTarget, facts: KnownWindowFacts, states: StateProvider | None = None, *, brief: bool = False
) -> ExplainedWindow:
    """Evaluate one window.

    ``states``: the joint states of a composite's members; None: the states are built from ``facts``. ``brief``:
    intervals are left out, because only the figure is needed.
    """
    if target.kind.source == RECOVERIES:
        return recovery_explanation.explain_recoveries(target, facts, brief=brief)
    if states is not None or target.kind.is_of_single_facts:
        stated = states or build_state_timeline(facts.single, facts.initial_state, facts.stale_after)
        if target.kind.is_number:
            return state_explanation.explain_outages(target, facts, stated)
        return state_explanation.explain_availability(target, facts, stated, brief=brief)
    return registry.series_aggregation_of(target).explain(target, facts, brief=brief)
