"""What one calendar's hours leave uncovered of another's."""

from __future__ import annotations

from hypothesis import given, settings

from slm_calendar import coverage, intervals, service_hours
from slm_calendar.service_hours import ALWAYS, ServiceHours
from slm_events.instants import from_text
from tests.unit.calendar.test_service_hours import FIRST, LAST, calendars


@settings(max_examples=25, deadline=None)
@given(calendars(), calendars())
def test_the_common_and_the_uncovered_hours_make_up_the_required(one: ServiceHours, other: ServiceHours) -> None:
    common = coverage.intersection(one, other, FIRST, LAST)
    gaps = coverage.uncovered_intervals(one, other, FIRST, LAST)
    assert intervals.union(common, gaps) == one.intervals(FIRST, LAST)
    assert intervals.intersect(common, gaps) == []
    assert coverage.covers_all_hours(other, one, FIRST, LAST) is (not gaps)
    assert coverage.covers_all_hours(ALWAYS, one, FIRST, LAST) and coverage.covers_all_hours(one, one, FIRST, LAST)


def test_holidays_of_the_support_are_gaps_but_not_in_a_normal_week() -> None:
    week = {"timezone": "Europe/Berlin", "weekly": {"mon-fri": [["08:00", "18:00"]]}}
    required = service_hours.parse_service_hours(week)
    provided = service_hours.parse_service_hours(week | {"holidays": [{"date": "2026-12-25"}]})
    start, end = from_text("2026-01-01T00:00:00Z"), from_text("2027-01-01T00:00:00Z")
    gap = (from_text("2026-12-25T08:00:00+01:00"), from_text("2026-12-25T18:00:00+01:00"))
    assert coverage.uncovered_intervals(required, provided, start, end) == [gap]
    assert coverage.compare_normal_week(required, provided, start, end).to_document() == {}


def test_round_the_clock_hours_leave_whole_days_and_nights_uncovered() -> None:
    required = service_hours.parse_service_hours(
        {"timezone": "America/New_York", "weekly": {"mon-sun": [["00:00", "24:00"]]}}
    )
    provided = service_hours.parse_service_hours(
        {"timezone": "America/New_York", "weekly": {"mon-fri": [["08:00", "18:00"]]}}
    )
    start, end = from_text("2026-01-01T00:00:00Z"), from_text("2027-01-01T00:00:00Z")
    normal = coverage.compare_normal_week(required, provided, start, end)
    assert normal.to_document() == {
        "mon-fri": [["00:00", "08:00"], ["18:00", "24:00"]],
        "sat-sun": [["00:00", "24:00"]],
    }
    assert normal.uncovered_time == (168 - 50) * 3600 * 1_000_000
