"""Exact numbers as text: what judged documents and events carry."""

from __future__ import annotations

from fractions import Fraction


def parse(text: str) -> Fraction:
    """``"99.9"`` or ``"1999/20"`` → Fraction. Raises ValueError where it is neither."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(
            f"{text!r} is no exact number; write a decimal like 99.9 or a fraction like 1999/20"
        ) from error


def write(value: Fraction) -> str:
    """The shortest exact text: a decimal where one exists, else ``numerator/denominator``."""
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
