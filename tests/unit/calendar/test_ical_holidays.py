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
    found = ical_holidays.read_holidays(EVENTS, 2026, 2027).holidays
    assert found == [
        {"date": "2026-05-01"},
        {"from": "2026-08-03", "to": "2026-08-14", "name": "Summer closure"},
        {"date": "2026-12-25", "name": "Christmas"},
        {"date": "2027-12-25", "name": "Christmas"},
    ]
    service_hours.parse_service_hours(
        {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}, "holidays": found}
    )


@pytest.mark.parametrize("text", ["", "Christmas is on 25 December"])
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(CalendarError):
        ical_holidays.read_holidays(text, 2026, 2026)


def test_a_calendar_file_is_written_out_when_hours_are_resolved() -> None:
    draft = {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}, "holidays": [{"icalendar": EVENTS}]}
    resolved = service_hours.resolve_service_hours(draft, 2026, 2027)
    assert isinstance(resolved, dict)
    assert {"date": "2027-12-25", "name": "Christmas"} in resolved["holidays"]
    assert service_hours.resolve_service_hours(resolved, 2030, 2031) == resolved
    assert service_hours.parse_service_hours(resolved).open_on(date(2026, 8, 14)) == []
    with pytest.raises(CalendarError):
        service_hours.parse_service_hours(draft)


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"icalendar": "BEGIN"}, "holidays[0].icalendar"),
        ({"icalendar": 5}, "holidays[0].icalendar"),
        ({"icalendar": EVENTS, "year": 2026}, "holidays[0].year"),
        ({"icalendar": EVENTS + " " * 200_000}, "holidays[0].icalendar"),
    ],
)
def test_what_cannot_be_written_out_is_told_by_its_field(entry: dict[str, object], field: str) -> None:
    with pytest.raises(CalendarError) as refused:
        service_hours.resolve_service_hours({"timezone": "UTC", "weekly": {}, "holidays": [entry]}, 2026, 2026)
    assert [error["field"] for error in refused.value.errors] == [field]


def events(*texts: str) -> str:
    return "".join(["BEGIN:VCALENDAR\n", *(f"BEGIN:VEVENT\n{text}\nEND:VEVENT\n" for text in texts), "END:VCALENDAR\n"])


def days(*texts: str, first: int = 2026, last: int = 2028) -> list[str]:
    found = ical_holidays.read_holidays(events(*texts), first, last).holidays
    return [each.get("date") or f"{each['from']}..{each['to']}" for each in found]


SERIES = "UID:a\nDTSTART;VALUE=DATE:20260301\nRRULE:FREQ=YEARLY;COUNT=3"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([f"{SERIES}\nEXDATE;VALUE=DATE:20270301"], ["2026-03-01", "2028-03-01"]),
        (
            [f"{SERIES}\nRDATE;VALUE=DATE:20260401,20260402"],
            ["2026-03-01", "2026-04-01", "2026-04-02", "2027-03-01", "2028-03-01"],
        ),
        (
            [SERIES, "UID:a\nRECURRENCE-ID;VALUE=DATE:20270301\nDTSTART;VALUE=DATE:20270305"],
            ["2026-03-01", "2027-03-05", "2028-03-01"],
        ),
        ([SERIES, "UID:a\nRECURRENCE-ID;VALUE=DATE:20270301\nDTSTART:20270301T090000Z"], ["2026-03-01", "2028-03-01"]),
        (
            [SERIES, "UID:a\nRECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20270301\nDTSTART;VALUE=DATE:20270302"],
            ["2026-03-01", "2027-03-02", "2028-03-02"],
        ),
        (
            [
                SERIES,
                "UID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:20270301\nDTSTART;VALUE=DATE:20270301\nSTATUS:CANCELLED",
            ],
            ["2026-03-01"],
        ),
        ([SERIES, f"SEQUENCE:2\n{SERIES}\nSTATUS:CANCELLED", "UID:b\nDTSTART:20260501"], ["2026-05-01"]),
        (["DTSTART;VALUE=DATE:20260301\nDTEND;VALUE=DATE:20260301"], ["2026-03-01"]),
        (["DTSTART;VALUE=DATE:20260301\nDURATION:P1W"], ["2026-03-01..2026-03-07"]),
        (["DTSTART;VALUE=DATE:20260301\nDURATION:PT36H"], ["2026-03-01..2026-03-02"]),
        (["DTSTART;VALUE=DATE:20251230\nDTEND;VALUE=DATE:20260102"], ["2025-12-30..2026-01-01"]),
        (["DTSTART:20260301T000000\nDTEND:20260301T235900\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE"], ["2026-03-01"]),
        (
            ["DTSTART;VALUE=DATE:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"],
            ["2026-11-26", "2027-11-25", "2028-11-23"],
        ),
    ],
)
def test_days_of_series_overrides_and_lengths(texts: list[str], expected: list[str]) -> None:
    assert days(*texts) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SUMMARY:x", "it has no DTSTART"),
        ("DTSTART:20260301T000000\nDTEND:20260302T000000", "it has a time of day"),
        ("DTSTART:20260301T090000\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE", "begins at 09:00"),
        ("DTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260301", "it ends before it begins"),
        ("DTSTART;VALUE=DATE:20260301\nDURATION:soon", "is not a duration such as P1D"),
        ("DTSTART;VALUE=DATE:20260301\nDTSTART;VALUE=DATE:20260302", "it has several DTSTART"),
        ("DTSTART;VALUE=DATE:20260301\nRRULE:FREQ=HOURLY", "FREQ is one of DAILY"),
        ("DTSTART;VALUE=DATE:20260301\nwhat is this", "line 4 cannot be read"),
        ("DTSTART;VALUE=DATE:18000301\nRRULE:FREQ=YEARLY", "it begins before 1900"),
    ],
)
def test_an_event_that_gives_no_holiday_says_why(text: str, why: str) -> None:
    found = ical_holidays.read_holidays(events(text, "DTSTART:20260501"), 2026, 2028)
    assert [each["date"] for each in found.holidays] == ["2026-05-01"]
    (left_out,) = found.left_out
    assert why in left_out.why
    assert (found.events, found.taken) == (2, 1)


def test_other_components_are_named_and_time_zones_are_not() -> None:
    text = events("DTSTART:20260501").replace(
        "END:VCALENDAR", "BEGIN:VTODO\nSUMMARY:Buy\nEND:VTODO\nBEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE\nEND:VCALENDAR"
    )
    found = ical_holidays.read_holidays(text, 2026, 2026)
    assert [(each.event, each.why) for each in found.left_out] == [("Buy", "it is a VTODO, not an event")]
