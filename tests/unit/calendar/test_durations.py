"""Durations: their text, their meaning, their deadlines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_calendar import durations, service_hours
from slm_calendar.errors import CalendarError
from slm_events.instants import from_text, to_text

SECOND = 1_000_000
OFFICE = service_hours.parse_service_hours(
    {"timezone": "Europe/Berlin", "weekly": {"mon-fri": [["08:00", "12:00"], ["13:00", "18:00"]]}}
)


@given(st.integers(-(10**18), 10**18))
def test_a_duration_written_reads_back_as_the_same(microseconds: int) -> None:
    assert durations.from_iso(durations.to_iso(microseconds)) == microseconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT4H", 14400),
        ("P1W", 604800),
        ("P2DT3H4M5S", 183845),
        ("PT0.25S", 0.25),
        ("PT0,5S", 0.5),
        ("-PT30M", -1800),
        ("PT0S", 0),
        ("P1WT1H", 608400),
    ],
)
def test_an_iso_duration_is_read(text: str, seconds: float) -> None:
    assert durations.from_iso(text) == int(seconds * SECOND)


@pytest.mark.parametrize("text", ["P{}D", "PT{}S", "PT0.{}S", "-PT{}H"])
def test_digits_without_end_are_refused_and_not_reckoned_with(text: str) -> None:
    with pytest.raises(CalendarError):
        durations.from_iso(text.format("9" * 5_000))


@pytest.mark.parametrize("text", ["P1M", "P1Y", "P1Y2M", "P1Y2M3DT4H", "P0.5Y"])
def test_months_and_years_are_refused_with_the_reason(text: str) -> None:
    with pytest.raises(CalendarError, match="no fixed length: write days"):
        durations.from_iso(text)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "4H", "PT4", "P1DT", "PT1H30", "PT1.5H", "PT0.0000001S", "p1d", 4, None]
)
def test_what_is_no_iso_duration_is_refused(text: Any) -> None:
    with pytest.raises(CalendarError):
        durations.from_iso(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("5m", 300),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("1d", 86400),
        ("1w", 604800),
        ("1M", 30 * 86400),
        ("1Q", 90 * 86400),
        ("1Y", 365 * 86400),
    ],
)
def test_shorthand_of_imported_documents_is_read(text: str, seconds: float) -> None:
    assert durations.from_shorthand(text) == int(seconds * SECOND)


@pytest.mark.parametrize("text", ["", "5", "m", "5x", "5 m", "-5m", "5m!", None])
def test_what_is_no_shorthand_is_refused(text: Any) -> None:
    with pytest.raises(CalendarError):
        durations.from_shorthand(text)


@pytest.mark.parametrize(
    "document",
    [
        {"calendar": "PT4H"},
        {"service_time": "P1DT4H"},
        {"business_days": 2},
        {"business_days_end": 0},
        {"due_at": "due_date"},
        {"service_time": "-PT0S"},
        {"business_days": -3},
    ],
)
def test_a_duration_document_is_read_and_written(document: dict[str, Any]) -> None:
    assert durations.parse_duration(document, offset=True).to_document() == document


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("PT4H", "within"),
        ({}, "within"),
        ({"calendar": "PT1H", "service_time": "PT1H"}, "within"),
        ({"hours": 4}, "within"),
        ({"service_time": "P1M"}, "within.service_time"),
        ({"service_time": "-PT1H"}, "within.service_time"),
        ({"business_days": "2"}, "within.business_days"),
        ({"business_days": True}, "within.business_days"),
        ({"business_days": -1}, "within.business_days"),
        ({"business_days": 10**9}, "within.business_days"),
        ({"due_at": ""}, "within.due_at"),
    ],
)
def test_a_wrong_duration_document_is_told_its_field(document: Any, field: str) -> None:
    with pytest.raises(CalendarError) as refused:
        durations.parse_duration(document)
    assert refused.value.errors[0]["field"] == field


# 2026-11-20 is a Friday; Berlin is at +01:00.
@pytest.mark.parametrize(
    ("document", "start", "due"),
    [
        ({"calendar": "PT4H"}, "2026-11-20T17:00", "2026-11-20T21:00"),
        ({"service_time": "PT4H"}, "2026-11-20T17:00", "2026-11-23T11:00"),
        ({"service_time": "PT1H"}, "2026-11-20T17:00", "2026-11-20T18:00"),
        ({"service_time": "PT0S"}, "2026-11-20T18:00", "2026-11-23T08:00"),
        ({"service_time": "-PT0S"}, "2026-11-23T08:00", "2026-11-20T18:00"),
        ({"service_time": "-PT1H"}, "2026-11-20T08:30", "2026-11-19T17:30"),
        ({"service_time": "-PT30M"}, "2026-11-20T08:30", "2026-11-20T08:00"),
        ({"business_days": 2}, "2026-11-20T10:30", "2026-11-24T10:30"),
        ({"business_days": 1}, "2026-11-21T10:30", "2026-11-23T10:30"),
        ({"business_days": 1}, "2026-11-20T18:00", "2026-11-23T18:00"),
        ({"business_days": 1}, "2026-11-20T19:00", "2026-11-24T08:00"),
        ({"business_days": 1}, "2026-11-20T12:30", "2026-11-23T13:00"),
        ({"business_days": 0}, "2026-11-20T19:00", "2026-11-23T08:00"),
        ({"business_days": -1}, "2026-11-23T10:30", "2026-11-20T10:30"),
        ({"business_days": -1}, "2026-11-23T08:00", "2026-11-20T08:00"),
        ({"business_days": -1}, "2026-11-24T07:00", "2026-11-20T18:00"),
        ({"business_days": -1}, "2026-11-24T19:00", "2026-11-23T18:00"),
        ({"business_days": -1}, "2026-11-24T12:30", "2026-11-23T12:00"),
        ({"business_days_end": 1}, "2026-11-20T10:30", "2026-11-23T18:00"),
        ({"business_days_end": 0}, "2026-11-20T10:30", "2026-11-20T18:00"),
        ({"business_days_end": 0}, "2026-11-20T19:00", "2026-11-23T18:00"),
        ({"due_at": "due"}, "2026-11-20T10:30", "2026-11-23T08:00"),
        ({"due_at": "past"}, "2026-11-20T10:30", "2026-11-20T10:30:01"),
        ({"due_at": "missing"}, "2026-11-20T10:30", "2026-11-20T10:30:01"),
    ],
)
def test_a_duration_gives_its_deadline(document: Any, start: str, due: str) -> None:
    fields = {"due": from_text("2026-11-21T00:00:00Z"), "past": from_text("2026-11-20T09:29:59Z")}
    duration = durations.parse_duration(document, offset=True)
    assert to_text(durations.compute_deadline(duration, local(start), OFFICE, fields)) == to_text(local(due))


def local(text: str) -> int:
    return from_text(f"{text}+01:00")


def test_a_pause_moves_the_deadline_in_the_clocks_own_measure() -> None:
    due, hour = local("2026-11-20T18:00"), 3600 * SECOND
    wall, service, days = (
        durations.parse_duration(each)
        for each in ({"calendar": "PT1H"}, {"service_time": "PT1H"}, {"business_days": 1})
    )
    assert durations.extend_deadline(wall, due, hour, OFFICE) == local("2026-11-20T19:00")
    assert durations.extend_deadline(service, due, hour, OFFICE) == local("2026-11-23T09:00")
    assert durations.extend_deadline(days, due, hour, OFFICE) == local("2026-11-23T09:00")
    assert durations.extend_deadline(service, due, 0, OFFICE) == due


def test_people_read_what_a_duration_means() -> None:
    told = [
        str(durations.parse_duration(each))
        for each in (
            {"calendar": "PT4H"},
            {"service_time": "PT4H"},
            {"business_days": 1},
            {"business_days_end": 2},
            {"due_at": "due_date"},
        )
    ]
    assert told == [
        "PT4H of calendar time",
        "PT4H of service time",
        "1 business day",
        "close of business after 2 business days",
        "due at due_date",
    ]
