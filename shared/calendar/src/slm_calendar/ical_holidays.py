"""Holidays of an iCalendar file as the dates of a service hours document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events

from slm_calendar.errors import CalendarError, Finding, finding, refusal

FIELD = "icalendar"
LONGEST = 200_000
"""Characters of a file: some years of a country's holidays take a tenth of it."""
_WITHIN_A_DAY = re.compile(r"FREQ=(HOURLY|MINUTELY|SECONDLY)", re.IGNORECASE)


def written_out(entries: list[Any], first_year: int, last_year: int) -> list[Any]:
    """The entries with each ``{"icalendar": text}`` replaced by the dates of its all-day events in those years.

    Raises CalendarError for what is no calendar.
    """
    errors: list[Finding] = []
    resolved: list[Any] = []
    for index, entry in enumerate(entries):
        if not (isinstance(entry, Mapping) and FIELD in entry):
            resolved.append(entry)
            continue
        field, text = f"holidays[{index}]", entry[FIELD]
        errors += [finding(f"{field}.{key}", entry[key], "leave it out") for key in set(entry) - {FIELD, "name"}]
        try:
            resolved += read(text if isinstance(text, str) else "", first_year, last_year)
        except CalendarError as error:
            errors += [{**each, "field": f"{field}.{FIELD}"} for each in error.errors]
    if errors:
        raise CalendarError(errors)
    return resolved


def read(text: str, first_year: int, last_year: int) -> list[dict[str, str]]:
    """The all-day events of those years, recurring ones written out, as ``{"date"}`` or ``{"from", "to"}`` and a name.

    Events with a time of day are no holidays and are left out. Raises CalendarError for text that is no calendar.
    """
    if last_year < first_year:
        raise refusal("last_year", last_year, f"give a year that is not before {first_year}")
    if len(text) > LONGEST or _WITHIN_A_DAY.search(text):
        remedy = f"give an iCalendar document of at most {LONGEST} characters whose events last whole days"
        raise refusal("holidays", text[:100], remedy)
    try:
        calendar = icalendar.Calendar.from_ical(text)
        found = recurring_ical_events.of(calendar).between(date(first_year, 1, 1), date(last_year + 1, 1, 1))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise refusal("holidays", text, f"give an iCalendar document (RFC 5545): {problem}") from problem
    holidays = (_holiday(event) for event in found)
    # Outlook and others repeat a holiday in each of the calendars they merge.
    unique = {tuple(sorted(each.items())): each for each in holidays if each is not None}
    return sorted(unique.values(), key=lambda each: each.get("date") or each["from"])


def _holiday(event: Any) -> dict[str, str] | None:
    first = event.decoded("DTSTART")
    if isinstance(first, datetime):
        return None
    # DTEND is the first day after; without it the event is one day long.
    last = max(first, event.decoded("DTEND", first + timedelta(days=1)) - timedelta(days=1))
    name = str(event.get("SUMMARY", ""))
    when = {"date": str(first)} if first == last else {"from": str(first), "to": str(last)}
    return when | ({"name": name} if name else {})
