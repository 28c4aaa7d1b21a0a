"""Comparison of answers: instants as instants, numbers to the published number of digits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_events.instants import from_text

_DIGITS = 4
"""Figures are shown with four decimals; what can be written out is not compared more loosely."""
_NUMBER = re.compile(r"-?\d+(\.\d+|/[1-9]\d*)?")
_SIGNIFICANT = 3
"""So many digits at least has a number that somebody rounded."""


def differences(ours: Any, theirs: Any, tolerance: Any = None, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(field, ours, theirs) wherever they differ; of a mapping only what theirs holds."""
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        for name, value in theirs.items():
            yield from differences(ours.get(name), value, tolerance, f"{path}.{name}".lstrip("."))
    elif isinstance(theirs, Sequence) and not isinstance(theirs, str) and isinstance(ours, Sequence):
        if len(ours) != len(theirs):
            yield path, ours, theirs
            return
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, tolerance, f"{path}[{number}]")
    elif not _same(ours, theirs, tolerance):
        yield path, ours, theirs


def _same(ours: Any, theirs: Any, tolerance: Any) -> bool:
    if isinstance(theirs, bool) or isinstance(ours, bool) or theirs is None or ours is None:
        return ours is theirs
    if isinstance(theirs, int | Decimal) and isinstance(ours, str):
        ours = _number(ours)
    if isinstance(theirs, int | Decimal) and isinstance(ours, int | Decimal | Fraction):
        return abs(Fraction(ours) - Fraction(theirs)) <= _allowed(theirs, tolerance, Fraction(ours))
    if isinstance(theirs, str) and isinstance(ours, str):
        # An instant, a length or a number is the same however it is written.
        read = ((of(theirs), of(ours)) for of in (_instant, _length, _number))
        return ours == theirs or any(there is not None and there == here for there, here in read)
    return bool(ours == theirs)


def _allowed(theirs: int | Decimal, tolerance: Any, ours: Fraction) -> Fraction:
    if tolerance is not None:
        return Fraction(tolerance)
    if isinstance(theirs, int):
        return Fraction(0)
    exponent = theirs.as_tuple().exponent
    published = -exponent if isinstance(exponent, int) else 0
    if len(theirs.as_tuple().digits) >= _SIGNIFICANT and not _ends(ours):
        # What never ends has been rounded by whoever wrote it.
        return Fraction(1, 2 * 10**published)
    return Fraction(1, 2 * 10 ** max(published, _DIGITS)) if published else Fraction(0)


def _length(text: str) -> int | None:
    try:
        return durations.from_iso(text)
    except CalendarError:
        return None


def _number(text: str) -> Fraction | None:
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def _ends(value: Fraction) -> bool:
    """Whether a fraction has a finite decimal notation."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _instant(text: str) -> int | None:
    try:
        return from_text(text)
    except ValueError:
        return None
