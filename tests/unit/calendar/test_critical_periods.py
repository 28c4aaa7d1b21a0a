"""Critical periods: their occurrences in local time, over clock changes, and their ids."""

from __future__ import annotations

from typing import Any

import pytest

from slm_calendar.critical_periods import CriticalPeriod, parse_critical_period
from slm_calendar.errors import CalendarError
from slm_calendar.window_schedules import WindowSchedule, schedule_of_terms
from slm_calendar.windows import Window
from slm_events.instants import from_text, to_text

BERLIN = "Europe/Berlin"


def at(text: str) -> int:
    return from_text(f"{text}:00Z")


def period(occurrences: dict[str, Any], zone: str = BERLIN, end: str | None = None) -> CriticalPeriod:
    document = {"key": "night", "title": "Night", "occurrences": occurrences}
    return parse_critical_period(document, zone, None if end is None else at(end))


def spans(found: CriticalPeriod) -> list[tuple[str, str, str]]:
    return [(each.id, to_text(each.start)[:16], to_text(each.end)[:16]) for each in found.occurrences]


def test_dates_are_local_times_and_may_cross_midnight() -> None:
    # Berlin is one hour ahead of UTC in November: 18:00 is 17:00 UTC, 02:00 is 01:00 UTC of the same day.
    found = period({"dates": [{"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"}]})
    assert spans(found) == [("night/2026-11-03", "2026-11-03T17:00", "2026-11-04T01:00")]


def test_dates_over_a_clock_change_keep_both_local_times() -> None:
    # On 25 October 2026 the clock goes back at 03:00: from 20:00 (18:00 UTC) to 06:00 (05:00 UTC) are eleven hours.
    found = period({"dates": [{"from": "2026-10-24T20:00", "to": "2026-10-25T06:00"}]})
    assert spans(found) == [("night/2026-10-24", "2026-10-24T18:00", "2026-10-25T05:00")]


def test_a_rule_keeps_the_wall_clock_and_its_duration_is_elapsed_time() -> None:
    # 22:00 on each Saturday; on 24 October (20:00 UTC) eight hours end at 05:00 local time, on 31 October at 06:00.
    found = period({"rule": "FREQ=WEEKLY;BYDAY=SA;COUNT=2", "from": "2026-10-24T22:00", "duration": "PT8H"})
    assert spans(found) == [
        ("night/2026-10-24", "2026-10-24T20:00", "2026-10-25T04:00"),
        ("night/2026-10-31", "2026-10-31T21:00", "2026-11-01T05:00"),
    ]


def test_a_skipped_local_time_moves_only_its_own_occurrence() -> None:
    # 02:30 does not exist on 29 March 2026: that night begins at 03:30 (01:30 UTC), the next one at 02:30 (00:30 UTC).
    found = period({"rule": "FREQ=DAILY;COUNT=2", "from": "2026-03-29T02:30", "duration": "PT1H"})
    assert [each[1] for each in spans(found)] == ["2026-03-29T01:30", "2026-03-30T00:30"]


def test_the_last_day_of_each_month_up_to_the_end_of_the_term() -> None:
    written = {"rule": "FREQ=MONTHLY;BYMONTHDAY=-1", "from": "2026-01-31T18:00", "duration": "PT6H"}
    found = period(written, "UTC", end="2026-05-01T00:00")
    assert [each.id for each in found.occurrences] == [
        "night/2026-01-31",
        "night/2026-02-28",
        "night/2026-03-31",
        "night/2026-04-30",
    ]


def test_several_occurrences_on_one_date_have_different_ids() -> None:
    times = [("08:00", "09:00"), ("18:00", "19:00")]
    found = period({"dates": [{"from": f"2026-11-03T{one}", "to": f"2026-11-03T{two}"} for one, two in times]})
    assert [each.id for each in found.occurrences] == ["night/2026-11-03", "night/2026-11-03T18:00"]
    assert all(found.named(each.id) == each for each in found.occurrences)
    assert found.named("night/2026-11-04") is None


