"""Comparison of required with provided service hours: the uncovered hours, exactly and in a normal week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from slm_calendar import intervals, windows
from slm_calendar.hours_definition import WEEKDAYS, DayIntervals
from slm_calendar.intervals import Interval
from slm_calendar.local_time import DAY, instant_of, local_date, local_time_of_day
from slm_calendar.service_hours import ServiceHours
from slm_calendar.wall_clock import write_day_intervals
from slm_events.instants import UtcMicroseconds


@dataclass(frozen=True, slots=True)
class NormalWeekGaps:
    """The required hours that the provided hours leave uncovered in a week without holidays and clock changes.

    The times are local times in the time zone of the required hours.
    """

    uncovered: tuple[DayIntervals, ...]
    """For each day from Monday to Sunday its uncovered intervals, in microseconds since midnight."""

    @property
    def uncovered_time(self) -> int:
        """The uncovered time of one week in microseconds."""
        return sum(intervals.total_length(day) for day in self.uncovered)

    def to_document(self) -> dict[str, list[list[str]]]:
        """Return the uncovered hours by weekday, such as ``{"mon-fri": [["08:00", "09:00"]]}``.

        Neighbouring days with equal gaps share one entry. A day without a gap has no entry.
        """
        return {name: write_day_intervals(hours) for name, hours in _day_ranges(self.uncovered)}


def intersection(
    left: ServiceHours, right: ServiceHours, start: UtcMicroseconds, end: UtcMicroseconds
) -> list[Interval]:
    """Return the intervals within [start, end) in which both are open."""
    return intervals.intersect(left.intervals(start, end), right.intervals(start, end))


def uncovered_intervals(
    required: ServiceHours, provided: ServiceHours, start: UtcMicroseconds, end: UtcMicroseconds
) -> list[Interval]:
    """Return the intervals within [start, end) in which ``required`` is open and ``provided`` is not."""
    if provided.always_open or required is provided:
        return []
    return intervals.subtract(required.intervals(start, end), provided.intervals(start, end))


def covers_all_hours(
    provided: ServiceHours, required: ServiceHours, start: UtcMicroseconds, end: UtcMicroseconds
) -> bool:
    """Whether ``provided`` is open at every instant of [start, end) at which ``required`` is open."""
    return not uncovered_intervals(required, provided, start, end)


def compare_normal_week(
    required: ServiceHours, provided: ServiceHours, start: UtcMicroseconds, end: UtcMicroseconds
) -> NormalWeekGaps:
    """Return the required hours that ``provided`` leaves uncovered in a normal ISO week.

    Holidays, overrides and breaks of both sides are ignored. If the two time zones change their clocks on different
    days, the gaps of a few weeks in [start, end) differ. The most frequent gaps are returned; among equally frequent
    gaps, the earliest.
    """
    weekly = required.without_exceptions(), provided.without_exceptions()
    patterns: Counter[tuple[DayIntervals, ...]] = Counter()
    for window in windows.windows_between("week", required.timezone, start, end):
        patterns[_pattern(uncovered_intervals(*weekly, window.start, window.end), required)] += 1
    return NormalWeekGaps(patterns.most_common(1)[0][0] if patterns else ((),) * 7)


def _pattern(gaps: Iterable[Interval], hours: ServiceHours) -> tuple[DayIntervals, ...]:
    """Divide the gaps of one week among its days, from Monday to Sunday, in microseconds on the wall clock of
    ``hours``.
    """
    days: list[list[Interval]] = [[] for _ in WEEKDAYS]
    for start, end in gaps:
        while start < end:
            day = local_date(hours.zone, start)
            midnight = instant_of(hours.zone, day + timedelta(days=1))
            cut = min(end, midnight) if midnight > start else end
            closes = DAY if cut == midnight else local_time_of_day(hours.zone, cut)
            days[day.weekday()].append((local_time_of_day(hours.zone, start), closes))
            start = cut
    return tuple(tuple(day) for day in days)


def _day_ranges(week: tuple[DayIntervals, ...]) -> Iterable[tuple[str, DayIntervals]]:
    first = 0
    while first < len(week):
        last = first
        while last + 1 < len(week) and week[last + 1] == week[first]:
            last += 1
        if week[first]:
            yield (WEEKDAYS[first] if first == last else f"{WEEKDAYS[first]}-{WEEKDAYS[last]}"), week[first]
        first = last + 1
