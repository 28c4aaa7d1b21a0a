"""The rule for proposing better objectives: exact arithmetic on the latest closed windows of a target."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from slm_review.domain import exact
from slm_review.domain.findings import AttainedWindow

_CEILINGS = {"percent": Fraction(100), "ratio": Fraction(1)}
"""Unit → the best possible figure. Objectives ``at_least`` in another unit have no error budget."""
_WHOLE = frozenset({"count", "outages"})
_COVERED = Fraction(95)
"""The percentage of a window in which the state must be known for the figure to count."""
_PLACES = 10**4
"""Proposed objectives are whole multiples of 1 / 10,000 (four decimals), rounded to the less strict side."""


def comfortable_limit(objective: dict[str, Any]) -> Fraction | None:
    """Return the figure at which half of the error budget is left; None if the objective has no budget."""
    unit = objective.get("unit")
    if "at_least" in objective:
        least = exact.parse_exact(objective["at_least"])
        ceiling = _CEILINGS.get(unit or "ratio")
        return None if ceiling is None or least >= ceiling else least + (ceiling - least) / 2
    if "at_most" in objective:
        most = exact.parse_exact(objective["at_most"])
        return most / 2 if most > 0 else None
    return None


def is_figure_reliable(window: AttainedWindow) -> bool:
    """Whether the window's figure counts: no dispute overturned it, and enough of the window was measured."""
    if window.figure is None or window.verdict not in ("met", "breached") or window.restatement_cause == "dispute":
        return False
    return window.coverage_percent is not None and exact.parse_exact(window.coverage_percent) >= _COVERED


def is_comfortable(window: AttainedWindow) -> bool:
    """Whether the window was met with at least half of the error budget left."""
    return _is_within(window, comfortable_limit(window.objective))


def _is_within(window: AttainedWindow, limit: Fraction | None) -> bool:
    if limit is None or window.figure is None or window.verdict != "met":
        return False
    figure = exact.parse_exact(window.figure)
    return figure >= limit if "at_least" in window.objective else figure <= limit


def comfortable_run(latest: Sequence[AttainedWindow], needed: int) -> list[AttainedWindow]:
    """Return the latest ``needed`` windows if all were met comfortably under one objective; else an empty list.

    ``latest`` are the windows that closed last, in order, without those that have no service time. A window whose
    figure is not reliable prevents a run, because its real result is unknown.
    """
    run = list(latest[-needed:])
    if len(run) < max(needed, 1) or any(each.objective != run[-1].objective for each in run):
        return []
    if not all(is_figure_reliable(each) for each in run):
        return []
    limit = comfortable_limit(run[-1].objective)
    return run if all(_is_within(each, limit) for each in run) else []


def raised_objective(run: Sequence[AttainedWindow]) -> dict[str, Any] | None:
    """Return the objective that a run of windows allows. None if it is not stricter than the present objective.

    It lies halfway from the present objective to the best figure of the run, but is never stricter than the worst
    figure.
    """
    objective, figures = run[-1].objective, [exact.parse_exact(each.figure or "0") for each in run]
    if "at_least" in objective:
        least = exact.parse_exact(objective["at_least"])
        found = min(least + (max(figures) - least) / 2, min(figures))
        better = _rounded(found, 1 if run[-1].aggregation in _WHOLE else _PLACES, up=False)
        return {**objective, "at_least": exact.write_exact(better)} if better > least else None
    most = exact.parse_exact(objective["at_most"])
    found = max(most - (most - min(figures)) / 2, max(figures))
    better = _rounded(found, 1 if run[-1].aggregation in _WHOLE else _PLACES, up=True)
    return {**objective, "at_most": exact.write_exact(better)} if better < most else None


def least_strict_objective(objectives: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the objective that is easiest to meet, so that all instances of a target can have it."""
    if "at_least" in objectives[0]:
        return min(objectives, key=lambda each: exact.parse_exact(each["at_least"]))
    return max(objectives, key=lambda each: exact.parse_exact(each["at_most"]))


def _rounded(value: Fraction, places: int, *, up: bool) -> Fraction:
    scaled = value * places
    whole = -(-scaled.numerator // scaled.denominator) if up else scaled.numerator // scaled.denominator
    return Fraction(whole, places)