def test_an_instant_lies_in_its_occurrence_or_in_none() -> None:
    days = ("2026-11-03", "2026-11-10")
    found = period({"dates": [{"from": f"{day}T08:00", "to": f"{day}T10:00"} for day in days]}, "UTC")
    first, second = found.occurrences
    assert found.at(at("2026-11-03T07:59")) is None
    assert found.at(at("2026-11-03T08:00")) == found.at(at("2026-11-03T10:00") - 1) == first
    assert found.at(at("2026-11-03T10:00")) is None
    assert found.starting_after(at("2026-11-01T00:00")) == first
    assert found.starting_after(first.start) == second
    assert found.starting_after(second.start) is None
    assert found.touching(at("2026-11-03T09:00"), at("2026-11-10T08:00")) == [first]


@pytest.mark.parametrize(
    ("occurrences", "field", "remedy"),
    [
        ({"dates": [{"from": "2026-11-03", "to": "2026-11-04T02:00"}]}, "dates[0].from", "local date and time"),
        ({"dates": [{"from": "2026-11-03T18:00", "to": "2026-11-03T18:00"}]}, "dates[0].to", "after `from`"),
        (
            {
                "dates": [
                    {"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"},
                    {"from": "2026-11-04T01:59", "to": "2026-11-04T03:00"},
                ]
            },
            "",
            "make it one",
        ),
        ({"rule": "FREQ=DAILY;COUNT=3", "from": "2026-11-03T18:00", "duration": "PT25H"}, "", "make it one"),
        ({"rule": "FREQ=DAILY;COUNT=3", "from": "2026-11-03T18:00", "duration": "P1M"}, "duration", "ISO 8601"),
        ({"rule": "FREQ=DAILY;COUNT=3", "from": "2026-11-03T18:00", "duration": "PT0S"}, "duration", "ISO 8601"),
        ({"rule": "FREQ=HOURLY", "from": "2026-11-03T18:00", "duration": "PT1H"}, "rule", "FREQ is one of"),
        ({"rule": "FREQ=DAILY", "from": "tomorrow", "duration": "PT1H"}, "from", "local date and time"),
        (
            {"rule": "FREQ=DAILY;UNTIL=20260101", "from": "2026-11-03T18:00", "duration": "PT1H"},
            "rule",
            "never occurs",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(occurrences: dict[str, Any], field: str, remedy: str) -> None:
    with pytest.raises(CalendarError) as refused:
        period(occurrences)
    (found,) = refused.value.errors
    assert found["field"] == "critical_period.occurrences" + (f".{field}" if field else "")
    assert remedy in found["remedy"]


def test_a_day_of_23_hours_is_shorter_than_a_period_of_24() -> None:
    # On 29 March 2026 Berlin's day has 23 hours, so the night of the 28th still lasts when the next one begins.
    with pytest.raises(CalendarError, match="make it one"):
        period({"rule": "FREQ=DAILY;COUNT=3", "from": "2026-03-28T12:00", "duration": "PT24H"})
    assert period({"rule": "FREQ=DAILY;COUNT=3", "from": "2026-03-28T12:00", "duration": "PT23H"}).occurrences


def test_a_schedule_is_of_a_calendar_or_of_a_period() -> None:
    night = period({"dates": [{"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"}]})
    months = schedule_of_terms({"calendar": "month"}, "UTC", {})
    nights = schedule_of_terms({"occurrences_of": "night"}, BERLIN, {"night": night})
    assert isinstance(months, WindowSchedule)
    assert isinstance(nights, WindowSchedule)
    november = Window("2026-11", at("2026-11-01T00:00"), at("2026-12-01T00:00"))
    assert months.at(november.start) == months.named("2026-11") == november
    assert months.named("2026-Q4") is months.named("night/2026-11-03") is nights.named("2026-11") is None
    (occurrence,) = night.occurrences
    assert nights.at(occurrence.start) == nights.named("night/2026-11-03") == occurrence
    assert nights.at(occurrence.end) is nights.starting_after(occurrence.start) is None
    assert list(nights.touching(november.start, november.end)) == [occurrence]
    assert next(months.touching(november.start, november.end)) == november
    assert schedule_of_terms({"rolling": "PT1H"}, "UTC", {}) is None
    with pytest.raises(CalendarError, match="write the key of one of night"):
        schedule_of_terms({"occurrences_of": "day"}, BERLIN, {"night": night})
