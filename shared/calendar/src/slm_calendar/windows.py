"""Calendar windows and their ids: days, weeks, months, quarters and years of an IANA zone.

Windows begin at local midnight of the usual first day: Monday, the first of a month. *Anchored* windows begin at
another day or time, such as billing months from the 15th at noon.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from slm_calendar.errors import CalendarError, refusal
from slm_calendar.local_time import SECOND, instant_of, local_date, zone_named
from slm_events.instants import UtcMicroseconds

Kind = Literal["day", "week", "month", "quarter", "year"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_LAST_COMMON_DAY = 28
"""The last day of the month that every month has."""
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_CYCLE = re.compile(rf"({'|'.join(KINDS)})(?:@([1-9]\d?|{'|'.join(WEEKDAYS)}))?(?:T(\d\d:\d\d))?")
_LENGTHS: dict[Kind, str] = {"day": "P1D", "week": "P1W", "month": "P1M", "quarter": "P3M", "year": "P1Y"}


@dataclass(frozen=True, slots=True)
class Cycle:
    """The rule by which the calendar windows of a target follow each other."""

    kind: Kind
    begin: int = 0
    """Days after Monday (weeks), or after the first day of the month, quarter or year, on which windows begin."""
    at: int = 0
    """Local time of day at which windows begin, in microseconds after midnight."""

    @property
    def is_anchored(self) -> bool:
        """Whether windows begin at another day or time than usual."""
        return bool(self.begin or self.at)

    @property
    def name(self) -> str:
        """The name by which ``cycle_named`` finds the cycle: ``month``, ``month@15``, ``week@sundayT12:00``."""
        begin = WEEKDAYS[self.begin] if self.kind == "week" else str(self.begin + 1)
        return self.kind + (f"@{begin}" if self.begin else "") + (f"T{_clock(self.at)}" if self.at else "")


def cycle_of_terms(window: Mapping[str, Any]) -> Cycle:
    """Return the cycle of a window of signed terms: ``{"calendar": "month", "begin": 15, "at": "12:00"}``.

    ``begin`` (a weekday for weeks, a day of the month from 1 to 28 for months, quarters and years) and ``at`` may be
    absent. Raises CalendarError.
    """
    kind, begin, at = window["calendar"], window.get("begin"), window.get("at")
    if kind not in KINDS:
        raise refusal("window.calendar", kind, f"one of {', '.join(KINDS)}")
    return Cycle(kind, 0 if begin is None else _begin(kind, begin), 0 if at is None else _time(at))


@lru_cache(maxsize=1024)
def cycle_named(name: str) -> Cycle:
    """Return the cycle with the name ``month`` or, anchored, ``month@15`` or ``week@sundayT12:00``.

    Raises CalendarError for any other text.
    """
    match = _CYCLE.fullmatch(name)
    if match is None:
        raise refusal("window.calendar", name, f"one of {', '.join(KINDS)}")
    begin = match[2]
    written = {"begin": int(begin) if begin and begin.isdecimal() else begin, "at": match[3]}
    return cycle_of_terms({"calendar": match[1], **written})


@dataclass(frozen=True, slots=True)
class Window:
    """A calendar window: a half-open interval [start, end) in microseconds UTC.

    Windows of one cycle and zone follow each other without gaps.
    """

    id: str
    start: UtcMicroseconds
    end: UtcMicroseconds


def window_at(cycle: str, zone: str, instant: UtcMicroseconds) -> Window:
    """Return the window that contains the instant.

    ``cycle`` is a kind of window or the name of an anchored cycle (see ``Cycle.name``), as in the functions below.
    """
    found, where = cycle_named(cycle), zone_named(zone)
    first = _first_day(found, local_date(where, instant))
    window = _window(found, zone, first)
    # The instant may lie before the time at which windows begin, and where a clock goes back over midnight the local
    # date of an instant can be a day off its window.
    while instant < window.start:
        first = _first_day(found, first - timedelta(days=1))
        window = _window(found, zone, first)
    while instant >= window.end:
        first = _after(found.kind, first)
        window = _window(found, zone, first)
    return window


def next_window(cycle: str, zone: str, instant: UtcMicroseconds) -> Window:
    """Return the window after the one that contains the instant."""
    return window_at(cycle, zone, window_at(cycle, zone, instant).end)


def windows_between(cycle: str, zone: str, start: UtcMicroseconds, end: UtcMicroseconds) -> Iterator[Window]:
    """Yield in order every window of the cycle that overlaps [start, end), each in full."""
    while start < end:
        window = window_at(cycle, zone, start)
        yield window
        start = window.end


def window_of_id(window_id: str, zone: str) -> Window:
    """Return the window with the id ``2026-11``, ``2026-Q4``, ``2026-W47``, ``2026-11-22`` or ``2026``.

    The id of an anchored window is its local start and length: ``2026-11-15/P1M``, ``2026-11-15T12:00/P1M``. Raises
    CalendarError for any other id, and for a day that the zone skipped.
    """
    cycle, numbers = _parse_id(window_id)
    try:
        first = _FIRST_DAYS["day" if cycle.is_anchored else cycle.kind](*numbers)
        window = _window(cycle, zone, first)
    except (ValueError, OverflowError) as problem:
        if isinstance(problem, CalendarError):
            raise
        raise refusal("window", window_id, "there is no such date") from problem
    if window.end <= window.start:
        raise refusal("window", window_id, f"this date does not exist in {zone}")
    return window


def cycle_of_id(window_id: str) -> str:
    """Return the name of the cycle to which the window with this id belongs, such as ``month`` for ``2026-11``.

    Raises CalendarError for any other text.
    """
    return _parse_id(window_id)[0].name


_NO_ID = "write 2026-11, 2026-Q4, 2026-W47, 2026-11-22, 2026 or, for an anchored window, 2026-11-15/P1M"
_IDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("month", re.compile(r"(\d{4})-(\d{2})")),
    ("quarter", re.compile(r"(\d{4})-Q([1-4])")),
    ("week", re.compile(r"(\d{4})-W(\d{2})")),
    ("day", re.compile(r"(\d{4})-(\d{2})-(\d{2})")),
    ("year", re.compile(r"(\d{4})")),
)
_ANCHORED_ID = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T(\d\d:\d\d))?/(P1D|P1W|P1M|P3M|P1Y)")
_FIRST_DAYS: dict[Kind, Callable[..., date]] = {
    "month": lambda year, month: date(year, month, 1),
    "quarter": lambda year, quarter: date(year, 3 * quarter - 2, 1),
    "week": lambda year, week: date.fromisocalendar(year, week, 1),
    "day": date,
    "year": lambda year: date(year, 1, 1),
}


def _parse_id(window_id: str) -> tuple[Cycle, tuple[int, ...]]:
    """Return the cycle of a window and the numbers in the window's id.

    For an anchored window the numbers are the year, month and day of the window's first date.
    """
    for kind, pattern in _IDS:
        if match := pattern.fullmatch(window_id):
            return Cycle(kind), tuple(int(part) for part in match.groups())
    match = _ANCHORED_ID.fullmatch(window_id)
    if match is None:
        raise refusal("window", window_id, _NO_ID)
    numbers = tuple(int(part) for part in match.groups()[:3])
    kind = next(each for each, length in _LENGTHS.items() if length == match[5])
    try:
        first = date(*numbers)
        cycle = Cycle(kind, _days_in(kind, first), 0 if match[4] is None else _time(match[4]))
        begins = _first_day(cycle, first)
    except (ValueError, OverflowError) as problem:
        raise refusal("window", window_id, _NO_ID) from problem
    # A window has one id: a window that begins as usual has no anchored one, and midnight is not written.
    if begins != first or _id(cycle, first) != window_id:
        raise refusal("window", window_id, _NO_ID)
    return cycle, numbers


def _days_in(kind: Kind, day: date) -> int:
    """Return the number of days from the usual first day of a window to a day in it."""
    if kind == "week":
        return day.weekday()
    return 0 if kind == "day" else _begin(kind, day.day)


def _begin(kind: Kind, begin: object) -> int:
    """Return the days by which windows begin later than usual."""
    if kind == "week":
        if begin not in WEEKDAYS:
            raise refusal("window.begin", begin, f"write one of: {', '.join(WEEKDAYS)}")
        return WEEKDAYS.index(str(begin))
    if kind == "day":
        raise refusal("window.begin", begin, "leave it out: a day has only a time, `at`, at which it begins")
    if not isinstance(begin, int) or isinstance(begin, bool) or not 1 <= begin <= _LAST_COMMON_DAY:
        raise refusal("window.begin", begin, f"write a day of the month from 1 to {_LAST_COMMON_DAY}")
    return begin - 1


def _time(at: object) -> int:
    """Return the microseconds after midnight of a time like ``12:00``."""
    match = _TIME.fullmatch(at) if isinstance(at, str) else None
    if match is None:
        raise refusal("window.at", at, "write a time from 00:00 to 23:59, like 12:00")
    return (int(match[1]) * 60 + int(match[2])) * 60 * SECOND


def _clock(at: int) -> str:
    hours, minutes = divmod(at // (60 * SECOND), 60)
    return f"{hours:02d}:{minutes:02d}"


@lru_cache(maxsize=8192)
def _window(cycle: Cycle, zone: str, first: date) -> Window:
    where: ZoneInfo = zone_named(zone)
    start, end = (instant_of(where, day, cycle.at) for day in (first, _after(cycle.kind, first)))
    return Window(_id(cycle, first), start, end)


def _id(cycle: Cycle, first: date) -> str:
    kind = cycle.kind
    if cycle.is_anchored:
        return f"{first.isoformat()}{f'T{_clock(cycle.at)}' if cycle.at else ''}/{_LENGTHS[kind]}"
    if kind == "day":
        return first.isoformat()
    if kind == "week":
        year, week, _ = first.isocalendar()
        return f"{year:04d}-W{week:02d}"
    if kind == "month":
        return f"{first.year:04d}-{first.month:02d}"
    return f"{first.year:04d}-Q{(first.month + 2) // 3}" if kind == "quarter" else f"{first.year:04d}"


def _first_day(cycle: Cycle, day: date) -> date:
    """Return the first date of the window whose dates include ``day``."""
    # An anchored window is the usual one, moved later by ``begin`` days.
    later = timedelta(days=cycle.begin)
    return _usual_first_day(cycle.kind, day - later) + later


def _usual_first_day(kind: Kind, day: date) -> date:
    if kind == "day":
        return day
    if kind == "week":
        return day - timedelta(days=day.weekday())
    if kind == "month":
        return day.replace(day=1)
    if kind == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(day.year, 1, 1)


def _after(kind: Kind, first: date) -> date:
    """Return the first date of the window that follows the window with the first date ``first``."""
    if kind == "day":
        return first + timedelta(days=1)
    if kind == "week":
        return first + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[kind]
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, first.day)
