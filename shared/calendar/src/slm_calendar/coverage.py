"""Whether one calendar's hours cover another's, and what they leave open: exactly, and in a normal week."""

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
from slm_calendar.wall_clock import written_intervals


@dataclass(frozen=True, slots=True)
class NormalWeek:
    """What a week without holidays and clock changes leaves uncovered, on the wall clock of the hours required."""

    uncovered: tuple[DayIntervals, ...]
    """Monday to Sunday; microseconds since midnight."""

    @property
    def uncovered_time(self) -> int:
        """Microseconds a week."""
        return sum(intervals.total(day) for day in self.uncovered)

    def to_document(self) -> dict[str, list[list[str]]]:
        """``{"mon-fri": [["08:00", "09:00"]]}``: neighbouring days with equal gaps are one entry, covered days none."""
        return {name: written_intervals(hours) for name, hours in _day_ranges(self.uncovered)}


def intersection(left: ServiceHours, right: ServiceHours, start: int, end: int) -> list[Interval]:
    """When both are open within [start, end)."""
    return intervals.intersect(left.intervals(start, end), right.intervals(start, end))


def uncovered(required: ServiceHours, provided: ServiceHours, start: int, end: int) -> list[Interval]:
    """When ``required`` is open and ``provided`` is not, within [start, end)."""
    if provided.always_open or required is provided:
        return []
    return intervals.subtract(required.intervals(start, end), provided.intervals(start, end))


def contains(provided: ServiceHours, required: ServiceHours, start: int, end: int) -> bool:
    """True where every open instant of ``required`` within [start, end) is one of ``provided``."""
    return not uncovered(required, provided, start, end)


def normal_week(required: ServiceHours, provided: ServiceHours, start: int, end: int) -> NormalWeek:
    """The pattern that most ISO weeks of [start, end) leave uncovered by the two weekly patterns alone.

    Holidays, overrides and breaks of both sides are left out. Of patterns equally frequent the earlier one is taken;
    where two zones change their clocks on different days the exceptional weeks are so outvoted.
    """
    weekly = required.without_exceptions(), provided.without_exceptions()
    patterns: Counter[tuple[DayIntervals, ...]] = Counter()
    for window in windows.windows_between("week", required.timezone, start, end):
        patterns[_pattern(uncovered(*weekly, window.start, window.end), required)] += 1
    return NormalWeek(patterns.most_common(1)[0][0] if patterns else ((),) * 7)


def _pattern(gaps: Iterable[Interval], hours: ServiceHours) -> tuple[DayIntervals, ...]:
    """The gaps of one week by weekday, on the wall clock; what spans midnight is cut there."""
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
