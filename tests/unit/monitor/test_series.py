"""A series of rows: every fact counts once, in whatever batches, order and number of copies it comes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slm_monitor.adapters.formats import column_codec
from slm_monitor.domain.series.classifiers import AT_MOST, COUNTS, EXACT, OCCURRENCES, RowClassifier, to_exact_decimal
from slm_monitor.domain.series.hour_buckets import MeasuredRow
from slm_monitor.domain.series.series import IndicatorSeries
from tests.support.monitor import HOUR, MINUTE, SECOND, at

START = at("2026-11-01T23:00")
MEASURES = (RowClassifier(AT_MOST, 100.0), RowClassifier(AT_MOST, 300.0), RowClassifier(EXACT))
Sums = dict[RowClassifier, tuple[list[int], list[int]]]


class Value(NamedTuple):
    """A value measured at an instant."""

    at: int
    value: float


values = st.builds(
    Value,
    st.integers(0, 3 * 3600).map(lambda second: START + second * SECOND),
    st.sampled_from([50.0, 100.0, 301.0]),
)


def taken(series: IndicatorSeries, batch: Sequence[Value]) -> list[Value]:
    """Add a batch as the evaluator does, sorted by instant and with its hours loaded; return the new rows."""
    batch = sorted(batch, key=lambda value: value.at)
    instants = np.array([value.at for value in batch], dtype=np.int64)
    for hour in series.needs(instants):
        series.load(hour, ())
    new, _ = series.add_rows(instants, np.array([value.value for value in batch]))
    return [value for value, is_new in zip(batch, new.tolist(), strict=True) if is_new]


def sums(series: IndicatorSeries) -> Sums:
    first = START // MINUTE
    found = {measure: series.minutes(measure, first, first + 4 * 60) for measure in series.measures}
    return {measure: (good.tolist(), total.tolist()) for measure, (good, total) in found.items()}


def expected(facts: Sequence[Value], measures: Sequence[RowClassifier] = MEASURES) -> Sums:
    first = START // MINUTE
    found = {}
    for measure in measures:
        good, total = [0] * 241, [0] * 241
        for fact in facts:
            total[fact.at // MINUTE - first] += 1
            good[fact.at // MINUTE - first] += measure.kind == AT_MOST and fact.value <= measure.limit
        found[measure] = (good, total)
    return found


@settings(deadline=None)
@given(st.lists(values, max_size=25), st.randoms(use_true_random=False))
def test_batches_in_any_order_and_number_give_the_same_sums(facts: list[Value], chance: random.Random) -> None:
    facts = list(dict.fromkeys(facts))
    sent = [*facts, *chance.choices(facts, k=len(facts))] if facts else []
    chance.shuffle(sent)
    series = IndicatorSeries("s", MEASURES)
    accepted: list[Value] = []
    while sent:
        size = chance.randint(1, len(sent))
        accepted += taken(series, sent[:size])
        del sent[:size]
    assert sorted(accepted) == sorted(facts)
    assert sums(series) == expected(facts)
    first = START // MINUTE
    assert series.summed(first, first + 240) == sum(to_exact_decimal(fact.value) for fact in facts)
    low, high = series.extremes(first, first + 240)
    assert (low.min(), high.max()) == (
        min((fact.value for fact in facts), default=np.inf),
        max((fact.value for fact in facts), default=-np.inf),
    )


def test_two_equal_values_of_one_instant_are_one_fact() -> None:
    series = IndicatorSeries("s", MEASURES)
    assert len(taken(series, [Value(START, 50.0), Value(START, 50.0), Value(START, 60.0)])) == 2
    assert taken(series, [Value(START, 50.0)]) == []


@given(st.lists(values, min_size=1, max_size=12, unique=True), st.data())
def test_facts_that_come_and_go_leave_the_sums_of_those_that_stay(facts: list[Value], data: st.DataObject) -> None:
    series = IndicatorSeries("s", MEASURES)
    for hour in range(START // HOUR, START // HOUR + 5):
        series.load(hour, ())
    for number, fact in enumerate(facts):
        series.put(str(number), [MeasuredRow(*fact)])
    gone = data.draw(st.sets(st.integers(0, len(facts) - 1)))
    for number in gone:
        series.drop(str(number), [MeasuredRow(*facts[number])])
    assert sums(series) == expected([fact for number, fact in enumerate(facts) if number not in gone])


def test_a_measure_declared_later_is_summed_over_what_is_in_memory() -> None:
    facts = [Value(START + second * SECOND, 50.0 + second * 10) for second in range(60)]
    series = IndicatorSeries("s", ())
    taken(series, facts)
    series.put("named", [MeasuredRow(START + 1, 700.0)])
    series.declare(MEASURES)
    assert sums(series) == expected([*facts, Value(START + 1, 700.0)])


def test_counts_are_summed_as_good_of_total_and_occurrences_as_so_many() -> None:
    series = IndicatorSeries("s", [RowClassifier(COUNTS), RowClassifier(OCCURRENCES)])
    series.load(START // HOUR, ())
    instants = np.array([START, START + 1, START + 2], dtype=np.int64)
    series.add_rows(instants, np.array([9.0, 3.0, 2.0]), np.array([10.0, 3.0, np.nan]))
    good, total = series.minutes(RowClassifier(COUNTS), START // MINUTE, START // MINUTE)
    assert (good.tolist(), total.tolist()) == ([12], [13])
    assert series.minutes(RowClassifier(OCCURRENCES), START // MINUTE, START // MINUTE)[1].tolist() == [2]


def test_a_value_is_the_decimal_that_was_written() -> None:
    assert to_exact_decimal(0.1) + to_exact_decimal(0.2) == Fraction(3, 10)


@given(st.lists(values, min_size=1, max_size=30), st.booleans())
def test_a_segment_of_the_record_reads_as_it_was_written(facts: list[Value], counted: bool) -> None:
    facts = sorted({fact for fact in facts if fact.at // HOUR == facts[0].at // HOUR})
    measures = [RowClassifier(COUNTS)] if counted else MEASURES
    series = IndicatorSeries("s", measures)
    series.load(facts[0].at // HOUR, ())
    rows = np.array([fact.value for fact in facts])
    series.add_rows(np.array([fact.at for fact in facts], dtype=np.int64), rows, rows + 1 if counted else None)
    (hour,) = series.hours.values()
    number, data = column_codec.encode_hour_segment(hour.unsaved)
    again = IndicatorSeries("s", measures, series.high_water)
    again.load(facts[0].at // HOUR, [column_codec.decode_hour_segment(data)])
    assert number == len(facts)
    assert sums(again) == sums(series)
    if not counted:
        assert taken(again, facts) == []


def test_an_hour_with_stored_rows_keeps_the_result_of_its_values() -> None:
    series = IndicatorSeries("s", [RowClassifier(EXACT)])
    later = START + 5 * HOUR
    taken(series, [Value(START, 0.1), Value(START + MINUTE, 0.2), Value(later, 7.0)])
    rows = list(series.hours[START // HOUR].unsaved)
    for hour in series.hours.values():
        hour.unsaved = []
    series.unsaved.clear()
    series.tidy(START // HOUR, later // HOUR)
    first = START // MINUTE
    assert series.hours[START // HOUR].exact == {}
    assert series.unlisted({START // HOUR, later // HOUR}) == {START // HOUR}
    assert series.summed(first, first + 1) == Decimal("0.3")
    assert series.extremes(first, first)[0].tolist() == [0.1]
    # A correction of one of them needs the rows again.
    series.load(START // HOUR, rows)
    series.put("k", [MeasuredRow(START, 0.05)])
    series.drop("k", [MeasuredRow(START, 0.05)])
    assert series.summed(first, first + 1) == Decimal("0.3")
