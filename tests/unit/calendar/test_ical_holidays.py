"""Holidays read from iCalendar files."""

from __future__ import annotations

from datetime import date

import pytest

from slm_calendar import ical_holidays, service_hours
from slm_calendar.errors import CalendarError

EVENTS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Holidays//EN
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20201225
DTEND;VALUE=DATE:20201226
RRULE:FREQ=YEARLY
SUMMARY:Christmas
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260803
DTEND;VALUE=DATE:20260815
SUMMARY:Summer closure
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART;VALUE=DATE:20260501
END:VEVENT
BEGIN:VEVENT
UID:4
DTSTART:20260601T090000Z
DTEND:20260601T100000Z
SUMMARY:A meeting
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def test_all_day_events_become_holidays_of_those_years() -> None:
    found = ical_holidays.read(EVENTS, 2026, 2027)
    assert found == [
        {"date": "2026-05-01"},
        {"from": "2026-08-03", "to": "2026-08-14", "name": "Summer closure"},
        {"date": "2026-12-25", "name": "Christmas"},
        {"date": "2027-12-25", "name": "Christmas"},
    ]
    service_hours.parse({"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}, "holidays": found})


@pytest.mark.parametrize("text", ["", "Christmas is on 25 December", EVENTS.replace("20201225", "25.12.2020")])
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(CalendarError):
        ical_holidays.read(text, 2026, 2026)


def test_a_calendar_file_is_written_out_when_hours_are_resolved() -> None:
    draft = {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}, "holidays": [{"icalendar": EVENTS}]}
    resolved = service_hours.resolve(draft, 2026, 2027)
    assert isinstance(resolved, dict)
    assert {"date": "2027-12-25", "name": "Christmas"} in resolved["holidays"]
    assert service_hours.resolve(resolved, 2030, 2031) == resolved
    assert service_hours.parse(resolved).open_on(date(2026, 8, 14)) == []
    with pytest.raises(CalendarError):
        service_hours.parse(draft)


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"icalendar": "BEGIN"}, "holidays[0].icalendar"),
        ({"icalendar": 5}, "holidays[0].icalendar"),
        ({"icalendar": EVENTS, "year": 2026}, "holidays[0].year"),
        ({"icalendar": EVENTS.replace("FREQ=YEARLY", "FREQ=SECONDLY")}, "holidays[0].icalendar"),
        ({"icalendar": EVENTS + " " * 200_000}, "holidays[0].icalendar"),
    ],
)
def test_what_cannot_be_written_out_is_told_by_its_field(entry: dict[str, object], field: str) -> None:
    with pytest.raises(CalendarError) as refused:
        service_hours.resolve({"timezone": "UTC", "weekly": {}, "holidays": [entry]}, 2026, 2026)
    assert [error["field"] for error in refused.value.errors] == [field]
