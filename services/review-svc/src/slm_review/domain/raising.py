"""The rule for proposing better targets: exact arithmetic on the latest closed windows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from slm_review.domain import exact
from slm_review.domain.findings import AttainedWindow

_CEILINGS = {"percent": Fraction(100), "ratio": Fraction(1)}
"""The best possible figure, by unit. A target without one has no error budget."""
_WHOLE = frozenset({"count", "outages"})
_COVERED = Fraction(95)
"""The percentage of a window that must be known for its figure to count."""
_PLACES = 10**4
"""Proposed objectives have four decimals, rounded to the easier side."""


def comfortable_limit(objective: dict[str, Any]) -> Fraction | None:
    """Return the figure from which on half of the error budget is left; None if there is no budget."""
    unit = objective.get("unit")
    if "at_least" in objective:
        least = exact.parse(objective["at_least"])
        ceiling = _CEILINGS.get(unit or "ratio")
        return None if ceiling is None or least >= ceiling else least + (ceiling - least) / 2
    if "at_most" in objective:
        most = exact.parse(objective["at_most"])
        return most / 2 if most > 0 else None
    return None


def counts(window: AttainedWindow) -> bool:
    """Whether the window's figure counts: it was not overturned by a dispute, and enough of the window is known."""
    if window.figure is None or window.verdict not in ("met", "breached") or window.restatement_cause == "dispute":
        return False
    return window.coverage_percent is not None and exact.parse(window.coverage_percent) >= _COVERED


def is_comfortable(window: AttainedWindow) -> bool:
    """Whether the window was met with at least half of the error budget left."""
    return _is_within(window, comfortable_limit(window.objective))


def _is_within(window: AttainedWindow, limit: Fraction | None) -> bool:
    if limit is None or window.figure is None or window.verdict != "met":
        return False
    figure = exact.parse(window.figure)
    return figure >= limit if "at_least" in window.objective else figure <= limit


def comfortable_run(latest: Sequence[AttainedWindow], needed: int) -> list[AttainedWindow]:
    """Return the latest ``needed`` windows if all were met comfortably under one objective; else an empty list.

    ``latest`` are the windows that closed last, in order, without those in which nothing was scheduled. A window that
    does not count ends the run, because its real result is unknown.
    """
    run = list(latest[-needed:])
    if len(run) < max(needed, 1) or any(each.objective != run[-1].objective for each in run):
        return []
    if not all(counts(each) for each in run):
        return []
    limit = comfortable_limit(run[-1].objective)
    return run if all(_is_within(each, limit) for each in run) else []


def raised(run: Sequence[AttainedWindow]) -> dict[str, Any] | None:
    """Return the objective that a run allows: half the way to its best figure, but never tighter than its worst.

    None if it is not tighter than the present one.
    """
    objective, figures = run[-1].objective, [exact.parse(each.figure or "0") for each in run]
    if "at_least" in objective:
        least = exact.parse(objective["at_least"])
        found = min(least + (max(figures) - least) / 2, min(figures))
        better = _rounded(found, 1 if run[-1].aggregation in _WHOLE else _PLACES, up=False)
        return {**objective, "at_least": exact.write(better)} if better > least else None
    most = exact.parse(objective["at_most"])
    found = max(most - (most - min(figures)) / 2, max(figures))
    better = _rounded(found, 1 if run[-1].aggregation in _WHOLE else _PLACES, up=True)
    return {**objective, "at_most": exact.write(better)} if better < most else None


def easiest(objectives: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the objective that is easiest to meet, which all instances of a target can keep."""
    if "at_least" in objectives[0]:
        return min(objectives, key=lambda each: exact.parse(each["at_least"]))
    return max(objectives, key=lambda each: exact.parse(each["at_most"]))


def _rounded(value: Fraction, places: int, *, up: bool) -> Fraction:
    scaled = value * places
    whole = -(-scaled.numerator // scaled.denominator) if up else scaled.numerator // scaled.denominator
    return Fraction(whole, places)
