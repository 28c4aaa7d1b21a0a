"""When attained figures ask for a better target, and which: exact arithmetic on the latest closed windows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from slm_review.domain import exact
from slm_review.domain.findings import AttainedWindow

_CEILINGS = {"percent": Fraction(100), "ratio": Fraction(1)}
"""The best a figure can be, by unit. A target without a ceiling has no budget that could be left over."""
_WHOLE = frozenset({"count", "outages"})
_COVERED = Fraction(95)
"""Percent of a window that must be known, so that its figure says something about the rest."""
_PLACES = 10**4
"""An objective is proposed with four decimals, rounded to the easier side."""


def comfortable_limit(objective: dict[str, Any]) -> Fraction | None:
    """The figure from which on half of the budget is left over; None where there is no budget to leave."""
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
    """Whether a closed window says how well the target does: it has a figure that stands, of a window that is known.

    What a dispute has overturned, was hardly known, or was never measured, says nothing.
    """
    if window.figure is None or window.verdict not in ("met", "breached") or window.restated_because == "dispute":
        return False
    return window.coverage_percent is not None and exact.parse(window.coverage_percent) >= _COVERED


def is_comfortable(window: AttainedWindow) -> bool:
    """Met, and better than the objective by at least half the budget between the objective and the best figure."""
    limit = comfortable_limit(window.objective)
    if limit is None or window.figure is None or window.verdict != "met":
        return False
    figure = exact.parse(window.figure)
    return figure >= limit if "at_least" in window.objective else figure <= limit


def comfortable_run(latest: Sequence[AttainedWindow], needed: int) -> list[AttainedWindow]:
    """The latest ``needed`` windows if all of them were met comfortably under one objective, else nothing.

    ``latest`` are the windows that closed last, in order, without those in which nothing was scheduled. One that does
    not count ends the run: what it would have come to, nobody knows.
    """
    run = list(latest[-needed:])
    if len(run) < needed or any(not counts(each) or not is_comfortable(each) for each in run):
        return []
    return run if all(each.objective == run[-1].objective for each in run) else []


def raised(run: Sequence[AttainedWindow]) -> dict[str, Any] | None:
    """The objective that a run asks for: half the way to its best figure, and never tighter than its worst.

    None where that is no tighter than the present one.
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
    """Of objectives of one form the one that is easiest to meet: what all instances of a target can keep."""
    if "at_least" in objectives[0]:
        return min(objectives, key=lambda each: exact.parse(each["at_least"]))
    return max(objectives, key=lambda each: exact.parse(each["at_most"]))


def _rounded(value: Fraction, places: int, *, up: bool) -> Fraction:
    scaled = value * places
    whole = -(-scaled.numerator // scaled.denominator) if up else scaled.numerator // scaled.denominator
    return Fraction(whole, places)
