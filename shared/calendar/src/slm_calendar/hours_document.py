"""The JSON document of service hours: reading it and reporting every error, resolving it to dates, and writing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from slm_calendar import country_holidays, ical_holidays, intervals
from slm_calendar.errors import CalendarError, Finding, finding
from slm_calendar.hours_definition import WEEKDAYS, DayIntervals, HoursDefinition
from slm_calendar.intervals import Interval
from slm_calendar.local_time import zone_named
from slm_calendar.wall_clock import parse_day_intervals, write_day_intervals
from slm_events.instants import UtcMicroseconds, from_text, to_text

FIELDS = ("timezone", "weekly", "holidays", "overrides", "breaks", "calendars")
"""``calendars`` holds the report on each iCalendar file whose holidays became dates, for the people who sign."""
_ACCOUNT = {"entry": str, "events": int, "taken": int, "left_out": list, "more_left_out": int}


def read_hours(document: str | Mapping[str, Any]) -> HoursDefinition:
    """Return the hours that a document defines; raises CalendarError that names every wrong field."""
    return _Reader(document).read()


def resolve_hours_document(document: str | Mapping[str, Any], first_year: int, last_year: int) -> dict[str, Any]:
    """Check a document of service hours and return it with every holiday as a date.

    The name of a country, the text of an iCalendar file and a range of days are each replaced by the dates that they
    stand for. Only dates of the years first_year to last_year are returned.
    """
    if not isinstance(document, Mapping):
        return write_hours_document(read_hours(document))
    holidays = document.get("holidays")
    if isinstance(holidays, list):
        dated = ical_holidays.resolve_icalendar_holidays(holidays, first_year, last_year, document.get("timezone"))
        document = {
            **document,
            "holidays": country_holidays.resolve_country_holidays(dated.entries, first_year, last_year),
        }
        if dated.accounts:
            document["calendars"] = dated.accounts
    read_hours(document)
    written = document.get("weekly") or {}
    weekly = {day: pairs for key, pairs in written.items() for day in _days_of(str(key)) or ()}
    return {**document, "weekly": {day: weekly[day] for day in WEEKDAYS if day in weekly}}


def has_holidays_by_year(document: object) -> bool:
    """Whether the document names holidays whose dates depend on the year: those of a country or an iCalendar file."""
    listed = document.get("holidays") if isinstance(document, Mapping) else None
    named = {"country", ical_holidays.FIELD}
    return isinstance(listed, list) and any(isinstance(each, Mapping) and named & set(each) for each in listed)


def write_hours_document(definition: HoursDefinition) -> dict[str, Any]:
    """Return the document of a definition: days and dates in order, empty parts left out."""
    holidays: list[dict[str, str]] = [
        {"date": str(first)} if first == last else {"from": str(first), "to": str(last)}
        for first, last in definition.holidays
    ]
    holidays += [{"yearly": f"{month:02d}-{day:02d}"} for month, day in sorted(definition.yearly)]
    weekly = {day: write_day_intervals(hours) for day, hours in zip(WEEKDAYS, definition.weekly, strict=True) if hours}
    overrides = [{"date": str(day), "intervals": write_day_intervals(hours)} for day, hours in definition.overrides]
    breaks = [{"from": to_text(start), "to": to_text(end)} for start, end in definition.breaks]
    parts = {"weekly": weekly, "holidays": holidays, "overrides": overrides, "breaks": breaks}
    return {"timezone": definition.timezone} | {key: part for key, part in parts.items() if part}


def _days_of(key: str) -> list[str] | None:
    """Return the weekdays that a key names; None if it names no weekdays.

    A key is one weekday or a range, such as ``"mon"``, ``"mon-fri"`` or ``"sat-mon"``.
    """
    first, dash, last = key.strip().lower().partition("-")
    last = last if dash else first
    if first not in WEEKDAYS or last not in WEEKDAYS:
        return None
    begin, length = WEEKDAYS.index(first), (WEEKDAYS.index(last) - WEEKDAYS.index(first)) % 7
    return [WEEKDAYS[(begin + n) % 7] for n in range(length + 1)]


class _Reader:
    def __init__(self, document: object) -> None:
        self.document = document
        self.errors: list[Finding] = []

    def refuse(self, field: str, value: object, remedy: str) -> None:
        self.errors.append(finding(field, value, remedy))

    def read(self) -> HoursDefinition:
        if not isinstance(self.document, Mapping):
            raise CalendarError([finding("service_hours", self.document, 'write "24x7" or an object with "timezone"')])
        for key in self.document:
            if key not in FIELDS:
                self.refuse(str(key), self.document[key], f"no such field; known are {', '.join(FIELDS)}")
        timezone = self.timezone()
        weekly, overrides, breaks = self.weekly(), self.overrides(), self.breaks()
        ranges, yearly = self.holidays()
        self.accounts()
        if self.errors:
            raise CalendarError(self.errors)
        return HoursDefinition(timezone, weekly, tuple(sorted(set(ranges))), frozenset(yearly), overrides, breaks)

    def part(self, key: str) -> object:
        assert isinstance(self.document, Mapping)
        return self.document.get(key)

    def timezone(self) -> str:
        name = self.part("timezone")
        if not isinstance(name, str) or not name:
            self.refuse("timezone", name, "name an IANA time zone such as Europe/Berlin or UTC")
            return "UTC"
        try:
            zone_named(name)
        except CalendarError as problem:
            self.errors += problem.errors
        return name

    def weekly(self) -> tuple[DayIntervals, ...]:
        week = self.part("weekly")
        hours: dict[str, DayIntervals] = {}
        if week is None:
            return ((),) * 7
        if not isinstance(week, Mapping):
            self.refuse("weekly", week, 'write an object such as {"mon": [["08:00", "18:00"]]}')
            return ((),) * 7
        for key, pairs in week.items():
            days = _days_of(str(key))
            if days is None:
                self.refuse(f"weekly.{key}", key, f"name days by {', '.join(WEEKDAYS)} or a range such as mon-fri")
                continue
            parsed = parse_day_intervals(pairs, f"weekly.{key}", self.errors)
            for day in days:
                if day in hours:
                    self.refuse(f"weekly.{key}", key, f"{day} is given twice; give each day once")
                hours[day] = parsed
        return tuple(hours.get(day, ()) for day in WEEKDAYS)

    def entries(self, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        listed = self.part(key)
        if listed is None:
            return
        if not isinstance(listed, list | tuple):
            self.refuse(key, listed, "write a list of objects")
            return
        for index, entry in enumerate(listed):
            if isinstance(entry, Mapping):
                yield f"{key}[{index}]", entry
            else:
                self.refuse(f"{key}[{index}]", entry, "write an object")

    def day(self, field: str, value: object) -> date | None:
        # A YAML document may already hold dates.
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.refuse(field, value, "write a date as 2026-12-25")
            return None

    def holidays(self) -> tuple[list[tuple[date, date]], list[tuple[int, int]]]:
        ranges: list[tuple[date, date]] = []
        yearly: list[tuple[int, int]] = []
        for field, entry in self.entries("holidays"):
            keys = set(entry) - {"name"}
            if keys == {"date"}:
                day = self.day(f"{field}.date", entry["date"])
                ranges += [(day, day)] if day else []
            elif keys == {"from", "to"}:
                ranges += self.range(field, entry)
            elif keys == {"yearly"}:
                yearly += self.yearly(f"{field}.yearly", entry["yearly"])
            elif named := keys & {"country", ical_holidays.FIELD}:
                self.refuse(f"{field}.{min(named)}", entry[min(named)], "resolve these holidays to dates first")
            else:
                self.refuse(field, dict(entry), 'give {"date"}, {"from", "to"} or {"yearly"}, and a "name" if you like')
        return ranges, yearly

    def range(self, field: str, entry: Mapping[str, Any]) -> list[tuple[date, date]]:
        first, last = self.day(f"{field}.from", entry["from"]), self.day(f"{field}.to", entry["to"])
        if first is None or last is None:
            return []
        if last < first:
            self.refuse(f"{field}.to", last, "give a last day that is not before the first; both are included")
        return [(first, last)]

    def yearly(self, field: str, value: object) -> list[tuple[int, int]]:
        try:
            day = date.fromisoformat(f"2000-{value}")
        except ValueError:
            self.refuse(field, value, "write month and day as 12-25")
            return []
        return [(day.month, day.day)]

    def accounts(self) -> None:
        for field, entry in self.entries("calendars"):
            listed = entry.get("left_out", ())
            if any(not isinstance(value, _ACCOUNT.get(key, ())) for key, value in entry.items()) or any(
                not isinstance(each, Mapping) or each.keys() != {"event", "begins", "why"} for each in listed
            ):
                self.refuse(field, dict(entry), "leave it out: it is written when an iCalendar file is read")

    def overrides(self) -> tuple[tuple[date, DayIntervals], ...]:
        hours: dict[date, DayIntervals] = {}
        for field, entry in self.entries("overrides"):
            if set(entry) - {"name"} != {"date", "intervals"}:
                self.refuse(field, dict(entry), 'give "date" and "intervals" (an empty list for a closed day)')
                continue
            day = self.day(f"{field}.date", entry["date"])
            parsed = parse_day_intervals(entry["intervals"], f"{field}.intervals", self.errors)
            if day in hours:
                self.refuse(f"{field}.date", day, "this date is overridden twice; give it once")
            if day:
                hours[day] = parsed
        return tuple(sorted(hours.items()))

    def breaks(self) -> tuple[Interval, ...]:
        pairs: list[Interval] = []
        for field, entry in self.entries("breaks"):
            if set(entry) - {"name"} != {"from", "to"}:
                self.refuse(field, dict(entry), 'give "from" and "to", instants such as 2026-11-22T10:00:00Z')
                continue
            start, end = self.instant(f"{field}.from", entry["from"]), self.instant(f"{field}.to", entry["to"])
            if start is not None and end is not None and end <= start:
                self.refuse(f"{field}.to", entry["to"], "give an end after the start")
            elif start is not None and end is not None:
                pairs.append((start, end))
        return tuple(intervals.union(pairs))

    def instant(self, field: str, value: object) -> UtcMicroseconds | None:
        try:
            return from_text(str(value))
        except ValueError:
            self.refuse(field, value, "write an instant with its offset, such as 2026-11-22T10:00:00Z")
            return None
