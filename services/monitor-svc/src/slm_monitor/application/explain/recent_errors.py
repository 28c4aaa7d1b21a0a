"""The bad share of a target's time or events in the last minutes and hours, from which burn rates are computed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.explain import explanation_dispatch
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.fact_history import FactHistoryStore, FactsNoLongerStored
from slm_monitor.domain.explanations.window_result import KnownWindowFacts
from slm_monitor.domain.facts.facts import HOUR, MINUTE
from slm_monitor.domain.terms.objectives import AT_LEAST
from slm_monitor.domain.terms.terms import FigureTarget

RECENT_WINDOWS = {"5m": 5 * MINUTE, "30m": 30 * MINUTE, "1h": HOUR, "6h": 6 * HOUR}
"""Name of a window, as Prometheus writes it → its length. Such short windows show a fast loss of budget early."""


async def compute_recent_error_shares(
    record: FactHistoryStore, terms: FigureTarget, now: UtcMicroseconds
) -> Mapping[str, Fraction]:
    """Return window name → bad share of the target's time or events, for the windows of ``RECENT_WINDOWS``.

    Each window ends now. Time before the terms took effect does not count. A window in which nothing counts is left
    out. No window is returned in these cases: the target's figure is no share of time or events, the target has no
    indicator, or its facts are no longer stored.
    """
    begins_at = max(now - max(RECENT_WINDOWS.values()), terms.effective_at) // MINUTE * MINUTE
    if not terms.kind.is_never_worsened_by_good or terms.indicator is None:
        return {}
    try:
        await records.check_facts_are_stored(record, terms.indicator, (begins_at, now))
    except FactsNoLongerStored:
        return {}
    facts = await records.read_known_facts(record, terms, (begins_at, now), now)
    return await asyncio.to_thread(_shares, terms, facts)


def _shares(terms: FigureTarget, facts: KnownWindowFacts) -> Mapping[str, Fraction]:
    begins_at, now = facts.span
    found = {}
    for name, length in RECENT_WINDOWS.items():
        # The minute of its beginning belongs to a window, because events are counted by the minute.
        start = max(begins_at, (now - length) // MINUTE * MINUTE)
        figure = explanation_dispatch.explain_window_figure(terms, replace(facts, span=(start, now)), brief=True).figure
        if figure is not None:
            found[name] = 1 - figure if terms.promise.comparison == AT_LEAST else figure
    return found
