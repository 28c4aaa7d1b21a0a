"""Closed time says why it is closed."""

from __future__ import annotations

from slm_calendar import service_hours
from slm_calendar.closures import closures
from slm_events.instants import from_text, to_text

HOURS = service_hours.parse_service_hours(
    {
        "timezone": "Europe/Berlin",
        "weekly": {"mon-fri": [["08:00", "18:00"]]},
        "holidays": [{"date": "2026-12-25"}],
        "overrides": [{"date": "2026-12-24", "intervals": [["08:00", "12:00"]]}],
        "breaks": [{"from": "2026-12-23T09:00:00Z", "to": "2026-12-23T10:00:00Z"}],
    }
)


def found(start: str, end: str) -> list[tuple[str, str]]:
    return [(to_text(each.start)[5:16], each.reason) for each in closures(HOURS, from_text(start), from_text(end))]


def test_each_closed_stretch_names_the_part_of_the_hours_that_closes_it() -> None:
    assert found("2026-12-23T08:00:00Z", "2026-12-26T12:00:00Z") == [
        ("12-23T09:00", "break"),
        ("12-23T17:00", "weekly"),
        ("12-23T23:00", "override"),
        ("12-24T11:00", "override"),
        ("12-24T23:00", "holiday"),
        ("12-25T23:00", "weekly"),
    ]


def test_hours_that_never_close_and_reversed_pairs_have_no_closures() -> None:
    assert closures(service_hours.ALWAYS, 0, 10**15) == []
    assert closures(HOURS, 10, 5) == []


def test_closures_and_open_intervals_fill_the_time_between_them() -> None:
    start, end = from_text("2026-01-01T00:00:00Z"), from_text("2027-01-01T00:00:00Z")
    closed = sum(each.end - each.start for each in closures(HOURS, start, end))
    assert closed + HOURS.open_time(start, end) == end - start
