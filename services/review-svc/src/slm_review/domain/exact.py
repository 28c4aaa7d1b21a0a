"""Exact numbers and their text, as terms and events contain it."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache


@lru_cache(maxsize=5_000)
def parse_exact(text: str) -> Fraction:
    """Return the exact number in a text such as ``"99.9"`` or ``"1999/20"``; raises ValueError for other text."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(
            f"{text!r} is not an exact number; write a decimal like 99.9 or a fraction like 1999/20"
        ) from error


def write_exact(value: Fraction) -> str:
    """Return the shortest exact text of a number: a decimal if one exists, else ``numerator/denominator``."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    places = max(twos, fives)
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    sign = "-" if value < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
