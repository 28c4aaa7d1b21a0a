"""When attained figures ask for a better target, and which: exact arithmetic on closed windows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from slm_review.domain import exact
from slm_review.domain.findings import AttainedWindow

_CEILINGS = {"percent": Fraction(100), "ratio": Fraction(1)}
"""The best a figure can be, by unit. A target without a ceiling has no budget that could be left over."""
_WHOLE = frozenset({"count", "outages"})


def raised(objective: dict[str, Any], aggregation: str = "") -> dict[str, Any] | None:
    """The objective that takes away half the budget: 99.9 % → 99.95 %, at most 4 → at most 2.

    None where there is no budget to take from, or no known best figure.
    """
    unit = objective.get("unit")
    if "at_least" in objective:
        least = exact.parse(objective["at_least"])
        ceiling = _CEILINGS.get(unit or "ratio")
        if ceiling is None or least >= ceiling:
            return None
        return {**objective, "at_least": exact.write(least + (ceiling - least) / 2)}
    if "at_most" in objective:
        most = exact.parse(objective["at_most"])
        half = Fraction(most // 2) if aggregation.split(":")[0] in _WHOLE else most / 2
        return {**objective, "at_most": exact.write(half)} if half < most else None
    return None


def is_comfortable(window: AttainedWindow) -> bool:
    """Met, and better than the objective by at least half the budget between the objective and the best figure."""
    better = raised(window.objective, window.aggregation)
    if window.verdict != "met" or window.figure is None or better is None:
        return False
    figure = exact.parse(window.figure)
    if "at_least" in better:
        return figure >= exact.parse(better["at_least"])
    return figure <= exact.parse(better["at_most"])


def comfortable_run(windows: Sequence[AttainedWindow], needed: int) -> list[AttainedWindow]:
    """The first ``needed`` comfortable windows in a row, oldest first; nothing where there are none.

    Only windows judged by one objective make a run. One without a value neither counts nor breaks. The first run and
    not the newest, so that it does not matter how much was heard when it is looked for.
    """
    run: list[AttainedWindow] = []
    for window in sorted(windows, key=lambda window: (window.window_start_at or 0, window.window_id)):
        if window.verdict not in ("met", "breached"):
            continue
        if not is_comfortable(window):
            run = []
            continue
        run = [*run, window] if run and run[-1].objective == window.objective else [window]
        if len(run) == needed:
            return run
    return []
