"""Sums that explain a figure: lines that add up, and the words for the lengths of time in these lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from slm_console.views.reader import HOUR, MINUTE, SECOND, Reader


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a sum. ``sign`` is the operator before its amount, such as ``−`` or ``=``; empty for the first line."""

    label: str
    amount: str
    sign: str = ""
    mark: str = ""
    """State mark of an amount that is excluded, missing or bad; else empty."""
    exact: str = ""
    """The exact amount, if the shown one is rounded; else empty."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The explanation of a figure in sentences and as the lines of a sum."""

    sentences: Sequence[str]
    lines: Sequence[Line]


def hours_in_words(reader: Reader, microseconds: int) -> str:
    """Return a length of time in hours, minutes and seconds, never in days: ``719 h``, ``41 min 10 s``.

    It is rounded to whole seconds; ``exact_hours`` returns the exact length.
    """
    length = abs(microseconds)
    if 0 < length < SECOND:
        return reader.gettext("less than 1 s")
    return _in_parts(reader, whole_seconds(length), 0)


def exact_hours(reader: Reader, microseconds: int) -> str:
    """Return a length of time to the microsecond: ``12 min 39.714736 s``; empty if it is a number of whole seconds."""
    return "" if microseconds % SECOND == 0 else _in_parts(reader, abs(microseconds), 6)


def whole_seconds(microseconds: int) -> int:
    """Return a length of time rounded to whole seconds; argument and result are in microseconds."""
    return round(Fraction(microseconds, SECOND)) * SECOND


def _in_parts(reader: Reader, microseconds: int, places: int) -> str:
    hours, rest = divmod(microseconds, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    parts = []
    if hours:
        parts.append(reader.gettext("%(count)s h", count=reader.whole(hours)))
    if minutes:
        parts.append(reader.gettext("%(count)s min", count=reader.whole(minutes)))
    if rest or not parts:
        parts.append(reader.gettext("%(count)s s", count=reader.decimal(Fraction(rest, SECOND), places)))
    return " ".join(parts)
