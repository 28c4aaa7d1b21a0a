"""Days that people type into forms, and spans of time as pages show them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from slm_console.views.judgement.typed_times import instant_of, instant_to_type
from slm_console.views.moments import day_to_type, end_of_day, first_of_next_month, misread_day, start_of_day
from slm_console.views.reader import Reader


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


READER = Reader(instant("2026-11-20T10:00"), zone=ZoneInfo("Europe/Zurich"))


@pytest.mark.parametrize(
    "typed", ["31 Dec 2026", "2026-12-31", "31.12.", "31.12.2026", "31 Dec", "Thu 31 Dec", "31 December 2026"]
)
def test_a_day_is_read_as_people_type_it(typed: str) -> None:
    assert end_of_day(READER, typed) == "2026-12-31T23:00:00Z"


def test_a_day_without_a_year_lies_ahead_or_behind_as_the_form_means_it() -> None:
    assert start_of_day(READER, "1.11.") == "2027-10-31T23:00:00Z"
    assert start_of_day(READER, "1.11.", is_past=True) == "2026-10-31T23:00:00Z"
    assert start_of_day(READER, "20.11.", is_past=True) == "2026-11-19T23:00:00Z"
    assert start_of_day(READER, "1.12.", is_past=True) == "2025-11-30T23:00:00Z"
    assert start_of_day(READER, "1.2.2025", is_past=True) == "2025-01-31T23:00:00Z"


def test_what_is_no_day_is_said_with_what_to_write() -> None:
    assert misread_day(READER, "", "1 Jan 2027") == ""
    assert misread_day(READER, "", is_needed=True) == "Write a day, such as 1 Dec 2026."
    assert "“soon” is not a day" in misread_day(READER, "1 Jan 2027", "soon")


def test_what_a_blank_holds_is_read_again() -> None:
    assert first_of_next_month(READER) == "1 Dec 2026"
    assert start_of_day(READER, day_to_type(READER, date(2027, 9, 30))) == "2027-09-29T22:00:00Z"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1 Dec 18:40", "2026-12-01T17:40:00Z"),
        ("12 Nov 14:00", "2026-11-12T13:00:00Z"),
        ("12 Nov 2027 14:00", "2027-11-12T13:00:00Z"),
        ("Tue 1 Dec, 18:40", "2026-12-01T17:40:00Z"),
        ("1 December at 18.40", "2026-12-01T17:40:00Z"),
        ("1.12. 18:40", "2026-12-01T17:40:00Z"),
        ("1.12.2026, 8:40", "2026-12-01T07:40:00Z"),
        ("1/12 18:40", "2026-12-01T17:40:00Z"),
        ("2026-12-01 18:40", "2026-12-01T17:40:00Z"),
        ("2026-12-01T18:40", "2026-12-01T17:40:00Z"),
        ("9:05", "2026-11-20T08:05:00Z"),
        ("31 Feb 18:40", None),
        ("1 Dec 25:00", None),
        ("1 Dec", None),
        ("soon 18:40", None),
        ("0-1-1 00:00", None),
    ],
)
def test_an_instant_is_read_as_people_and_the_console_write_it(typed: str, meant: str | None) -> None:
    assert instant_of(READER, typed) == meant


@pytest.mark.parametrize("text", ["2026-11-12T13:00", "2026-11-20T08:05", "2027-11-12T13:00", "2026-03-03T00:00"])
def test_an_instant_that_the_console_shows_is_read_again(text: str) -> None:
    """Not within six days of today, where only the weekday is shown."""
    assert instant_of(READER, READER.moment(instant(text))) == f"{text}:00Z"


def test_an_interruption_is_typed_in_whole_minutes_around_it() -> None:
    assert instant_to_type(READER, "2026-11-17T14:20:30.000000Z") == "17 Nov 2026 15:20"
    assert instant_to_type(READER, "2026-11-17T14:49:40Z", is_end=True) == "17 Nov 2026 15:50"
    assert instant_to_type(READER, "2026-11-17T14:50:00Z", is_end=True) == "17 Nov 2026 15:50"
    assert instant_to_type(READER, "1 Dec 18:40") == "1 Dec 18:40" and instant_to_type(READER, "") == ""


def test_a_span_within_a_day_names_the_day_once() -> None:
    begin = instant("2026-10-12T06:20")
    assert READER.span(begin, instant("2026-10-12T07:24")) == "12 Oct 08:20–09:24"
    assert READER.span(begin, instant("2026-10-13T07:24")) == "12 Oct 08:20 – 13 Oct 09:24"
