"""One bad record is data; a hundred in a row, or one in twenty, is a bad deployment."""

from __future__ import annotations

import pytest

from slm_chassis.poison import PoisonLimit
from slm_chassis.workers import Halt


def set_aside(limit: PoisonLimit, records: int) -> None:
    for _ in range(records):
        limit.check("ValueError: broken")
        limit.set_aside()


def test_a_hundred_in_a_row_are_set_aside_and_not_one_more() -> None:
    limit = PoisonLimit(lambda: 0.0)
    set_aside(limit, 100)
    with pytest.raises(Halt, match="100 records in a row"):
        limit.check("ValueError: broken")


def test_a_record_handled_in_between_begins_a_new_row() -> None:
    limit = PoisonLimit(lambda: 0.0)
    set_aside(limit, 60)
    limit.handled(4_000)
    set_aside(limit, 60)


def test_more_than_one_in_twenty_within_a_minute_stops() -> None:
    limit = PoisonLimit(lambda: 0.0)
    for _ in range(21):
        limit.handled(19)
        set_aside(limit, 1)
    limit.handled(1)
    limit.set_aside()
    with pytest.raises(Halt, match="of the last"):
        limit.check("ValueError: broken")


def test_what_happened_more_than_a_minute_ago_does_not_count() -> None:
    now = [0.0]
    limit = PoisonLimit(lambda: now[0])
    for _ in range(5):
        limit.handled(400)
        set_aside(limit, 20)
        now[0] += 61.0


def test_every_second_record_bad_stops_also_where_few_come() -> None:
    now = [0.0]
    limit = PoisonLimit(lambda: now[0])
    with pytest.raises(Halt, match="of the last"):
        for _ in range(200):
            limit.handled(1)
            set_aside(limit, 1)
            now[0] += 12.0
    assert now[0] < 1_200


def test_one_bad_record_of_thirty_stops_nothing_at_any_rate() -> None:
    for pause in (0.0, 1.0, 30.0, 600.0):
        now = [0.0]
        limit = PoisonLimit(lambda now=now: now[0])  # type: ignore[misc]
        for _ in range(500):
            limit.handled(29)
            set_aside(limit, 1)
            now[0] += pause


def test_what_happened_more_than_an_hour_ago_never_counts() -> None:
    now = [0.0]
    limit = PoisonLimit(lambda: now[0])
    for _ in range(10):
        limit.handled(30)
        set_aside(limit, 30)
        now[0] += 3_601.0


def test_one_bad_record_of_two_stops_nothing() -> None:
    limit = PoisonLimit(lambda: 0.0)
    limit.handled(1)
    set_aside(limit, 1)
    limit.check("ValueError: broken")


def test_nothing_handled_begins_no_new_row() -> None:
    limit = PoisonLimit(lambda: 0.0)
    set_aside(limit, 100)
    limit.handled(0)
    with pytest.raises(Halt):
        limit.check("ValueError: broken")
