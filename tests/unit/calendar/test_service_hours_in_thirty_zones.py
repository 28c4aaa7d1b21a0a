"""Ten thousand intervals in each of thirty zones, held against minutes that are counted without the product's code."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from slm_calendar import service_hours
from slm_calendar.service_hours import ServiceHours
from slm_events.instants import from_text, to_text
from tests.unit.calendar.minute_oracle import Instants, MinuteOracle, PrefixSums
from tests.unit.calendar.test_service_hours_against_minutes import PLACES, documents

MORE_PLACES = [
    ("Africa/Cairo", 2023),  # summer time came back
    ("Africa/El_Aaiun", 2024),
    ("America/Asuncion", 2024),  # and stayed
    ("America/Caracas", 2016),  # by half an hour
    ("America/Havana", 2026),  # at midnight
    ("America/Nuuk", 2023),
    ("America/Santiago", 2022),
    ("Antarctica/Troll", 2026),  # by two hours
    ("Asia/Amman", 2022),
    ("Asia/Beirut", 2022),  # at midnight
    ("Asia/Gaza", 2023),  # around Ramadan
    ("Asia/Kathmandu", 1986),  # by a quarter of an hour
    ("Asia/Pyongyang", 2015),
    ("Atlantic/Azores", 2026),
    ("Australia/Eucla", 2026),  # +08:45
    ("Europe/Dublin", 2026),  # winter time is the exception
    ("Europe/Istanbul", 2016),
    ("Europe/Volgograd", 2020),
    ("Pacific/Chatham", 2026),  # +12:45
    ("Pacific/Fakaofo", 2011),  # the date that Apia skipped too
    ("Pacific/Kwajalein", 1993),  # a date that never was, in August
    ("Pacific/Norfolk", 2019),
]
EVERYWHERE = PLACES + MORE_PLACES
INTERVALS = 10_000
"""In each zone, spread over three calendars: office hours, round the clock, nights; each with exceptions."""


def drawn(chance: random.Random, hours: ServiceHours, span: tuple[int, int], number: int) -> Instants:
    """Instants of a year, one in four of them an opening or a closing."""
    edges = [edge for pair in hours.intervals(*span) for edge in pair]
    return np.array(
        [chance.choice(edges) if chance.random() < 0.25 else chance.randrange(*span) for _ in range(number)], np.int64
    )


def same(ours: list[int], theirs: Instants, *asked: Instants) -> None:
    wrong = np.flatnonzero(np.array(ours, np.int64) != theirs)
    assert not len(wrong), [
        (ours[n], int(theirs[n]), [to_text(int(each[n])) for each in asked]) for n in map(int, wrong[:3])
    ]


def test_the_places_are_thirty_and_more() -> None:
    assert len({zone for zone, _ in EVERYWHERE}) >= 30


@pytest.mark.parametrize(("zone", "year"), EVERYWHERE)
def test_ten_thousand_intervals_of_a_zone_are_as_long_as_their_minutes(zone: str, year: int) -> None:
    span = (from_text(f"{year}-01-01T00:00:00Z"), from_text(f"{year + 1}-01-01T00:00:00Z"))
    for place, document in enumerate(documents(zone, year)):
        number = INTERVALS // 3 + (place < INTERVALS % 3)
        held_against_minutes(document, year, span, number, random.Random(f"{zone}{year}{place}"))


def held_against_minutes(
    document: dict[str, Any], year: int, span: tuple[int, int], number: int, chance: random.Random
) -> None:
    hours, oracle = service_hours.parse_service_hours(document), PrefixSums(MinuteOracle(document, year))
    one, two, three = np.sort(np.array([drawn(chance, hours, span, number) for _ in range(3)]), axis=0)
    starts, middles, ends = one.tolist(), two.tolist(), three.tolist()

    whole = [hours.open_time(start, end) for start, end in zip(starts, ends, strict=True)]
    same(whole, oracle.open_time(one, three), one, three)
    before = [hours.open_time(start, middle) for start, middle in zip(starts, middles, strict=True)]
    after = [hours.open_time(middle, end) for middle, end in zip(middles, ends, strict=True)]
    same(whole, np.array(before) + np.array(after), one, two, three)
    assert all(part <= all_of_it for part, all_of_it in zip(before, whole, strict=True))
    assert not any(hours.open_time(end, start) for start, end in zip(starts, ends, strict=True) if start < end)

    # Forward to where that much is used up, back to the last instant from which it is: never past the start.
    used = [length for length in before if length]
    begun = np.array([start for start, length in zip(starts, before, strict=True) if length], np.int64)
    amounts = np.array(used, np.int64)
    due = [hours.add(start, length) for start, length in zip(begun.tolist(), used, strict=True)]
    same(due, oracle.first_with(oracle.open_before(begun) + amounts), begun)
    back = [hours.add(end, -length) for end, length in zip(due, used, strict=True)]
    same(back, oracle.last_with(oracle.open_before(np.array(due, np.int64)) - amounts), begun)
    assert all(begin <= home for begin, home in zip(begun.tolist(), back, strict=True))
    assert not any(hours.open_time(begin, home) for begin, home in zip(begun.tolist(), back, strict=True))


@pytest.mark.parametrize(("zone", "year"), EVERYWHERE)
def test_later_and_longer_is_never_due_earlier(zone: str, year: int) -> None:
    chance = random.Random(f"{zone}{year}")
    span = (from_text(f"{year}-01-01T00:00:00Z"), from_text(f"{year}-12-01T00:00:00Z"))
    hours = service_hours.parse_service_hours(documents(zone, year)[0])
    instants = sorted(drawn(chance, hours, span, 200).tolist())
    length = chance.randrange(1, 40 * 3_600_000_000)
    due = [hours.add(at, length) for at in instants]
    assert due == sorted(due)
    lengths = sorted(chance.randrange(-length, length) for _ in range(200))
    reached = [hours.add(instants[100], each) for each in lengths if each]
    assert reached == sorted(reached)
