"""Builders of the events of calendar windows: closed, restated, or adjusted after both parties accepted them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_events import monitor
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.lifecycle.target_events import build_window_fields
from slm_monitor.domain.lifecycle.target_state import TargetWindow, WindowAdjustment
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FigureTarget


@dataclass(frozen=True, slots=True)
class AdjustedResult:
    """The result that an accepted window would have by all facts known now.

    ``accepted_at``: when both parties accepted the window. ``before``: the result last published. ``present``: the
    result by all facts known now, from the evaluation ``finding``. ``booked_in``: the id of the open window in which
    the difference is booked; None if no window is open.
    """

    accepted_at: UtcMicroseconds
    before: WindowAdjustment
    present: WindowAdjustment
    finding: WindowEvaluation
    booked_in: str | None

    @property
    def difference(self) -> str | None:
        """The present figure less the figure before, exact; None if one of them does not exist."""
        if self.present.figure is None or self.before.figure is None:
            return None
        return figures.format_exact_fraction(Fraction(self.present.figure) - Fraction(self.before.figure))


def _closed(terms: FigureTarget, window: TargetWindow) -> dict[str, Any]:
    seconds = {name: window.detail.get(name, 0) // 1_000_000 for name in ("excluded", "unknown", "down")}
    return {
        **build_window_fields(terms, window.window_id, window.start, window.end),
        "verdict": window.verdict,
        "revision": window.revision,
        "objective": dict(terms.objective_document),
        "aggregation": terms.aggregation,
        "unit": terms.promise.unit,
        "figure": window.figure,
        "figure_display": window.display,
        "raw_figure": window.detail.get("raw_figure", window.figure),
        "good": str(window.good),
        "total": str(window.total),
        "excluded_seconds": seconds["excluded"],
        "exclusions": window.detail.get("exclusions", []),
        "unknown_seconds": seconds["unknown"],
        "downtime_seconds": seconds["down"],
        "inconsistent_tickets": window.detail.get("inconsistent_tickets", 0),
        "budget_consumed_percent": window.detail.get("consumed_percent"),
        "weight": terms.weight,
        "coverage_percent": window.detail.get("coverage_percent"),
        "no_data_reason": window.detail.get("no_data_reason"),
    }


def build_window_closed(terms: FigureTarget, window: TargetWindow, *, now: UtcMicroseconds) -> monitor.WindowClosed:
    return monitor.WindowClosed(**_closed(terms, window), closed_at=to_text(now))


def build_window_restated(
    terms: FigureTarget, window: TargetWindow, *, before: dict[str, Any], cause: str, now: UtcMicroseconds
) -> monitor.WindowRestated:
    return monitor.WindowRestated(**_closed(terms, window), closed_at=to_text(now), cause=cause, before=before)


def build_window_adjusted(
    terms: FigureTarget, window: TargetWindow, adjusted: AdjustedResult, *, cause: str, now: UtcMicroseconds
) -> monitor.WindowAdjusted:
    """Build a WindowAdjusted event about an accepted window."""
    present, before, finding = adjusted.present, adjusted.before, adjusted.finding
    return monitor.WindowAdjusted(
        **build_window_fields(terms, window.window_id, window.start, window.end),
        revision=window.revision,
        number=present.number,
        booked_in_window_id=adjusted.booked_in,
        verdict=present.verdict,
        figure=present.figure,
        figure_display=terms.display(finding.figure),
        good=str(finding.good),
        total=str(finding.total),
        difference=adjusted.difference,
        cause=cause,
        before={"verdict": before.verdict, "figure": before.figure},
        accepted_at=to_text(adjusted.accepted_at),
        published_at=to_text(now),
    )
