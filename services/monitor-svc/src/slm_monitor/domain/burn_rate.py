"""Burn rate warnings: how fast the error budget is being spent, over a long and a short window at once.

Factor = share of the budget × period ÷ long window (the SRE workbook, chapter 5); the short window is a twelfth.
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
"""Nominal length of a calendar window, microseconds."""
_NOMINAL_PERIODS = frozenset({DAY, 7 * DAY, 28 * DAY, 30 * DAY, 90 * DAY, 365 * DAY})
_DEFAULTS = ((Fraction(2, 100), HOUR), (Fraction(5, 100), 6 * HOUR), (Fraction(1, 10), DAY), (Fraction(1, 10), 3 * DAY))
_LOWEST_FACTOR = Fraction(9, 10)


@dataclass(frozen=True, slots=True)
class Pair:
    """Warn while the burn rate over both windows (microseconds) is strictly above the factor."""

    long: int
    short: int
    factor: Fraction

    @property
    def name(self) -> str:
        """``PT1H/PT5M@14.4``."""
        return f"{durations.to_iso(self.long)}/{durations.to_iso(self.short)}@{float(self.factor):g}"


def default_pairs(objective: Fraction, period: int) -> tuple[Pair, ...]:
    """The default pairs for a period of microseconds; those that can never fire, or make no sense, are left out.

    A period that is not nominal (1, 7, 28, 30, 90, 365 days) has no default pairs.
    """
    if period not in _NOMINAL_PERIODS:
        return ()
    pairs = (Pair(long, long // 12, share * period / long) for share, long in _DEFAULTS)
    return tuple(
        pair for pair in pairs if pair.long < period and pair.factor >= _LOWEST_FACTOR and can_fire(pair, objective)
    )


def can_fire(pair: Pair, objective: Fraction) -> bool:
    """Even if everything fails, the burn rate is 1 ÷ (1 − objective) at most."""
    return objective == 1 or pair.factor < 1 / (1 - objective)


def parse_pair(document: Mapping[str, Any]) -> Pair:
    """``{"long": "PT10M", "short": "PT1M", "factor": "3"}`` → a pair."""
    return Pair(
        durations.from_iso(document["long"]), durations.from_iso(document["short"]), Fraction(str(document["factor"]))
    )


def of(bad: int, total: int, objective: Fraction) -> Fraction:
    """Bad share ÷ (1 − objective); 0 where nothing was measured. With an objective of 100 % any bad share is unbounded:
    it is then given as the bad count times a thousand, above any factor in use."""
    if total == 0 or bad == 0:
        return Fraction(0)
    allowed = 1 - objective
    return Fraction(bad, total) / allowed if allowed else Fraction(1000 * bad)
