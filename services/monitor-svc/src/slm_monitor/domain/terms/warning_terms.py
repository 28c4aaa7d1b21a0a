"""When a target is at risk, as its terms say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_monitor.domain.terms import burn_rate, objectives
from slm_monitor.domain.terms.objectives import Objective


@dataclass(frozen=True)
class WarningTerms:
    """When a target is at risk. ``budget_consumed``: shares of the budget; ``drops``: (share of the budget, within
    how many microseconds); ``exhaustion``: microseconds to the projected end of the budget; ``min_events``: fewer
    events than these never warn; ``reopens_within``: a warning that comes back so soon after it cleared is the same."""

    budget_consumed: tuple[Fraction, ...] = ()
    pairs: tuple[burn_rate.BurnRatePair, ...] = ()
    projected: bool = False
    drops: tuple[tuple[Fraction, int], ...] = ()
    exhaustion: tuple[int, ...] = ()
    min_events: int = 0
    again_after: int = 3_600_000_000


def parse_warnings(
    written: Mapping[str, Any], promised: Objective | None, kind: str, window: str, rolling: int
) -> WarningTerms:
    """The warnings of a target with such a window; none of what is promised nothing of."""
    if promised is None:
        return WarningTerms()
    shares = tuple(Fraction(str(share)) / 100 for share in written.get("budget_consumed") or ())
    least = int(written.get("min_events") or 0)
    if promised.unit != objectives.PERCENT:
        # Of a number nothing burns; of at most so many, shares of them can be spent.
        return WarningTerms(shares if promised.value else (), min_events=least)
    if not promised.allowed:
        # What has no budget warns of none of it: the first bad event is the breach.
        return WarningTerms(min_events=least)
    objective = 1 - promised.allowed
    pairs: tuple[burn_rate.BurnRatePair, ...] = ()
    if written.get("burn_rate") == "default":
        period = rolling if kind == "rolling" else burn_rate.NOMINAL.get(window, 0)
        pairs = burn_rate.default_pairs(objective, period)
    elif written.get("burn_rate"):
        pairs = tuple(burn_rate.parse_pair(pair) for pair in written["burn_rate"])
    return WarningTerms(
        shares,
        pairs,
        written.get("projected") is True,
        tuple(
            (Fraction(str(each["by"])) / 100, durations.from_iso(each["within"]))
            for each in written.get("budget_drop") or ()
        ),
        tuple(durations.from_iso(each) for each in written.get("time_to_exhaustion") or ()),
        least,
    )


def reopens_within(written: str | None, rolling: int) -> int:
    """So soon after it cleared, microseconds, a warning that comes back is the same one: an hour where the terms do
    not say, and no longer than a rolling window is."""
    length = WarningTerms.again_after if written is None else durations.from_iso(written)
    return min(length, rolling) if rolling else length
