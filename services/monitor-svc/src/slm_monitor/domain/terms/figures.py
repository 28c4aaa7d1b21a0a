"""Figures as text: exact fractions, and four decimals for people, rounded so that a missed
objective never looks met.
"""

from __future__ import annotations

import math
from fractions import Fraction

_SCALE = 10_000


def format_exact_fraction(figure: Fraction | None) -> str | None:
    """Return a figure as ``numerator/denominator`` in lowest terms; None if there is no figure."""
    return None if figure is None else f"{figure.numerator}/{figure.denominator}"


def format_rounded_figure(figure: Fraction | None, objective: Fraction | None = None, *, at_most: bool = False) -> str:
    """Return a figure with four decimals, rounded half-even.

    If rounding would show a missed objective as met, the figure is rounded away from the objective instead. Without a
    figure the result is a dash; without an objective the figure is just rounded.
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


def format_percent_of_counts(good: int, total: int) -> tuple[str, str]:
    """Return (exact, display) of the share good ÷ total in percent, computed with integers only, for speed.

    Use it only for a share that meets its objective. A share that misses its objective may need to be rounded away from
    the objective.
    """
    whole = 100 * good
    common = math.gcd(whole, total)
    units, rest = divmod(whole * _SCALE, total)
    units += 2 * rest > total or (2 * rest == total and units % 2)
    return f"{whole // common}/{total // common}", f"{units // _SCALE}.{units % _SCALE:04d}"


def convert_share_to_percent(share: Fraction | None) -> Fraction | None:
    """Convert a share in [0, 1] to percent; None if there is no share."""
    return None if share is None else share * 100
