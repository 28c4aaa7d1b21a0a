"""The service hours that a supporting agreement leaves uncovered, and service hours in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from slm_calendar import coverage, intervals
from slm_calendar.hours_definition import WEEKDAYS
from slm_calendar.intervals import Interval
from slm_calendar.local_time import DAY, SECOND
from slm_calendar.service_hours import parse_service_hours
from slm_events.instants import UtcMicroseconds, to_text

LONGEST = 3660 * DAY
"""The longest term whose hours are compared: ten years, for which the holidays of a document are written out."""
MOST_LISTED = 10
_ALWAYS = "24x7"
_ONE_YEAR = 366 * DAY


@dataclass(frozen=True, slots=True)
class HoursGap:
    """Service hours that an agreement promises and that its supporting agreement does not cover."""

    required: str
    """The required hours in words."""
    provided: str
    """The hours of the support in words."""
    normal_week: Mapping[str, list[list[str]]]
    """Days → the uncovered times of a normal week, such as ``{"mon-fri": [["08:00", "09:00"]]}``."""
    normal_week_seconds: int
    uncovered_time: int
    """The uncovered time in microseconds, in all the time that was compared."""
    uncovered: Sequence[Interval]
    """The first uncovered intervals."""
    count: int
    """How many uncovered intervals there are."""

    def document(self) -> dict[str, Any]:
        """Return the gap as JSON, with its first uncovered intervals."""
        return {
            "required": self.required,
            "provided": self.provided,
            "normal_week": {day: [list(pair) for pair in pairs] for day, pairs in self.normal_week.items()},
            "normal_week_seconds": self.normal_week_seconds,
            "uncovered_seconds": self.uncovered_time // SECOND,
            "first_uncovered": [[to_text(opens), to_text(closes)] for opens, closes in self.uncovered],
        }

    def words(self) -> str:
        """Return the uncovered times in words."""
        if self.normal_week:
            return _week_in_words(self.normal_week)
        first = self.uncovered[0]
        more = f" and {self.count - 1} more times" if self.count > 1 else ""
        return f"{to_text(first[0])} to {to_text(first[1])}{more}"


def find_hours_gap(
    required: Sequence[Any], provided: Sequence[Any], start: UtcMicroseconds, end: UtcMicroseconds
) -> HoursGap | None:
    """Return the largest gap that ``provided`` hours leave in ``required`` hours within [start, end); None: no gap.

    ``required`` and ``provided`` are documents of service hours. Each required document is compared with the provided
    document that leaves the least time uncovered. At most the first ten years are compared.
    """
    end = min(end, start + LONGEST)
    worst: HoursGap | None = None
    for wanted in required:
        gaps = [gap for each in provided if (gap := _gap(wanted, each, start, end)) is not None]
        if len(gaps) == len(provided) and gaps:
            least = min(gaps, key=lambda gap: gap.uncovered_time)
            if worst is None or least.uncovered_time > worst.uncovered_time:
                worst = least
    return worst


def _gap(required: Any, provided: Any, start: UtcMicroseconds, end: UtcMicroseconds) -> HoursGap | None:
    if required == provided or provided == _ALWAYS or start >= end:
        return None
    return _compared(json.dumps(required, sort_keys=True), json.dumps(provided, sort_keys=True), start, end)


@lru_cache(maxsize=256)
def _compared(required: str, provided: str, start: UtcMicroseconds, end: UtcMicroseconds) -> HoursGap | None:
    """Compare two calendars in JSON. The result is cached: many targets of an agreement have the same calendar."""
    wanted, given = json.loads(required), json.loads(provided)
    hours = parse_service_hours(wanted), parse_service_hours(given)
    uncovered = coverage.uncovered_intervals(*hours, start, end)
    if not uncovered:
        return None
    week = coverage.compare_normal_week(*hours, start, min(end, start + _ONE_YEAR))
    return HoursGap(
        hours_in_words(wanted),
        hours_in_words(given),
        week.to_document(),
        week.uncovered_time // SECOND,
        intervals.total_length(uncovered),
        uncovered[:MOST_LISTED],
        len(uncovered),
    )


def hours_in_words(calendar: Any) -> str:
    """Return service hours in words, such as ``mon-fri 08:00-18:00 Europe/Berlin``."""
    if not isinstance(calendar, Mapping):
        return "around the clock"
    return f"{_week_in_words(_day_ranges(calendar.get('weekly') or {})) or 'closed'} {calendar.get('timezone', 'UTC')}"


def _day_ranges(weekly: Mapping[str, Any]) -> dict[str, Any]:
    """Return a week in which neighbouring days with equal hours share one entry."""
    ranges: list[tuple[str, str, Any]] = []
    for before, day in zip((None, *WEEKDAYS), WEEKDAYS, strict=False):
        pairs = weekly.get(day)
        if pairs and ranges and ranges[-1][1:] == (before, pairs):
            ranges[-1] = (ranges[-1][0], day, pairs)
        elif pairs:
            ranges.append((day, day, pairs))
    return {first if first == last else f"{first}-{last}": pairs for first, last, pairs in ranges}


def _week_in_words(week: Mapping[str, Sequence[Sequence[str]]]) -> str:
    return ", ".join(f"{day} " + " and ".join("-".join(pair) for pair in pairs) for day, pairs in week.items())
