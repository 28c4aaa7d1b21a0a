"""Recurring stretches: wall-clock time kept over a clock change, ended where the rule says, refused without an end."""

from __future__ import annotations

import time

import pytest

from slm_calendar.errors import CalendarError
from slm_calendar.recurrences import MOST, occurrences
from slm_events.instants import to_text
from tests.support.monitor import HOUR, at


def starts(rule: str, zone: str = "Europe/Berlin", first: str = "2026-10-11T00:00", **more: int) -> list[str]:
    return [to_text(start)[:16] for start, _ in occurrences(rule, zone, at(first), 2 * HOUR, **more)]


def test_a_weekly_night_keeps_its_local_time_when_the_clock_changes() -> None:
    # 02:00 in Berlin: 00:00 UTC in summer, 01:00 UTC once the clock has gone back on 25 October.
    assert starts("FREQ=WEEKLY;COUNT=4") == [
        "2026-10-11T00:00",
        "2026-10-18T00:00",
        "2026-10-25T00:00",
        "2026-11-01T01:00",
    ]


def test_an_occurrence_keeps_its_elapsed_time_across_a_clock_change() -> None:
    assert {
        end - start
        for start, end in occurrences("FREQ=DAILY;COUNT=30", "Europe/Berlin", at("2026-10-11T00:00"), 2 * HOUR)
    } == {2 * HOUR}


def test_until_a_date_takes_in_all_of_that_day() -> None:
    assert starts("FREQ=WEEKLY;UNTIL=20261025")[-1] == "2026-10-25T00:00"
    assert starts("FREQ=WEEKLY;UNTIL=20261024")[-1] == "2026-10-18T00:00"
    assert starts("FREQ=WEEKLY;UNTIL=20261025T000000Z")[-1] == "2026-10-25T00:00"
    assert starts("FREQ=WEEKLY;UNTIL=20261024T235959Z")[-1] == "2026-10-18T00:00"


def test_a_rule_without_an_end_of_its_own_ends_with_the_agreement() -> None:
    assert len(starts("FREQ=WEEKLY;BYDAY=SU", end=at("2026-11-01T00:00"))) == 3


def test_the_last_sunday_of_each_month_is_found() -> None:
    found = starts("FREQ=MONTHLY;BYDAY=-1SU;COUNT=3", "UTC", "2026-10-01T03:00")
    assert found == ["2026-10-25T03:00", "2026-11-29T03:00", "2026-12-27T03:00"]


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("FREQ=WEEKLY", "COUNT or UNTIL"),
        ("FREQ=SECONDLY;COUNT=3", "FREQ is one of"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=3", "INTERVAL"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "not both"),
        ("FREQ=DAILY;COUNT=0", "COUNT is"),
        (f"FREQ=DAILY;COUNT={MOST + 1}", "COUNT is"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=20360101", "more than"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;UNTIL=20991231", "never occurs"),
        ("FREQ=YEARLY;COUNT=20", "more than ten years"),
        ("FREQ=YEARLY;UNTIL=20370101", "more than ten years"),
        ("FREQ=DAILY;BYDAY=XX;COUNT=3", "RRULE"),
        ("EXDATE=20261010", "parts are"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_with_what_to_write(rule: str, complaint: str) -> None:
    with pytest.raises(CalendarError, match=complaint):
        starts(rule)


def test_a_rule_that_begins_where_time_ends_is_refused_too() -> None:
    with pytest.raises(CalendarError, match="RRULE"):
        starts("FREQ=DAILY;COUNT=3", "Asia/Tokyo", "9999-12-31T23:00")


@pytest.mark.parametrize("frequency", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
def test_a_rule_that_never_occurs_is_refused_at_once(frequency: str) -> None:
    begun = time.process_time()
    with pytest.raises(CalendarError, match="it never occurs"):
        starts(f"FREQ={frequency};BYMONTH=2;BYMONTHDAY=30;COUNT=3")
    assert time.process_time() - begun < 1.0
