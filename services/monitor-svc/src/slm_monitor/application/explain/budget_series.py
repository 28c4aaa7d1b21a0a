"""A window's figure and error budget over time: the values at each step since the window began, for charts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.explain import explanation_dispatch
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.fact_history import FactHistoryStore
from slm_monitor.domain.explanations.window_result import KnownWindowFacts
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FigureTarget

MOST_POINTS = 1000


def list_step_instants(span: Interval, step: int, present: UtcMicroseconds) -> list[UtcMicroseconds]:
    """Return the end (µs) of each step from the window's start on; the last is the present or the window's end.

    ``span``: the window; ``step``: length of a step, µs.
    """
    last = min(span[1], present)
    return [*range(span[0] + step, last, step), last]


async def compute_budget_series(
    record: FactHistoryStore,
    terms: FigureTarget,
    span: Interval,
    step: int,
    present: UtcMicroseconds,
    known_at: UtcMicroseconds | None = None,
) -> list[dict[str, Any]]:
    """Return the figure and the budget at the end of each step, as JSON.

    Both are calculated from the facts about the time before the end of the step. ``known_at``: only facts known at that
    instant are used; None: all facts known now.
    """
    facts = await records.read_known_facts(record, terms, span, min(present, span[1] + terms.closing_delay), known_at)
    return await asyncio.to_thread(_points, terms, facts, list_step_instants(span, step, present))


def _points(terms: FigureTarget, facts: KnownWindowFacts, instants: Sequence[UtcMicroseconds]) -> list[dict[str, Any]]:
    found = []
    for at in instants:
        # One microsecond before the step ends: an event at its end belongs to the next step.
        seen = explanation_dispatch.explain_window_figure(terms, replace(facts, as_of=at, until=at - 1), brief=True)
        found.append(
            {
                "at": to_text(at),
                "figure": figures.format_exact_fraction(terms.shown(seen.figure)),
                "figure_display": terms.display(seen.figure),
                "budget": seen.budget_document(),
                "burn_rate": figures.format_exact_fraction(seen.burn),
            }
        )
    return found
