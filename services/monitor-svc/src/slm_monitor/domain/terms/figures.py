"""Figures: exact inside, four decimals for people, and never a rounding that hides a missed objective."""

from __future__ import annotations

import math
from fractions import Fraction

_SCALE = 10_000


def exact(figure: Fraction | None) -> str | None:
    """``numerator/denominator`` in lowest terms; None stays None."""
    return None if figure is None else f"{figure.numerator}/{figure.denominator}"


def display(figure: Fraction | None, objective: Fraction | None = None, *, at_most: bool = False) -> str:
    """Four decimals, half-even; where rounding would show a missed objective as met, rounded away from it."""
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
    """(exact, display) of a share in percent that keeps its objective, by whole numbers alone."""
    whole = 100 * good
    common = math.gcd(whole, total)
    units, rest = divmod(whole * _SCALE, total)
    units += 2 * rest > total or (2 * rest == total and units % 2)
    return f"{whole // common}/{total // common}", f"{units // _SCALE}.{units % _SCALE:04d}"


def percent(share: Fraction | None) -> Fraction | None:
    """A share in [0, 1] → percent."""
    return None if share is None else share * 100
