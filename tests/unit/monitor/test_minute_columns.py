"""Cached columns of minutes equal the series for every interval and after every change."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slm_monitor.application.evaluators.series.minute_columns import TargetMinuteColumns
from slm_monitor.application.evaluators.series.series_store import JoinedSeries
from slm_monitor.domain.series.classifiers import EXACT, RowClassifier
from slm_monitor.domain.series.hour_buckets import MeasuredRow
from slm_monitor.domain.series.series import IndicatorSeries
from tests.support.monitor import MINUTE, at

START = at("2026-11-01T00:00") // MINUTE
MEASURE = RowClassifier(EXACT)
LONG = 600


class Told:
    """Two series of an indicator, and the columns that follow them."""

    def __init__(self) -> None:
        self.series = [IndicatorSeries("s", [MEASURE]), IndicatorSeries("s\x1fregion=EU", [MEASURE])]
        for each in self.series:
            for hour in range(START // 60, (START + LONG) // 60 + 1):
                each.load(hour, ())
        self.columns = TargetMinuteColumns().for_series(self.series)
        self._number = 0

    def tell(self, minute: int, value: float, which: int) -> None:
        """A fact that is kept by itself, and may be taken back."""
        self._number += 1
        row = MeasuredRow((START + minute) * MINUTE + self._number, value)
        self.columns.touch(delta.minute for delta in self.series[which].put(f"k{self._number}", [row]))

    def take_back(self, number: int) -> None:
        for each in self.series:
            held = [rows for hour in each.hours.values() for key, rows in hour.named.items() if key == f"k{number}"]
            for rows in held:
                self.columns.touch(delta.minute for delta in each.drop(f"k{number}", list(rows)))

    def agrees(self, first: int, last: int) -> bool:
        span, plain = (START + first, START + last), JoinedSeries(self.series)
        columns = TargetMinuteColumns.for_series(self.columns, self.series)
        same = [
            np.array_equal(one, other)
            for one, other in zip(
                (*columns.minutes(MEASURE, *span), *columns.extremes(*span)),
                (*plain.minutes(MEASURE, *span), *plain.extremes(*span)),
                strict=True,
            )
        ]
        return all(same) and columns.summed(*span) == plain.summed(*span)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.integers(0, LONG - 1), st.sampled_from([0.1, 7.0, -3.25]), st.integers(0, 1)),
        st.tuples(st.just("back"), st.integers(1, 20)),
        st.tuples(st.just("look"), st.integers(0, LONG - 1), st.integers(0, LONG - 1)),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_whatever_comes_and_wherever_one_looks(done: list[tuple[object, ...]]) -> None:
    told = Told()
    for what, *how in done:
        if what == "tell":
            told.tell(*how)  # type: ignore[arg-type]
        elif what == "back":
            told.take_back(*how)  # type: ignore[arg-type]
        else:
            assert told.agrees(*sorted(how))  # type: ignore[arg-type, type-var]


def test_a_window_that_goes_on_minute_by_minute() -> None:
    told = Told()
    for minute in range(LONG):
        told.tell(minute, float(minute % 7), minute % 2)
        if minute >= 250:
            assert told.agrees(minute - 250, minute)
            if not minute % 50:
                told.tell(minute - 100, 99.5, 0)
                assert told.agrees(minute - 250, minute)


def test_a_sum_is_recomputed_if_a_leaving_minute_is_not_in_memory() -> None:
    told = Told()
    for minute in range(0, LONG, 7):
        told.tell(minute, 7.0, 0)
    assert told.agrees(50, 350)
    for each in told.series:
        each.pending.clear()
        del each.hours[START // 60]
    assert told.agrees(100, 400)
