"""Burn rate warnings: how fast the error budget is being spent, over a long and a short window at once.

A burn rate of 1 spends the whole budget in exactly one period. Factor = share of the budget × period ÷ long window
(Google's Site Reliability Workbook, chapter 5); the short window is a twelfth of the long one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_calendar import durations

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOMINAL_WINDOW_LENGTHS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY, "quarter": 90 * DAY, "year": 365 * DAY}
"""Kind of calendar window → its nominal length in microseconds. Burn rates of such a window have this period."""
_NOMINAL_PERIODS = frozenset({DAY, 7 * DAY, 28 * DAY, 30 * DAY, 90 * DAY, 365 * DAY})
_DEFAULTS = ((Fraction(2, 100), HOUR), (Fraction(5, 100), 6 * HOUR), (Fraction(1, 10), DAY), (Fraction(1, 10), 3 * DAY))
_LOWEST_FACTOR = Fraction(9, 10)


NO_BUDGET = "an objective of 100 percent has no budget"


@dataclass(frozen=True, slots=True)
class BurnRateWindowPair:
    """A long and a short window (microseconds): the target is at risk while the burn rate over both is above the
    factor.
    """

    long: int
    short: int
    factor: Fraction

    @property
    def name(self) -> str:
        """The name of the pair in events, such as ``PT1H/PT5M@14.4``: long window, short window, factor."""
        return f"{durations.to_iso(self.long)}/{durations.to_iso(self.short)}@{float(self.factor):g}"


def list_default_burn_rate_pairs(objective: Fraction, period: int) -> tuple[BurnRateWindowPair, ...]:
    """Return the default pairs for an objective and a period in microseconds, without pairs that can never fire or are
    not useful.

    Only periods of 1, 7, 28, 30, 90 and 365 days have default pairs.
    """
    return tuple(pair for pair, dropped in list_default_pairs_with_drop_reasons(objective, period) if dropped is None)


def list_default_pairs_with_drop_reasons(
    objective: Fraction, period: int
) -> tuple[tuple[BurnRateWindowPair, str | None], ...]:
    """Return (pair, reason) for every default pair of a period in microseconds. The reason says why the pair is left
    out; None: the pair is used.
    """
    if not has_default_burn_rate_pairs(period):
        return ()
    pairs = (BurnRateWindowPair(long, long // 12, share * period / long) for share, long in _DEFAULTS)
    return tuple((pair, _dropped(pair, objective, period)) for pair in pairs)


def has_default_burn_rate_pairs(period: int) -> bool:
    """Whether a period in microseconds has default pairs: 1, 7, 28, 30, 90 or 365 days."""
    return period in _NOMINAL_PERIODS


def _dropped(pair: BurnRateWindowPair, objective: Fraction, period: int) -> str | None:
    """Return why a default pair is not useful for an objective and period; None if the pair is useful."""
    if objective == 1:
        return NO_BUDGET
    if pair.long >= period:
        return "its long window is not shorter than the period"
    if pair.factor < _LOWEST_FACTOR:
        return "its factor is under 0.9: it would warn of what stays within the budget"
    if not can_burn_rate_pair_fire(pair, objective):
        highest = float(compute_highest_burn_rate(objective) or 0)
        return f"it can never fire: even with everything bad the burn rate is {highest:g}"
    return None


def can_burn_rate_pair_fire(pair: BurnRateWindowPair, objective: Fraction) -> bool:
    """Whether the burn rate can exceed the pair's factor at all. A burn rate is at most 1 ÷ (1 − objective)."""
    most = compute_highest_burn_rate(objective)
    return most is not None and pair.factor < most


def compute_highest_burn_rate(objective: Fraction) -> Fraction | None:
    """Return the burn rate at which every event is bad; None for an objective of 100 percent, which has no budget."""
    return None if objective == 1 else 1 / (1 - objective)


def compute_lowest_objective_for_factor(factor: Fraction) -> Fraction:
    """Return the objective (a share) above which the burn rate can exceed a factor: 1 − 1 ÷ factor."""
    return 1 - 1 / factor


def compute_budget_share_spent_by_pair(pair: BurnRateWindowPair, period: int) -> Fraction:
    """Return which share of a period's budget is spent within the long window at a burn rate equal to the pair's
    factor.
    """
    return pair.factor * pair.long / period


def compute_detection_time(
    pair: BurnRateWindowPair, objective: Fraction, bad: Fraction = Fraction(1)
) -> Fraction | None:
    """Return after how many microseconds both windows reach the factor; None if one of them never does.

    The time counts from the instant at which the share of bad events jumps from 0 to ``bad``.
    """
    longest = pair.factor * (1 - objective) * max(pair.long, pair.short) / bad
    return longest if longest <= max(pair.long, pair.short) else None


def compute_budget_exhaustion_time(factor: Fraction, period: int) -> Fraction:
    """Return in how many microseconds the whole budget of a period is spent at a burn rate of ``factor``."""
    return period / factor


def is_budget_drop_worth_warning(spent: Fraction, by: Fraction) -> bool:
    """Whether the budget spent within some time (``spent``) reaches the amount ``by``; both are in the same unit."""
    return spent >= by


def is_budget_exhausted_within(left: Fraction | int | None, under: int | Fraction) -> bool:
    """Whether the budget will be exhausted in less than ``under`` microseconds at the present pace.

    ``left`` is the time until the budget is exhausted, in microseconds: None if it will never be exhausted, 0 if it is
    exhausted already.
    """
    return left is not None and left < under


def parse_burn_rate_pair(document: Mapping[str, Any], period: int = 0) -> BurnRateWindowPair:
    """Parse ``{"long": "PT10M", "short": "PT1M", "factor": "3"}``.

    Instead of ``factor``, the document may have ``budget_share``: the share of the period's budget that may be spent
    within the long window. The default of ``short`` is a twelfth of ``long``.
    """
    long = durations.from_iso(document["long"], "long")
    short = durations.from_iso(document["short"], "short") if "short" in document else long // 12
    if "factor" in document:
        return BurnRateWindowPair(long, short, Fraction(str(document["factor"])))
    return BurnRateWindowPair(long, short, Fraction(str(document["budget_share"])) * period / long)


def compute_burn_rate(bad: int | Fraction, total: int | Fraction, objective: Fraction) -> Fraction | None:
    """Return the burn rate: (bad ÷ total) ÷ (1 − objective); 0 if nothing was measured.

    None for an objective of 100 percent, which has no budget.
    """
    if objective == 1:
        return None
    if total == 0 or bad == 0:
        return Fraction(0)
    return Fraction(bad) / total / (1 - objective)
