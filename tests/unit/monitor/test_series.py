"""A series of values: every fact counts once, in whatever batches, order and number of copies it comes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slm_monitor.adapters import columns
from slm_monitor.domain.series import Series
from tests.support.monitor import HOUR, MINUTE, SECOND, at

START = at("2026-11-01T23:00")
THRESHOLDS = (100.0, 300.0)


class Fact(NamedTuple):
    """A value; ``own`` is its id, where it has one."""

    at: int
    value: float
    own: str | None = None


plain = st.builds(
    Fact,
    st.integers(0, 3 * 3600).map(lambda second: START + second * SECOND),
    st.sampled_from([50.0, 100.0, 301.0]),
    st.none(),
)


def with_ids(facts: Sequence[Fact]) -> list[Fact]:
    return [Fact(fact.at, fact.value, f"id {number}") for number, fact in enumerate(facts)]


def taken(series: Series, batch: Sequence[Fact]) -> list[Fact]:
    """Accept a batch as the judge does: sorted by instant, its hours loaded; those that were new."""
    batch = sorted(batch, key=lambda fact: fact.at)
    instants = np.array([fact.at for fact in batch], dtype=np.int64)
    ids = [fact.own for fact in batch] if any(fact.own for fact in batch) else None
    for hour in series.needs(instants, ids is not None):
        series.load(hour, ())
    new, _ = series.take(instants, np.array([fact.value for fact in batch]), ids)
    return [fact for fact, is_new in zip(batch, new.tolist(), strict=True) if is_new]


def sums(series: Series) -> dict[float, tuple[list[int], list[int]]]:
    first = START // MINUTE
    found = {limit: series.minutes(limit, first, first + 4 * 60) for limit in THRESHOLDS}
    return {limit: (good.tolist(), total.tolist()) for limit, (good, total) in found.items()}


def expected(facts: Sequence[Fact]) -> dict[float, tuple[list[int], list[int]]]:
    first = START // MINUTE
    found = {}
    for limit in THRESHOLDS:
        good, total = [0] * 241, [0] * 241
        for fact in facts:
            total[fact.at // MINUTE - first] += 1
            good[fact.at // MINUTE - first] += fact.value <= limit
        found[limit] = (good, total)
    return found


@settings(deadline=None)
@given(st.lists(plain, max_size=25), st.booleans(), st.randoms(use_true_random=False))
def test_batches_in_any_order_and_number_give_the_same_sums(
    facts: list[Fact], named: bool, chance: random.Random
) -> None:
    facts = with_ids(facts) if named else list(dict.fromkeys(facts))
    sent = [*facts, *chance.choices(facts, k=len(facts))] if facts else []
    chance.shuffle(sent)
    series = Series("s", THRESHOLDS)
    accepted: list[Fact] = []
    while sent:
        size = chance.randint(1, len(sent))
        accepted += taken(series, sent[:size])
        del sent[:size]
    assert sorted(accepted) == sorted(facts)
    assert sums(series) == expected(facts)


def test_two_equal_values_of_one_instant_are_one_fact_unless_they_have_ids() -> None:
    series = Series("s", THRESHOLDS)
    assert len(taken(series, [Fact(START, 50.0), Fact(START, 50.0), Fact(START, 60.0)])) == 2
    assert len(taken(series, [Fact(START, 50.0, "a"), Fact(START, 50.0, "b"), Fact(START, 50.0, "a")])) == 2


def test_a_value_sent_again_under_its_id_with_another_content_changes_nothing_yet() -> None:
    # Corrections of values come later; until then the first content of an id stands.
    series = Series("s", THRESHOLDS)
    taken(series, [Fact(START, 50.0, "a")])
    assert taken(series, [Fact(START, 900.0, "a")]) == []
    assert sums(series) == expected([Fact(START, 50.0, "a")])


def test_a_threshold_declared_later_is_summed_over_what_is_in_memory() -> None:
    facts = [Fact(START + second * SECOND, 50.0 + second * 10) for second in range(60)]
    series = Series("s", ())
    taken(series, facts)
    series.declare(THRESHOLDS)
    assert sums(series) == expected(facts)


@given(st.lists(plain, min_size=1, max_size=30), st.booleans())
def test_a_segment_of_the_record_reads_as_it_was_written(facts: list[Fact], named: bool) -> None:
    facts = [fact for fact in (with_ids(facts) if named else facts) if fact.at // HOUR == facts[0].at // HOUR]
    series = Series("s", THRESHOLDS)
    taken(series, facts)
    (hour,) = series.hours.values()
    rows, data = columns.encode_segment(hour.unsaved)
    again = Series("s", THRESHOLDS, series.high_water)
    again.load(facts[0].at // HOUR, [columns.decode_segment(data)])
    assert rows == int(hour.total.sum())
    assert sums(again) == sums(series)
    assert taken(again, facts) == []
