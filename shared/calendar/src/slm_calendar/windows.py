"""Calendar windows and their ids: days, ISO weeks, months, quarters and years of an IANA zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from slm_calendar.errors import CalendarError, refusal
from slm_calendar.local_time import instant_of, local_date, zone_named
from slm_events.instants import UtcMicroseconds

Kind = Literal["day", "week", "month", "quarter", "year"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Window:
    """A calendar window: a half-open interval [start, end) in microseconds UTC.

    Windows of one kind and zone follow each other without gaps.
    """

    id: str
    start: UtcMicroseconds
    end: UtcMicroseconds


def window_at(kind: Kind, zone: str, instant: UtcMicroseconds) -> Window:
    """Return the window of that kind that contains the instant."""
    where = zone_named(zone)
    first = _first_day(kind, local_date(where, instant))
    window = _window(kind, zone, first)
    # Where a clock goes back over midnight the local date of an instant can be a day off its window.
    while instant < window.start:
        first = _first_day(kind, first - timedelta(days=1))
        window = _window(kind, zone, first)
    while instant >= window.end:
        first = _after(kind, first)
        window = _window(kind, zone, first)
    return window


def next_window(kind: Kind, zone: str, instant: UtcMicroseconds) -> Window:
    """Return the window after the one that contains the instant."""
    return window_at(kind, zone, window_at(kind, zone, instant).end)


def windows_between(kind: Kind, zone: str, start: UtcMicroseconds, end: UtcMicroseconds) -> Iterator[Window]:
    """Yield in order every window of that kind that overlaps [start, end), not clipped to it."""
    while start < end:
        window = window_at(kind, zone, start)
        yield window
        start = window.end


def window_of_id(window_id: str, zone: str) -> Window:
    """Return the window with the id ``2026-11``, ``2026-Q4``, ``2026-W47``, ``2026-11-22`` or ``2026``.

    Raises CalendarError for any other id, and for a day that the zone skipped.
    """
    for kind, pattern, first_day in _IDS:
        if match := pattern.fullmatch(window_id):
            try:
                window = _window(kind, zone, first_day(*(int(part) for part in match.groups())))
            except (ValueError, OverflowError) as problem:
                if isinstance(problem, CalendarError):
                    raise
                raise refusal("window", window_id, "there is no such date") from problem
            if window.end <= window.start:
                raise refusal("window", window_id, f"this date does not exist in {zone}")
            return window
    raise refusal("window", window_id, "write 2026-11, 2026-Q4, 2026-W47, 2026-11-22 or 2026")


def kind_of_id(window_id: str) -> Kind:
    """Return the kind of the window with this id, such as ``month`` for ``2026-11``; raises CalendarError if it is no
    window id.
    """
    for kind, pattern, _ in _IDS:
        if pattern.fullmatch(window_id):
            return kind
    raise refusal("window", window_id, "write 2026-11, 2026-Q4, 2026-W47, 2026-11-22 or 2026")


_IDS: tuple[tuple[Kind, re.Pattern[str], Callable[..., date]], ...] = (
    ("month", re.compile(r"(\d{4})-(\d{2})"), lambda year, month: date(year, month, 1)),
    ("quarter", re.compile(r"(\d{4})-Q([1-4])"), lambda year, quarter: date(year, 3 * quarter - 2, 1)),
    ("week", re.compile(r"(\d{4})-W(\d{2})"), lambda year, week: date.fromisocalendar(year, week, 1)),
    ("day", re.compile(r"(\d{4})-(\d{2})-(\d{2})"), date),
    ("year", re.compile(r"(\d{4})"), lambda year: date(year, 1, 1)),
)


@lru_cache(maxsize=8192)
def _window(kind: Kind, zone: str, first: date) -> Window:
    where: ZoneInfo = zone_named(zone)
    return Window(_id(kind, first), instant_of(where, first), instant_of(where, _after(kind, first)))


def _id(kind: Kind, first: date) -> str:
    if kind == "day":
        return first.isoformat()
    if kind == "week":
        year, week, _ = first.isocalendar()
        return f"{year:04d}-W{week:02d}"
    if kind == "month":
        return f"{first.year:04d}-{first.month:02d}"
    return f"{first.year:04d}-Q{(first.month + 2) // 3}" if kind == "quarter" else f"{first.year:04d}"


def _first_day(kind: Kind, day: date) -> date:
    if kind == "day":
        return day
    if kind == "week":
        return day - timedelta(days=day.weekday())
    if kind == "month":
        return day.replace(day=1)
    if kind == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    if kind == "year":
        return date(day.year, 1, 1)
    raise refusal("window.calendar", kind, f"one of {', '.join(KINDS)}")


def _after(kind: Kind, first: date) -> date:
    if kind == "day":
        return first + timedelta(days=1)
    if kind == "week":
        return first + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[kind]
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
