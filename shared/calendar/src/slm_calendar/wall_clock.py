"""Times of day as text, from ``"00:00"`` to ``"24:00"``."""

from __future__ import annotations

import re
from itertools import pairwise

from slm_calendar.errors import Finding, finding
from slm_calendar.hours_definition import DayIntervals
from slm_calendar.intervals import Interval
from slm_calendar.local_time import DAY, SECOND

_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")


def parse_time_of_day(text: object) -> int | None:
    """Return the microseconds since midnight of ``"08:30"``, ``"08:30:15"`` or ``"24:00"``; None if it is no time of
    day.
    """
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    microseconds = ((hours * 60 + minutes) * 60 + seconds) * SECOND
    return microseconds if microseconds <= DAY else None


def write_time_of_day(microseconds: int) -> str:
    """Return the text of microseconds since midnight (whole seconds), such as ``"08:30"``; seconds only if they are not
    0.
    """
    minutes, seconds = divmod(microseconds // SECOND, 60)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{clock}:{seconds:02d}" if seconds else clock


def write_day_intervals(hours: DayIntervals) -> list[list[str]]:
    """Return a day's intervals as pairs of text, such as ``[["08:00", "18:00"]]``."""
    return [[write_time_of_day(opens), write_time_of_day(closes)] for opens, closes in hours]


def parse_day_intervals(pairs: object, field: str, errors: list[Finding]) -> DayIntervals:
    """Parse pairs of text such as ``[["08:00", "18:00"]]``; return the intervals, sorted. Each error is appended to
    ``errors``.
    """
    if not isinstance(pairs, list | tuple):
        errors.append(finding(field, pairs, 'write a list of pairs such as [["08:00", "12:00"], ["13:00", "18:00"]]'))
        return ()
    hours = sorted(pair for index, each in enumerate(pairs) if (pair := _interval(each, f"{field}[{index}]", errors)))
    for (_, closes), (opens, _) in pairwise(hours):
        if opens < closes:
            remedy = f"it overlaps the interval before, which closes at {write_time_of_day(closes)}; make them one"
            errors.append(finding(field, write_time_of_day(opens), remedy))
    return tuple(hours)


def _time_remedy(wrong: object) -> str:
    """Return the remedy for an invalid time of day. For ``9:00``, which only lacks a digit, it names ``09:00``."""
    meant = f"0{wrong}"
    if isinstance(wrong, str) and parse_time_of_day(meant) is not None:
        return f'write "{meant}": hours and minutes have two digits each'
    return 'write a time of day with two digits each, from "00:00" to "24:00"'


def _interval(pair: object, field: str, errors: list[Finding]) -> Interval | None:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        errors.append(finding(field, pair, 'write a pair such as ["08:00", "18:00"]'))
        return None
    opens, closes = parse_time_of_day(pair[0]), parse_time_of_day(pair[1])
    if opens is None or closes is None:
        wrong = pair[0] if opens is None else pair[1]
        errors.append(finding(field, wrong, _time_remedy(wrong)))
        return None
    if closes <= opens:
        remedy = "closing must be after opening; hours past midnight are two intervals, to 24:00 and from 00:00"
        errors.append(finding(field, f"{pair[0]}-{pair[1]}", remedy))
        return None
    return opens, closes
