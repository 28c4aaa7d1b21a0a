"""Days that people type into forms, and spans of time as pages show them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from slm_console.views.moments import day_to_type, end_of_day, first_of_next_month, misread_day, start_of_day
from slm_console.views.reader import Reader


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


READER = Reader(instant("2026-11-20T10:00"), zone=ZoneInfo("Europe/Zurich"))


@pytest.mark.parametrize("typed", ["31 Dec 2026", "2026-12-31", "31.12.", "31.12.2026", "31 Dec"])
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


def test_a_span_within_a_day_names_the_day_once() -> None:
    begin = instant("2026-10-12T06:20")
    assert READER.span(begin, instant("2026-10-12T07:24")) == "12 Oct 08:20–09:24"
    assert READER.span(begin, instant("2026-10-13T07:24")) == "12 Oct 08:20 – 13 Oct 09:24"
