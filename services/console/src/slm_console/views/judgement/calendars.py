"""Calendar of one month, week by week, with the requests to exclude time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from babel.dates import format_date

from slm_console.views import instants
from slm_console.views.judgement.service_pages import MaintenanceRow
from slm_console.views.reader import Reader

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One requested or approved exclusion on one day. ``when`` is the part of that day in words."""

    row: MaintenanceRow
    when: str


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of the calendar in the reader's time zone."""

    number: int
    name: str
    is_of_month: bool
    is_today: bool
    occurrences: Sequence[Occurrence]


@dataclass(frozen=True, slots=True)
class MonthOfDays:
    """A month in weeks that begin on Monday; ``earlier`` and ``later`` are the months before and after it."""

    month: str
    title: str
    earlier: str
    later: str
    weekdays: Sequence[tuple[str, str]]
    """Short and full names of the days of a week."""
    weeks: Sequence[Sequence[CalendarDay]]


def month_of_days(
    reader: Reader, wanted: str, rows: Sequence[MaintenanceRow], exclusions: Iterable[Mapping[str, Any]]
) -> MonthOfDays:
    """Return the calendar of a month such as ``2026-11``; the present month if ``wanted`` is not one.

    Only requested and approved exclusions are in it.
    """
    today = reader.local(reader.now).date()
    found = _MONTH.fullmatch(wanted)
    first = date(int(found[1]), int(found[2]), 1) if found and int(found[1]) > 1 else today.replace(day=1)
    start = first - timedelta(days=first.weekday())
    following = (first + timedelta(days=31)).replace(day=1)
    count = -(-(following - start).days // _WEEK) * _WEEK
    by_day = _by_day(reader, rows, exclusions, start, count)
    days = [_day(reader, start + timedelta(days=number), first, today, by_day) for number in range(count)]
    monday = date(2026, 11, 30)
    week = [monday + timedelta(days=number) for number in range(_WEEK)]
    return MonthOfDays(
        month=f"{first:%Y-%m}",
        title=format_date(first, "LLLL y", locale=reader.locale),
        earlier=f"{first - timedelta(days=1):%Y-%m}",
        later=f"{following:%Y-%m}",
        weekdays=[
            (format_date(each, "EEE", locale=reader.locale), format_date(each, "EEEE", locale=reader.locale))
            for each in week
        ],
        weeks=[days[number : number + _WEEK] for number in range(0, count, _WEEK)],
    )


def _day(
    reader: Reader, day: date, first: date, today: date, by_day: Mapping[date, Sequence[Occurrence]]
) -> CalendarDay:
    return CalendarDay(
        number=day.day,
        name=format_date(day, "EEEE d MMMM", locale=reader.locale),
        is_of_month=day.month == first.month,
        is_today=day == today,
        occurrences=by_day.get(day, ()),
    )


def _by_day(
    reader: Reader, rows: Sequence[MaintenanceRow], exclusions: Iterable[Mapping[str, Any]], start: date, count: int
) -> dict[date, list[Occurrence]]:
    by_id = {row.exclusion_id: row for row in rows}
    found: dict[date, list[tuple[int, Occurrence]]] = {}
    for exclusion in exclusions:
        row = by_id.get(exclusion["exclusion_id"])
        if row is None or exclusion["state"] not in ("requested", "approved"):
            continue
        for interval in exclusion["intervals"]:
            begins, ends = instants.read(interval["from"]), instants.read(interval["to"])
            if begins is None or ends is None:
                continue
            for day in _days_between(reader, begins, ends, start, count):
                first, last = max(begins, _midnight(reader, day)), min(ends, _midnight(reader, day + timedelta(days=1)))
                when = f"{reader.time(first)}–{reader.time(last)}"
                found.setdefault(day, []).append((first, Occurrence(row, when)))
    return {day: [each for _, each in sorted(of_day, key=lambda pair: pair[0])] for day, of_day in found.items()}


def _days_between(reader: Reader, begins: int, ends: int, start: date, count: int) -> Iterable[date]:
    """Yield the days of the calendar that an interval covers, wholly or in part. An interval that ends at midnight does
    not cover the day that begins then.
    """
    first = max(reader.local(begins).date(), start)
    last = min(reader.local(ends - 1).date(), start + timedelta(days=count - 1))
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _midnight(reader: Reader, day: date) -> int:
    local = datetime(day.year, day.month, day.day, tzinfo=reader.zone)
    return (local - _EPOCH) // timedelta(microseconds=1)
