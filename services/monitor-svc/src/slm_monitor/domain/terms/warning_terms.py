"""The terms that say when a target is at risk, and their parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.windows import cycle_named
from slm_events.aggregations import ROLLING
from slm_monitor.domain.terms import burn_rate, objectives
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.window_terms import WindowTerms


@dataclass(frozen=True)
class WarningTerms:
    """The conditions under which a target is at risk.

    * ``budget_consumed``: shares of the budget. The target is at risk when such a share is spent.
    * ``pairs``: the target is at risk when the burn rates over both windows of a pair are above the pair's factor.
    * ``projected``: whether the target is at risk when its projected figure misses the objective.
    * ``drops``: (share of the budget, microseconds). The target is at risk when this share is spent within this time.
    * ``exhaustion``: microseconds. The target is at risk when the budget is projected to last for less than this time.

    ``min_events``: with fewer events there is no warning. ``again_after``: a warning that returns within this time
    (microseconds) after it cleared is the same warning.
    """

    budget_consumed: tuple[Fraction, ...] = ()
    pairs: tuple[burn_rate.BurnRateWindowPair, ...] = ()
    projected: bool = False
    drops: tuple[tuple[Fraction, int], ...] = ()
    exhaustion: tuple[int, ...] = ()
    min_events: int = 0
    again_after: int = 3_600_000_000


def parse_warning_terms(written: Mapping[str, Any], promised: Objective | None, window: WindowTerms) -> WarningTerms:
    """Parse the warnings of a target with this objective and window. A target without an objective has no warnings.

    Default burn rates depend on the usual length of the window: the occurrences of a critical period have none, so they
    have only the burn rates that the terms write. Raises ValueError.
    """
    if promised is None:
        return WarningTerms()
    shares = tuple(Fraction(str(share)) / 100 for share in written.get("budget_consumed") or ())
    least = int(written.get("min_events") or 0)
    if promised.unit != objectives.PERCENT:
        # A figure that is not a share has no burn rate; an allowed number of events or minutes can be spent in shares.
        return WarningTerms(shares if promised.value else (), min_events=least)
    if not promised.allowed:
        # An objective of 100 percent has no budget to warn about: the first bad event is the breach.
        return WarningTerms(min_events=least)
    objective = 1 - promised.allowed
    pairs: tuple[burn_rate.BurnRateWindowPair, ...] = ()
    if written.get("burn_rate") == "default":
        if window.schedule is not None and window.schedule.period is not None:
            raise ValueError(f"occurrences of {window.name} have no default burn rates; write pairs, or null")
        period = (
            window.rolling_microseconds
            if window.kind == ROLLING
            else burn_rate.NOMINAL_WINDOW_LENGTHS[cycle_named(window.name).kind]
        )
        pairs = burn_rate.list_default_burn_rate_pairs(objective, period)
    elif written.get("burn_rate"):
        pairs = tuple(burn_rate.parse_burn_rate_pair(pair) for pair in written["burn_rate"])
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


def get_risk_reopening_time(written: str | None, rolling: int) -> int:
    """Return the time, in microseconds, within which a warning that cleared and returns is the same warning.

    This time is one hour unless the terms say otherwise, and at most the length ``rolling`` of a rolling window (0: not
    rolling).
    """
    length = WarningTerms.again_after if written is None else durations.from_iso(written)
    return min(length, rolling) if rolling else length
