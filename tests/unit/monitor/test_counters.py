"""Counter readings: the increments depend only on the set of readings, not on order, repetition or corrections."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from slm_monitor.domain.facts import counters
from slm_monitor.domain.facts.facts import Fact


def read(at: int, *counters: int, **more: Any) -> Fact:
    return Fact("party/requests", f"k{at}-{counters}", at, {"cumulative": list(counters), "labels": {}, **more})


def added(*readings: Fact) -> list[list[list[int]]]:
    """The increment of each reading, in the order of their instants."""
    orders = permutations(readings)
    found = [
        [
            fact.body["rows"]
            for fact in sorted(counters.replace_readings_by_counts(order), key=counters.counter_reading_sort_key)
        ]
        for order in orders
    ]
    assert all(each == found[0] for each in found)
    return found[0]


def test_the_first_reading_adds_nothing_and_each_other_what_was_counted_since() -> None:
    assert added(read(1, 90, 100), read(2, 95, 106), read(3, 95, 106), read(4, 96, 107)) == [[], [[5, 6]], [], [[1, 1]]]


def test_a_counter_that_fell_was_set_back_to_zero() -> None:
    assert added(read(1, 90, 100), read(2, 3, 4), read(3, 5, 7)) == [[], [[3, 4]], [[2, 3]]]


def test_bad_events_that_get_fewer_are_a_counter_that_fell_too() -> None:
    assert added(read(1, 90, 100, bad=True), read(2, 101, 105, bad=True)) == [[], [[101, 105]]]


def test_paired_counters_read_in_turn_never_count_more_good_than_all() -> None:
    assert added(read(1, 90, 100), read(2, 101, 105), read(3, 102, 108)) == [[], [[5, 5]], [[1, 3]]]
    assert added(read(1, 90, 100, bad=True), read(2, 90, 104, bad=True), read(3, 88, 104, bad=True)) == [
        [],
        [[0, 4]],
        [],
    ]


def test_counters_with_a_start_are_reset_where_the_start_changes() -> None:
    assert added(read(2, 9, 10, since=1), read(4, 19, 20, since=3), read(5, 20, 21)) == [[], [[19, 20]], [[1, 1]]]


def test_of_two_readings_of_one_instant_the_lower_was_read_first() -> None:
    assert added(read(1, 1, 1), read(2, 4, 5), read(2, 3, 3)) == [[], [[2, 2]], [[1, 2]]]


def test_one_counter_counts_occurrences() -> None:
    assert added(read(1, 7), read(2, 9), read(3, 2)) == [[], [[2]], [[2]]]


def test_streams_of_other_labels_and_sources_are_counted_by_themselves() -> None:
    facts = [read(1, 7), read(2, 9, labels={"region": "EU"}), read(3, 10)]
    assert [each.body["rows"] for each in counters.replace_readings_by_counts(facts)] == [[], [], [[3]]]


def test_what_was_read_before_and_after_is_followed_but_not_counted() -> None:
    counted = counters.replace_readings_by_counts(
        [read(2, 5, 5), Fact("s", "other", 9, {"state": "up"})], [read(1, 1, 1), read(3, 6, 6)]
    )
    assert [each.body.get("rows") for each in counted] == [[[4, 4]], None]
