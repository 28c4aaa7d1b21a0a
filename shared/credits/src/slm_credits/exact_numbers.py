"""Exact numbers: read from documents, written as text, and rounded once to the minor unit of a currency."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction

NUMBER = r"\d{1,30}(\.\d{1,30}|/[1-9]\d{0,29})?"
"""The pattern of an exact number of at least 0, as text."""
_SIGNED = re.compile(f"-?{NUMBER}")
_DOUBLE_DIGITS = 15
"""A decimal literal with up to 15 significant digits survives the conversion to a double and back."""


def read_number(value: object) -> Fraction | None:
    """Return text such as ``"99.9"`` or ``"1/3"``, or a JSON number, as an exact number; None for any other value.

    A float counts as the decimal literal that it was read from, which can be recovered for up to 15 digits.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        literal = Decimal(repr(value))
        if not literal.is_finite() or len(literal.normalize().as_tuple().digits) > _DOUBLE_DIGITS:
            return None
        value = format(literal, "f")
    text = str(value) if isinstance(value, int) and abs(value) < 10**30 else value
    return Fraction(text) if isinstance(text, str) and _SIGNED.fullmatch(text) else None


def number_to_text(number: Fraction) -> str:
    """Return a number as text: a decimal without rounding or, if its decimals would never end, a fraction."""
    rest, places = number.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        places = max(places, count)
    if rest != 1:
        return str(number)
    digits = f"{abs(int(number * 10**places)):0{places + 1}d}"
    sign = "-" if number < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def round_half_up(amount: Fraction, places: int) -> int:
    """Return an amount of money of at least 0 as a whole number of minor units, half a unit rounded up."""
    return math.floor(amount * Fraction(10**places) + Fraction(1, 2))


def whole_units(amount: Fraction, places: int) -> int:
    """Return an amount of money as a whole number of minor units, rounded down, so that it never exceeds a limit."""
    return math.floor(amount * Fraction(10**places))


def money_to_text(units: int, places: int) -> str:
    """Return a number of minor units as text, such as ``250.00``."""
    return str(Decimal(units).scaleb(-places)) if places else str(units)
