"""The definition of service hours: weekly intervals, holidays, overrides and breaks in one time zone."""

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
"""Sorted (open, close) pairs in microseconds since local midnight. A close may be 24:00."""

WHOLE_DAY: DayIntervals = ((0, DAY),)


@dataclass(frozen=True)
class HoursDefinition:
    """Service hours as immutable, hashable data, so that equal documents share their computed tables."""

    timezone: str
    weekly: tuple[DayIntervals, ...]
    holidays: tuple[tuple[date, date], ...] = ()
    """The holidays on fixed dates, each as (first day, last day), both included."""
    yearly: frozenset[tuple[int, int]] = frozenset()
    """(month, day) of holidays that return every year. 29 February is a holiday in leap years only."""
    overrides: tuple[tuple[date, DayIntervals], ...] = ()
    breaks: tuple[Interval, ...] = ()
    """Times at which the service is not promised in spite of the weekly hours: sorted, disjoint, microseconds UTC."""
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
        """Whether the hours are open at every instant."""
        return (
            all(day == WHOLE_DAY for day in self.weekly)
            and not (self.holidays or self.yearly or self.breaks)
            and all(day == WHOLE_DAY for _, day in self.overrides)
        )

    def is_holiday(self, day: date) -> bool:
        """Whether the day is listed as a holiday. An override may open the hours on a holiday nevertheless."""
        if (day.month, day.day) in self.yearly:
            return True
        return any(first <= day <= last for first, last in self.holidays)

    def wall_clock(self, day: date) -> DayIntervals:
        """Return the day's hours on the wall clock. An override takes precedence over a holiday, a holiday over the
        weekly hours.
        """
        override = self._override_of.get(day)
        if override is not None:
            return override
        return () if self.is_holiday(day) else self.weekly[day.weekday()]

    def open_on(self, day: date) -> list[Interval]:
        """Return the open intervals of a local day in microseconds UTC; none if the zone skipped this date.

        They are sorted, and intervals that touch or overlap are joined. The times in ``breaks`` are cut out of them.
        """
        return intervals.subtract(intervals.union(self.converted(day)), self.breaks)

    def converted(self, day: date) -> list[Interval]:
        """Return the day's hours converted to microseconds UTC. The times in ``breaks`` are not cut out of them.

        If a clock change leaves nothing of an interval, the interval is left out.
        """
        hours = self.wall_clock(day)
        if not hours or not date_exists(self.zone, day):
            return []
        pairs = ((instant_of(self.zone, day, opens), instant_of(self.zone, day, closes)) for opens, closes in hours)
        return [(start, end) for start, end in pairs if start < end]

    def open_between(self, first: date, last: date) -> list[Interval]:
        """Return the open intervals of the local days from ``first`` to ``last``, both included, in microseconds UTC.

        They are sorted, and intervals that touch or overlap are joined. The times in ``breaks`` are cut out of them.
        """
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        united = intervals.union(pair for day in days for pair in self.converted(day))
        return intervals.subtract(united, self.breaks)

    @cached_property
    def _override_of(self) -> dict[date, DayIntervals]:
        return dict(self.overrides)


ALWAYS_OPEN = HoursDefinition("UTC", (WHOLE_DAY,) * 7)
