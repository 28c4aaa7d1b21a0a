"""Laws of service time, the corners of the document, and what a wrong document is told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slm_calendar import intervals, service_hours
from slm_calendar.errors import CalendarError, NeverOpen
from slm_calendar.service_hours import ALWAYS, ServiceHours
from slm_events.instants import from_text, to_text

SECOND = 1_000_000
HOUR = 3600 * SECOND
FIRST, LAST = from_text("2025-06-01T00:00:00Z"), from_text("2027-06-01T00:00:00Z")
OFFICE = {"timezone": "Europe/Berlin", "weekly": {"mon-fri": [["08:00", "18:00"]]}}

zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu"]
)
instants = st.integers(FIRST, LAST)
amounts = st.integers(1, 900 * HOUR)


@st.composite
def day_hours(draw: st.DrawFn) -> list[list[str]]:
    edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    clock = [f"{edge // 4:02d}:{edge % 4 * 15:02d}" for edge in edges[: len(edges) // 2 * 2]]
    return [list(pair) for pair in zip(clock[::2], clock[1::2], strict=True)]


@st.composite
def calendars(draw: st.DrawFn) -> ServiceHours:
    days = draw(st.dictionaries(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), day_hours()))
    days["wed"] = [["09:00", "16:00"]]
    dates = st.dates(date(2025, 6, 1), date(2027, 6, 1)).map(str)
    begins = draw(st.lists(st.tuples(instants, st.integers(1, 100 * HOUR)), max_size=3))
    document = {
        "timezone": draw(zones),
        "weekly": days,
        "holidays": [{"date": day} for day in draw(st.lists(dates, max_size=4))],
        "overrides": [
            {"date": day, "intervals": hours} for day, hours in draw(st.dictionaries(dates, day_hours())).items()
        ],
        "breaks": [{"from": to_text(start), "to": to_text(start + length)} for start, length in begins],
    }
    return service_hours.parse_service_hours(document)


laws = settings(max_examples=40, deadline=None)


@laws
@given(calendars(), st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_open_time_adds_up_over_any_cut(hours: ServiceHours, cuts: list[int]) -> None:
    start, middle, end = cuts
    assert hours.open_time(start, end) == hours.open_time(start, middle) + hours.open_time(middle, end)


@laws
@given(calendars(), instants, instants)
def test_open_time_is_the_length_of_the_intervals(hours: ServiceHours, start: int, end: int) -> None:
    found = hours.intervals(start, end)
    assert found == intervals.union(found)
    assert all(start <= opens < closes <= end for opens, closes in found)
    assert intervals.total_length(found) == hours.open_time(start, end) <= max(0, end - start)


@laws
@given(calendars(), instants, instants, amounts)
def test_a_later_start_is_never_due_earlier(hours: ServiceHours, one: int, other: int, amount: int) -> None:
    earlier, later = sorted((one, other))
    assert hours.add(earlier, amount) <= hours.add(later, amount)
    assert hours.add(earlier, amount) < hours.add(earlier, amount + 1)


@laws
@given(calendars(), instants, amounts)
def test_a_deadline_is_the_first_instant_with_the_time_used_up(hours: ServiceHours, start: int, amount: int) -> None:
    due = hours.add(start, amount)
    assert hours.open_time(start, due) == amount
    assert hours.open_time(start, due - 1) < amount


@laws
@given(calendars(), instants, amounts, amounts)
def test_adding_in_two_steps_is_adding_at_once(hours: ServiceHours, start: int, one: int, other: int) -> None:
    assert hours.add(hours.add(start, one), other) == hours.add(start, one + other)
    assert hours.add(hours.add(start, -one), -other) == hours.add(start, -one - other)


@laws
@given(calendars(), instants, amounts)
def test_forward_and_backward_lead_home(hours: ServiceHours, at: int, amount: int) -> None:
    assert hours.add(hours.add(at, amount), -amount) == hours.next_open(at)
    assert hours.add(hours.add(at, -amount), amount) == hours.last_open(at)


@laws
@given(calendars(), instants)
def test_next_and_last_open_enclose_closed_time_only(hours: ServiceHours, at: int) -> None:
    following, previous = hours.next_open(at), hours.last_open(at)
    assert previous <= at <= following
    assert hours.open_time(previous, following) == 0
    assert hours.is_open(following) and hours.open_time(previous - 1, previous) == 1
    assert hours.is_open(at) is (following == at)


@laws
@given(calendars())
def test_written_hours_read_back_as_the_same(hours: ServiceHours) -> None:
    assert service_hours.parse_service_hours(hours.to_document()) is hours


@given(instants, instants)
def test_always_open_time_is_wall_time(start: int, end: int) -> None:
    written_out = service_hours.parse_service_hours(
        {"timezone": "Asia/Tehran", "weekly": {"mon-sun": [["00:00", "24:00"]]}}
    )
    for hours in (
        ALWAYS,
        service_hours.parse_service_hours("24x7"),
        service_hours.parse_service_hours(None),
        written_out,
    ):
        assert hours.open_time(start, end) == max(0, end - start)
        assert hours.add(start, end - start) == end
        assert hours.next_open(start) == hours.last_open(start) == start and hours.is_open(start)


def open_hours(document: dict[str, Any], first: str, last: str) -> list[list[str]]:
    found = service_hours.parse_service_hours(document).intervals(from_text(first), from_text(last))
    return [[to_text(opens)[:16], to_text(closes)[:16]] for opens, closes in found]


def test_an_override_wins_over_a_holiday_and_a_break_over_both() -> None:
    document = OFFICE | {
        "holidays": [{"from": "2026-12-24", "to": "2026-12-26"}],
        "overrides": [{"date": "2026-12-24", "intervals": [["08:00", "12:00"]]}],
        "breaks": [{"from": "2026-12-24T10:00:00+01:00", "to": "2026-12-24T11:00:00+01:00"}],
    }
    assert open_hours(document, "2026-12-24T00:00:00Z", "2026-12-28T08:00:00Z") == [
        ["2026-12-24T07:00", "2026-12-24T09:00"],
        ["2026-12-24T10:00", "2026-12-24T11:00"],
        ["2026-12-28T07:00", "2026-12-28T08:00"],
    ]


def test_days_that_touch_at_midnight_are_one_interval_over_years() -> None:
    document = {
        "timezone": "Europe/Berlin",
        "weekly": {"mon-sun": [["00:00", "24:00"]]},
        "holidays": [{"date": "2040-01-01"}],
    }
    assert open_hours(document, "2024-01-01T00:00:00Z", "2027-01-01T00:00:00Z") == [
        ["2024-01-01T00:00", "2027-01-01T00:00"]
    ]


@pytest.mark.parametrize(
    ("weekly", "day", "found"),
    [
        # 29 March 2026: 02:00 to 03:00 does not exist in Berlin; 25 October: it comes twice.
        ([["02:00", "03:00"]], "2026-03-29", []),
        ([["02:30", "03:15"]], "2026-03-29", []),
        ([["02:30", "04:00"]], "2026-03-29", [["2026-03-29T01:30", "2026-03-29T02:00"]]),
        ([["01:00", "02:30"]], "2026-03-29", [["2026-03-29T00:00", "2026-03-29T01:30"]]),
        ([["02:00", "02:30"], ["03:00", "04:00"]], "2026-03-29", [["2026-03-29T01:00", "2026-03-29T02:00"]]),
        ([["02:30", "02:45"]], "2026-10-25", [["2026-10-25T00:30", "2026-10-25T00:45"]]),
        ([["02:30", "04:00"]], "2026-10-25", [["2026-10-25T00:30", "2026-10-25T03:00"]]),
        ([["01:00", "02:30"]], "2026-10-25", [["2026-10-24T23:00", "2026-10-25T00:30"]]),
    ],
)
def test_hours_meet_a_clock_change(weekly: Any, day: str, found: Any) -> None:
    document = {"timezone": "Europe/Berlin", "weekly": {"sun": weekly}}
    assert open_hours(document, f"{day}T00:00:00+02:00", f"{day}T23:00:00+02:00") == found


def test_a_date_that_never_was_has_no_hours() -> None:
    document = {"timezone": "Pacific/Apia", "weekly": {"mon-sun": [["08:00", "18:00"]]}}
    assert open_hours(document, "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z") == [
        ["2011-12-29T18:00", "2011-12-30T04:00"],
        ["2011-12-30T18:00", "2011-12-31T04:00"],
    ]


def test_the_29th_of_february_is_a_yearly_holiday_in_leap_years_only() -> None:
    hours = service_hours.parse_service_hours(OFFICE | {"holidays": [{"yearly": "02-29"}]})
    assert hours.open_on(date(2028, 2, 29)) == []
    assert hours.open_on(date(2027, 3, 1)) != []


def test_hours_that_never_open_are_an_error_and_no_endless_search() -> None:
    hours = service_hours.parse_service_hours({"timezone": "UTC", "weekly": {}})
    assert hours.open_time(FIRST, LAST) == 0 and hours.intervals(FIRST, LAST) == [] and not hours.is_open(FIRST)
    for ask in (hours.next_open, hours.last_open, lambda at: hours.add(at, HOUR), lambda at: hours.add(at, -HOUR)):
        with pytest.raises(NeverOpen, match="never open within ten years"):
            ask(FIRST)


def test_a_deadline_over_a_hundred_years_away_is_refused() -> None:
    hours = service_hours.parse_service_hours(
        {
            "timezone": "UTC",
            "weekly": {},
            "holidays": [],
            "overrides": [{"date": f"{year}-01-01", "intervals": [["08:00", "09:00"]]} for year in range(1990, 2200)],
        }
    )
    assert to_text(hours.add(FIRST, 3 * HOUR)) == "2028-01-01T09:00:00.000000Z"
    with pytest.raises(CalendarError, match="over 100 years away"):
        hours.add(FIRST, 150 * HOUR)


@pytest.mark.parametrize(
    ("document", "field", "remedy"),
    [
        (7, "service_hours", "24x7"),
        ({}, "timezone", "IANA"),
        ({"timezone": "Europe/Bonn"}, "timezone", "IANA"),
        ({"timezone": "../../etc/passwd"}, "timezone", "IANA"),
        ({"timezone": "UTC", "week": {}}, "week", "known are timezone, weekly"),
        ({"timezone": "UTC", "weekly": []}, "weekly", "an object"),
        ({"timezone": "UTC", "weekly": {"funday": []}}, "weekly.funday", "mon-fri"),
        ({"timezone": "UTC", "weekly": {"mon": "08:00-18:00"}}, "weekly.mon", "list of pairs"),
        ({"timezone": "UTC", "weekly": {"mon": [["08:00"]]}}, "weekly.mon[0]", "a pair"),
        ({"timezone": "UTC", "weekly": {"mon": [["8", "18:00"]]}}, "weekly.mon[0]", "time of day"),
        ({"timezone": "UTC", "weekly": {"mon": [["08:00", "24:01"]]}}, "weekly.mon[0]", "time of day"),
        ({"timezone": "UTC", "weekly": {"mon": [["22:00", "06:00"]]}}, "weekly.mon[0]", "to 24:00 and from 00:00"),
        ({"timezone": "UTC", "weekly": {"mon": [["08:00", "12:00"], ["11:00", "13:00"]]}}, "weekly.mon", "overlaps"),
        ({"timezone": "UTC", "weekly": {"mon-tue": [], "tue": []}}, "weekly.tue", "given twice"),
        ({"timezone": "UTC", "holidays": {}}, "holidays", "list"),
        ({"timezone": "UTC", "holidays": ["2026-12-25"]}, "holidays[0]", "object"),
        ({"timezone": "UTC", "holidays": [{"date": "25.12.2026"}]}, "holidays[0].date", "2026-12-25"),
        ({"timezone": "UTC", "holidays": [{"from": "2026-02-01", "to": "2026-01-01"}]}, "holidays[0].to", "not before"),
        ({"timezone": "UTC", "holidays": [{"yearly": "13-01"}]}, "holidays[0].yearly", "12-25"),
        ({"timezone": "UTC", "holidays": [{"country": "DE"}]}, "holidays[0].country", "resolve"),
        ({"timezone": "UTC", "holidays": [{"day": 1}]}, "holidays[0]", "yearly"),
        ({"timezone": "UTC", "overrides": [{"date": "2026-01-01"}]}, "overrides[0]", "intervals"),
        ({"timezone": "UTC", "overrides": [{"date": "2026-01-01", "intervals": []}] * 2}, "overrides[1].date", "twice"),
        ({"timezone": "UTC", "breaks": [{"from": "2026-01-01T00:00:00Z"}]}, "breaks[0]", '"to"'),
        (
            {"timezone": "UTC", "breaks": [{"from": "2026-01-01T00:00:00", "to": "2026-01-02T00:00:00Z"}]},
            "breaks[0].from",
            "offset",
        ),
        (
            {"timezone": "UTC", "breaks": [{"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}]},
            "breaks[0].to",
            "after the start",
        ),
    ],
)
def test_a_wrong_document_is_told_field_and_remedy(document: Any, field: str, remedy: str) -> None:
    with pytest.raises(CalendarError) as refused:
        service_hours.parse_service_hours(document)
    (error,) = refused.value.errors
    assert error["field"] == field
    assert remedy in error["remedy"]


def test_all_errors_of_a_document_are_told_at_once() -> None:
    with pytest.raises(CalendarError) as refused:
        service_hours.parse_service_hours(
            {"timezone": "X", "weekly": {"mon": [["1", "2"]]}, "holidays": [{"yearly": ""}]}
        )
    assert [error["field"] for error in refused.value.errors] == ["timezone", "weekly.mon[0]", "holidays[0].yearly"]


def test_country_holidays_are_resolved_to_dates_and_day_ranges_to_days() -> None:
    draft = OFFICE | {"holidays": [{"country": "DE", "subdivision": "BE"}, {"yearly": "12-24"}]}
    resolved = service_hours.resolve_service_hours(draft, 2026, 2027)
    assert isinstance(resolved, dict)
    assert list(resolved["weekly"]) == ["mon", "tue", "wed", "thu", "fri"]
    dates = {holiday["date"] for holiday in resolved["holidays"] if "name" in holiday}
    assert {"2026-03-08", "2026-04-03", "2027-03-26", "2027-12-25"} <= dates
    assert {"yearly": "12-24"} in resolved["holidays"]
    assert service_hours.parse_service_hours(resolved).open_on(date(2026, 5, 1)) == []
    assert service_hours.resolve_service_hours(resolved, 2030, 2031) == resolved
    assert service_hours.resolve_service_hours("24x7", 2026, 2027) == "24x7"


@pytest.mark.parametrize(
    ("holidays", "field"),
    [
        ([{"country": "XX"}], "holidays[0].country"),
        ([{"country": "DE", "subdivision": "TX"}], "holidays[0].subdivision"),
        ([{"country": "DE", "state": "BE"}], "holidays[0].state"),
    ],
)
def test_an_unknown_country_is_told(holidays: Any, field: str) -> None:
    with pytest.raises(CalendarError) as refused:
        service_hours.resolve_service_hours(OFFICE | {"holidays": holidays}, 2026, 2026)
    assert refused.value.errors[0]["field"] == field
