"""The figure of one window from the facts given, by the functions that the judge uses, as one shape for all kinds."""

from __future__ import annotations

from slm_monitor.application import figures_of_counts, figures_of_states
from slm_monitor.application.window_seen import Facts, Seen
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import States, timeline_of

__all__ = ["Facts", "Seen", "seen"]


def seen(target: ServiceLevelTarget, facts: Facts, states: States | None = None) -> Seen:
    """The window judged; ``states`` stands in for the facts' own timeline (a composite's)."""
    if target.aggregation in ("availability", "outages"):
        stated = states or timeline_of(facts.single, facts.initial_state)
        look = figures_of_states.of_outages if target.aggregation == "outages" else figures_of_states.of_availability
        return look(target, facts, stated)
    if target.aggregation == "time_slices":
        return figures_of_counts.of_slices(target, facts)
    return figures_of_counts.of_share(target, facts)
