"""What service hours say, day by day: weekly intervals, holidays, overrides and breaks of one zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_calendar.local_time import DAY, date_exists, instant_of, zone_named

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

DayIntervals = tuple[Interval, ...]
"""Sorted (open, close) pairs in microseconds since the wall clock's midnight; close may be a whole day."""

WHOLE_DAY: DayIntervals = ((0, DAY),)


@dataclass(frozen=True)
class HoursDefinition:
    """Service hours as data; every field is immutable, so that equal documents share computed tables."""

    timezone: str
    weekly: tuple[DayIntervals, ...]
    holidays: tuple[tuple[date, date], ...] = ()
    """First and last day, both included."""
    yearly: frozenset[tuple[int, int]] = frozenset()
    """(month, day); the 29th of February is one in leap years only."""
    overrides: tuple[tuple[date, DayIntervals], ...] = ()
    breaks: tuple[Interval, ...] = ()
    """Sorted, disjoint, in instants."""
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        content = (self.timezone, self.weekly, self.holidays, self.yearly, self.overrides, self.breaks)
        object.__setattr__(self, "_hash", hash(content))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which days begin and end."""
        return zone_named(self.timezone)

    @cached_property
    def always_open(self) -> bool:
        """True where no instant can be closed."""
        return (
            all(day == WHOLE_DAY for day in self.weekly)
            and not (self.holidays or self.yearly or self.breaks)
            and all(day == WHOLE_DAY for _, day in self.overrides)
        )

    def is_holiday(self, day: date) -> bool:
        """True on a holiday, whether or not an override reopens it."""
        if (day.month, day.day) in self.yearly:
            return True
        return any(first <= day <= last for first, last in self.holidays)

    def wall_clock(self, day: date) -> DayIntervals:
        """The day's hours on the wall clock: override over holiday over weekly."""
        override = self._override_of.get(day)
        if override is not None:
            return override
        return () if self.is_holiday(day) else self.weekly[day.weekday()]

    def open_on(self, day: date) -> list[Interval]:
        """The day's open intervals as instants, united, breaks taken out; none on a date that does not exist."""
        return intervals.subtract(intervals.union(self.converted(day)), self.breaks)

    def converted(self, day: date) -> list[Interval]:
        """The day's hours as instants, breaks still inside; intervals that a clock change swallowed are gone."""
        hours = self.wall_clock(day)
        if not hours or not date_exists(self.zone, day):
            return []
        pairs = ((instant_of(self.zone, day, opens), instant_of(self.zone, day, closes)) for opens, closes in hours)
        return [(start, end) for start, end in pairs if start < end]

    def open_between(self, first: date, last: date) -> list[Interval]:
        """The open intervals of all local days from first to last, united, breaks taken out."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        united = intervals.union(pair for day in days for pair in self.converted(day))
        return intervals.subtract(united, self.breaks)

    @cached_property
    def _override_of(self) -> dict[date, DayIntervals]:
        return dict(self.overrides)


ALWAYS_OPEN = HoursDefinition("UTC", (WHOLE_DAY,) * 7)
