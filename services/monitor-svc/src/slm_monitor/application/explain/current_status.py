"""The current state of a target: its figure, the budget that is left, and the time left to act."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from slm_events.instants import UtcMicroseconds, from_text, to_text
from slm_monitor.application.explain import explanation_dispatch
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.fact_history import FactHistoryStore
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.explanations.window_result import build_budget_document
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import PERCENT
from slm_monitor.domain.terms.terms import FigureTarget, ServiceLevelTarget

_SECOND = 1_000_000


class CurrentStatusReader:
    """Calculates the current state of targets.

    The terms of an agreement are read once, however many of its targets are asked for.
    """

    def __init__(self, record: FactHistoryStore, parsed: records.ParsedTermsCache, now: UtcMicroseconds) -> None:
        self._parsed = parsed
        self._record = record
        self.now = now
        self._agreements: dict[str, AgreementTerms] = {}

    async def window_fields(self, target: Mapping[str, Any], window: Mapping[str, Any]) -> dict[str, Any]:
        """Return fields to add to a window's row, or to replace in it: the budget and the time left.

        An open calendar window of a target of states also gets its figure. This figure changes without new facts, so it
        is calculated at the time of the request.
        """
        terms = await self.find_terms(target, window["start"])
        if not isinstance(terms, FigureTarget):
            return {"budget": None, "time_left": None}
        shown: dict[str, Any] = {}
        is_calendar = terms.window_kind == "calendar"
        if terms.kind.is_of_single_facts and is_calendar and terms.indicator and window["closed_at"] is None:
            shown = await self._measured(terms, window)
        else:
            shown["budget"] = _kept(terms, window)
        return {**shown, "time_left": _left(window, shown.get("detail") or window["detail"], self.now)}

    async def find_terms(self, target: Mapping[str, Any], starts_at: UtcMicroseconds) -> ServiceLevelTarget | None:
        """Return the terms that apply to the target's window that starts at ``starts_at``; None if no terms apply.

        For a rolling window, these are the terms in force now.
        """
        agreement_id = target["agreement_id"]
        if agreement_id not in self._agreements:
            self._agreements[agreement_id] = await self._record.agreement(agreement_id)
        for line in self._parsed.lines(self._agreements[agreement_id], records.read_target_identity(target)):
            instant = self.now if line.latest.window_kind == "rolling" else starts_at
            if (terms := line.at(instant)) is not None:
                return terms
        return None

    async def _measured(self, terms: FigureTarget, window: Mapping[str, Any]) -> dict[str, Any]:
        as_of = min(self.now, window["end"])
        facts = await records.read_known_facts(self._record, terms, (window["start"], window["end"]), as_of)
        seen = await asyncio.to_thread(explanation_dispatch.explain_window_figure, terms, facts, brief=True)
        shown: dict[str, Any] = {
            "figure": figures.format_exact_fraction(terms.shown(seen.figure)),
            "figure_display": terms.display(seen.figure),
            "detail": dict(seen.sums),
            "as_of": to_text(as_of),
            "budget": seen.budget_document(),
        }
        if "up" in seen.sums:
            # The stored sums are of an earlier instant than the budget, and one answer must show one figure.
            shown |= {"good": int(seen.sums["up"]), "total": int(seen.sums["up"] + seen.sums["down"])}
        return shown


def _kept(terms: FigureTarget, window: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the budget according to the stored figures; None if the target has no budget."""
    promised, detail = terms.promise, window["detail"]
    good, total = int(window["good"]), int(window["total"])
    if promised.unit == PERCENT and not promised.allowed:
        # An objective of 100 percent has no budget, which is not the same as a budget of zero.
        return None
    kept = registry.find_kept_budget(terms, good, total, detail)
    return None if kept is None else build_budget_document(*kept)


def _left(window: Mapping[str, Any], detail: Mapping[str, Any], now: UtcMicroseconds) -> dict[str, Any] | None:
    """Return the time left in the window, and the time to the projected breach if there is one; None for a closed
    window.
    """
    if window["closed_at"] is not None:
        return None
    breach_at = detail.get("exhausted_at") or detail.get("projected_at")
    ahead = None if breach_at is None else max(0, from_text(breach_at) - now) // _SECOND
    return {
        "window_seconds": max(0, window["end"] - now) // _SECOND,
        "projected_breach_at": breach_at,
        "projected_breach_seconds": ahead,
    }
