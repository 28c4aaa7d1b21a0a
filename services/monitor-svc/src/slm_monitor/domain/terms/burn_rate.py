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
NOMINAL = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY, "quarter": 90 * DAY, "year": 365 * DAY}
"""The nominal length of a calendar window, in microseconds: the period of its burn rates."""
_NOMINAL_PERIODS = frozenset({DAY, 7 * DAY, 28 * DAY, 30 * DAY, 90 * DAY, 365 * DAY})
_DEFAULTS = ((Fraction(2, 100), HOUR), (Fraction(5, 100), 6 * HOUR), (Fraction(1, 10), DAY), (Fraction(1, 10), 3 * DAY))
_LOWEST_FACTOR = Fraction(9, 10)


NO_BUDGET = "an objective of 100 percent has no budget"


@dataclass(frozen=True, slots=True)
class BurnRatePair:
    """Warn while the burn rate over both windows (microseconds) is strictly above the factor."""

    long: int
    short: int
    factor: Fraction

    @property
    def name(self) -> str:
        """The name of the pair in events, such as ``PT1H/PT5M@14.4``: long window, short window, factor."""
        return f"{durations.to_iso(self.long)}/{durations.to_iso(self.short)}@{float(self.factor):g}"


def default_pairs(objective: Fraction, period: int) -> tuple[BurnRatePair, ...]:
    """Return the default pairs for a period in microseconds, without those that can never fire or are not useful.

    A period that is not nominal (1, 7, 28, 30, 90, 365 days) has no default pairs.
    """
    return tuple(pair for pair, dropped in considered_pairs(objective, period) if dropped is None)


def considered_pairs(objective: Fraction, period: int) -> tuple[tuple[BurnRatePair, str | None], ...]:
    """Return every default pair for a period in microseconds, with the reason for dropping it; None if it is kept."""
    if not is_nominal(period):
        return ()
    pairs = (BurnRatePair(long, long // 12, share * period / long) for share, long in _DEFAULTS)
    return tuple((pair, _dropped(pair, objective, period)) for pair in pairs)


def is_nominal(period: int) -> bool:
    """Whether a period in microseconds has default pairs: 1, 7, 28, 30, 90 or 365 days."""
    return period in _NOMINAL_PERIODS


def _dropped(pair: BurnRatePair, objective: Fraction, period: int) -> str | None:
    """Return why a default pair is not useful for an objective and period; None if it is."""
    if objective == 1:
        return NO_BUDGET
    if pair.long >= period:
        return "its long window is not shorter than the period"
    if pair.factor < _LOWEST_FACTOR:
        return "its factor is under 0.9: it would warn of what stays within the budget"
    if not can_fire(pair, objective):
        return f"it can never fire: even with everything bad the burn rate is {float(highest_rate(objective) or 0):g}"
    return None


def can_fire(pair: BurnRatePair, objective: Fraction) -> bool:
    """Whether the burn rate can exceed the pair's factor at all: it is at most 1 ÷ (1 − objective)."""
    most = highest_rate(objective)
    return most is not None and pair.factor < most


def highest_rate(objective: Fraction) -> Fraction | None:
    """Return the burn rate when every event is bad; None for an objective of 100 %, which has no budget."""
    return None if objective == 1 else 1 / (1 - objective)


def lowest_objective(factor: Fraction) -> Fraction:
    """Return the objective above which the burn rate can exceed this factor: 1 − 1 ÷ factor."""
    return 1 - 1 / factor


def budget_spent(pair: BurnRatePair, period: int) -> Fraction:
    """Return the share of a period's budget that a burn rate equal to the factor spends within the long window."""
    return pair.factor * pair.long / period


def detection_time(pair: BurnRatePair, objective: Fraction, bad: Fraction = Fraction(1)) -> Fraction | None:
    """Return the microseconds until both windows reach the factor, after the bad share jumps from zero to ``bad``.

    None if a window never reaches it.
    """
    longest = pair.factor * (1 - objective) * max(pair.long, pair.short) / bad
    return longest if longest <= max(pair.long, pair.short) else None


def exhaustion_time(factor: Fraction, period: int) -> Fraction:
    """Return the microseconds in which the whole budget of a period is spent at a burn rate of ``factor``."""
    return period / factor


def warns_of_drop(spent: Fraction, by: Fraction) -> bool:
    """Whether the share of the budget spent within a time is a drop worth a warning: equality warns."""
    return spent >= by


def warns_of_exhaustion(left: Fraction | int | None, under: int | Fraction) -> bool:
    """Whether the budget will be exhausted in less than a limit at the present pace (both in microseconds).

    ``left`` is None if it will never be exhausted, and 0 if it is exhausted already.
    """
    return left is not None and left < under


def parse_pair(document: Mapping[str, Any], period: int = 0) -> BurnRatePair:
    """Parse ``{"long": "PT10M", "short": "PT1M", "factor": "3"}``.

    Instead of a factor, ``budget_share`` may say which share of the period's budget may be spent within the long
    window. The default of ``short`` is a twelfth of ``long``.
    """
    long = durations.from_iso(document["long"], "long")
    short = durations.from_iso(document["short"], "short") if "short" in document else long // 12
    if "factor" in document:
        return BurnRatePair(long, short, Fraction(str(document["factor"])))
    return BurnRatePair(long, short, Fraction(str(document["budget_share"])) * period / long)


def burn_rate_of(bad: int | Fraction, total: int | Fraction, objective: Fraction) -> Fraction | None:
    """Return the burn rate: bad share ÷ (1 − objective); 0 if nothing was measured.

    None for an objective of 100 %, which has no budget to burn.
    """
    if objective == 1:
        return None
    if total == 0 or bad == 0:
        return Fraction(0)
    return Fraction(bad) / total / (1 - objective)
