"""Figures as text: exact fractions, and four decimals for people that never show a missed objective as met."""

from __future__ import annotations

import math
from fractions import Fraction

_SCALE = 10_000


def exact(figure: Fraction | None) -> str | None:
    """Return ``numerator/denominator`` in lowest terms; None for None."""
    return None if figure is None else f"{figure.numerator}/{figure.denominator}"


def display(figure: Fraction | None, objective: Fraction | None = None, *, at_most: bool = False) -> str:
    """Return a figure with four decimals, rounded half-even.

    If rounding would show a missed objective as met, the figure is rounded away from the objective instead.
    """
    if figure is None:
        return "–"
    units = round(figure * _SCALE)
    if objective is not None and not at_most and figure < objective <= Fraction(units, _SCALE):
        units = (figure * _SCALE).__floor__()
    if objective is not None and at_most and figure > objective >= Fraction(units, _SCALE):
        units = (figure * _SCALE).__ceil__()
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), _SCALE)
    return f"{sign}{whole}.{rest:04d}"


def of_counts(good: int, total: int) -> tuple[str, str]:
    """Return (exact, display) of the share good ÷ total in percent. It must meet its objective. Integers only, for
    speed.
    """
    whole = 100 * good
    common = math.gcd(whole, total)
    units, rest = divmod(whole * _SCALE, total)
    units += 2 * rest > total or (2 * rest == total and units % 2)
    return f"{whole // common}/{total // common}", f"{units // _SCALE}.{units % _SCALE:04d}"


def percent(share: Fraction | None) -> Fraction | None:
    """Convert a share in [0, 1] to percent."""
    return None if share is None else share * 100
