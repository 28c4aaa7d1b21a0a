"""Service hours replayed against an independent oracle that marks every minute of a year."""

from __future__ import annotations

import random
from typing import Any

import pytest

from slm_calendar import service_hours
from slm_events.instants import from_text, to_text
from tests.unit.calendar.minute_oracle import MINUTE, MinuteOracle

OFFICE = {day: [["08:30", "12:00"], ["13:00", "17:45"]] for day in ("mon", "tue", "wed", "thu", "fri")}
ROUND_THE_CLOCK = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
NIGHTS = {
    day: [["00:00", "00:15"], ["01:10", "02:20"], ["02:20", "02:40"], ["03:10", "06:00"], ["22:00", "24:00"]]
    for day in ("mon", "wed", "thu", "sat", "sun")
}

PLACES = [
    ("Europe/Berlin", 2026),
    ("Europe/London", 2026),
    ("America/New_York", 2025),
    ("America/St_Johns", 2010),  # changed its clocks at one minute past midnight
    ("America/Sao_Paulo", 2018),  # at midnight
    ("Australia/Lord_Howe", 2026),  # by half an hour
    ("Africa/Casablanca", 2026),  # winter time in Ramadan
    ("Asia/Kathmandu", 2026),  # +05:45
    ("Pacific/Apia", 2011),  # a date that never was
    ("Asia/Tehran", 2021),
    ("UTC", 2024),
]


def documents(zone: str, year: int) -> list[dict[str, Any]]:
    exceptions = {
        "holidays": [
            {"yearly": "12-25"},
            {"date": f"{year}-05-01"},
            {"from": f"{year}-08-03", "to": f"{year}-08-14"},
        ],
        "overrides": [
            {"date": f"{year}-08-05", "intervals": [["10:00", "11:30"]]},
            {"date": f"{year}-03-16", "intervals": []},
            {"date": f"{year}-03-29", "intervals": [["02:30", "03:15"], ["20:00", "24:00"]]},
        ],
        "breaks": [
            {"from": f"{year}-02-02T10:07:00Z", "to": f"{year}-02-02T10:52:00Z"},
            {"from": f"{year}-06-30T20:00:00Z", "to": f"{year}-07-03T03:00:00Z"},
        ],
    }
    return [{"timezone": zone, "weekly": weekly, **exceptions} for weekly in (OFFICE, ROUND_THE_CLOCK, NIGHTS)]


@pytest.mark.parametrize(("zone", "year"), PLACES)
def test_every_answer_equals_that_of_counting_minutes(zone: str, year: int) -> None:
    chance = random.Random(f"{zone}{year}")
    first, last = from_text(f"{year}-01-01T00:00:00Z"), from_text(f"{year + 1}-01-01T00:00:00Z")
    for document in documents(zone, year):
        hours, oracle = service_hours.parse_service_hours(document), MinuteOracle(document, year)
        assert hours.intervals(first, last) == oracle.intervals(first, last)
        edges = [edge for pair in hours.intervals(first, last) for edge in pair]
        for _ in range(300):
            start, end = (chance.choice((chance.randrange(first, last), chance.choice(edges))) for _ in "se")
            assert hours.open_time(start, end) == oracle.open_time(start, end), (to_text(start), to_text(end))
            amount = chance.choice((1, -1)) * chance.choice((chance.randrange(1, 60 * MINUTE), 90 * MINUTE))
            if 0 < oracle.open_before(start) + amount < oracle.open_before(last):
                assert hours.add(start, amount) == oracle.add(start, amount), (to_text(start), amount)
            assert hours.is_open(start) is (oracle.open_time(start, start + 1) == 1), to_text(start)
