"""Holidays of an iCalendar file as the dates of a service hours document."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events

from slm_calendar.errors import refusal


def read(text: str, first_year: int, last_year: int) -> list[dict[str, str]]:
    """The all-day events of those years, recurring ones written out, as ``{"date"}`` or ``{"from", "to"}`` and a name.

    Events with a time of day are no holidays and are left out. Raises CalendarError for text that is no calendar.
    """
    if last_year < first_year:
        raise refusal("last_year", last_year, f"give a year that is not before {first_year}")
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
