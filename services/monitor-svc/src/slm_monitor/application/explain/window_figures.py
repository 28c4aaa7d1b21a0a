"""The figure of one window from the facts given, by the functions that the judge uses, as one shape for all kinds."""

from __future__ import annotations

from slm_monitor.application.explain import figures_of_counts, figures_of_recoveries, figures_of_states
from slm_monitor.application.history.window_seen import Facts, Seen
from slm_monitor.domain.states.timeline import States, timeline_of
from slm_monitor.domain.terms.terms import RECOVERED, STATED, ServiceLevelTarget

__all__ = ["Facts", "Seen", "seen"]


def seen(target: ServiceLevelTarget, facts: Facts, states: States | None = None, *, brief: bool = False) -> Seen:
    """The window judged; ``states`` stands in for the facts' own timeline (a composite's). ``brief``: without the
    intervals, where only the figure is wanted."""
    if target.aggregation in RECOVERED:
        return figures_of_recoveries.look(target, facts, brief=brief)
    if states is not None or target.aggregation in STATED:
        stated = states or timeline_of(facts.single, facts.initial_state, facts.stale_after)
        if target.aggregation == "outages":
            return figures_of_states.of_outages(target, facts, stated)
        return figures_of_states.of_availability(target, facts, stated, brief=brief)
    return figures_of_counts.look(target, facts, brief=brief)
