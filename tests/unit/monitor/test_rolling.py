"""Rolling windows: runs of missed minutes depend on the facts alone, not on when and how they are evaluated."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState, TargetWindow
from slm_monitor.domain.rolling import missed_runs, rolling_minutes, rolling_target
from slm_monitor.domain.rolling.missed_runs import MissedMinuteRun
from slm_monitor.domain.rolling.rolling_sums import RollingSeriesSource
from slm_monitor.domain.series.classifiers import AT_MOST, RowClassifier
from slm_monitor.domain.series.series import IndicatorSeries
from slm_monitor.domain.terms.objectives import AT_LEAST, Objective
from tests.support.monitor import MINUTE, at, fast, target_state_of

START = at("2026-11-01T00:00") // MINUTE
MINUTES = 40
LENGTH = 5


NOTHING_EXCLUDED = ExclusionIndex()


class Fact(NamedTuple):
    """A value measured in a minute of the term, counted from its start."""

    minute: int
    value: float


facts = st.lists(st.builds(Fact, st.integers(0, MINUTES - 1), st.sampled_from([100.0, 200.0, 900.0])), max_size=30)


class Judged:
    """A rolling target evaluated in memory."""

    def __init__(self, at_least: str = "80") -> None:
        self.target_state: TargetState = target_state_of(fast(at_least, {"rolling": f"PT{LENGTH}M"}))
        self.window = TargetWindow(
            self.target_state.target_id, f"PT{LENGTH}M", 1, START * MINUTE, self.target_state.line.ends_at
        )
        self.window.judged_to = START - 1
        self.series = IndicatorSeries("s", [RowClassifier(AT_MOST, 300.0)])
        for hour in range(START // 60 - 2, START // 60 + 3):
            self.series.load(hour, ())
        self.changes = EvaluationChanges()
        self._taken = 0

    def take(self, *measured: Fact) -> tuple[int, int] | None:
        """Accept facts, each at an instant of its own; the minutes they touch."""
        for fact in measured:
            self._taken += 1
            instant = np.array([(START + fact.minute) * MINUTE + self._taken], dtype=np.int64)
            self.series.add_rows(instant, np.array([fact.value]))
        minutes = [START + fact.minute for fact in measured]
        return (min(minutes), max(minutes)) if minutes else None

    def judge(self, minute: int, touched: tuple[int, int] | None = None) -> None:
        """Evaluate as of a minute of the term."""
        present = START + minute
        line = self.target_state.line
        ranges = rolling_minutes.find_minutes_to_evaluate(self.window, line, touched, None, present)
        rolled = RollingSeriesSource(line, registry.series_aggregation_of(line.latest), self.series, NOTHING_EXCLUDED)
        intervals = [rolling_target.evaluate_rolling_minutes(line, rolled, first, last) for first, last in ranges]
        moment = EvaluationMoment(present * MINUTE, present * MINUTE)
        rolling_target.reconcile_rolling_target(self.target_state, self.window, rolled, intervals, moment, self.changes)

    def found(self) -> list[tuple[int, int | None, str | None]]:
        """(first minute, minute of recovery, figure) of the breaches that stand."""
        return sorted(
            (
                breach.ordinal - START,
                None if breach.until is None else breach.until // MINUTE - START,
                breach.document["figure"],
            )
            for breach in self.target_state.breaches.values()
            if breach.standing
        )


def at_once(measured: list[Fact]) -> Judged:
    judged = Judged()
    judged.take(*measured)
    judged.judge(MINUTES)
    return judged


@settings(max_examples=40, deadline=None)
@given(facts, st.data())
def test_evaluating_every_minute_in_any_order_equals_evaluating_once(measured: list[Fact], data: st.DataObject) -> None:
    arrivals = [max(fact.minute, data.draw(st.integers(fact.minute, MINUTES))) for fact in measured]
    judged = Judged()
    for minute in range(MINUTES + 1):
        arriving = [fact for fact, arrival in zip(measured, arrivals, strict=True) if arrival == minute]
        judged.judge(minute, judged.take(*data.draw(st.permutations(arriving))))
    assert judged.found() == at_once(measured).found()
    assert (judged.window.figure, judged.window.verdict) == (
        at_once(measured).window.figure,
        at_once(measured).window.verdict,
    )


@settings(max_examples=40, deadline=None)
@given(facts)
def test_the_breaches_are_the_runs_of_minutes_whose_window_misses_the_objective(measured: list[Fact]) -> None:
    missed = []
    for minute in range(MINUTES + 1):
        inside = [fact.value for fact in measured if minute - LENGTH < fact.minute <= minute]
        missed.append(bool(inside) and Fraction(sum(each <= 300 for each in inside), len(inside)) < Fraction(80, 100))
    runs = missed_runs.find_runs_of_true(np.array(missed), 0)
    assert [(first, until) for first, until, _ in at_once(measured).found()] == [
        (run.first, None if run.last == MINUTES else run.last + 1) for run in runs
    ]


@given(st.lists(st.booleans(), max_size=60), st.data())
def test_judging_a_part_anew_changes_that_part_alone(flags: list[bool], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, max(len(flags) - 1, 0)))
    last = data.draw(st.integers(first, max(len(flags) - 1, first)))
    again = data.draw(st.lists(st.booleans(), min_size=last - first + 1, max_size=last - first + 1))
    spliced = missed_runs.splice_reevaluated_runs(
        missed_runs.find_runs_of_true(np.array(flags, dtype=np.bool_), 0),
        first,
        last,
        missed_runs.find_runs_of_true(np.array(again), first),
    )
    whole = flags[:first] + again + flags[last + 1 :]
    assert spliced == missed_runs.find_runs_of_true(np.array(whole, dtype=np.bool_), 0)


@given(
    st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), min_size=1, max_size=5),
    st.fractions(0, 1, max_denominator=10**25),
)
def test_a_miss_is_exact_however_large_the_numbers(counts: list[tuple[int, int]], objective: Fraction) -> None:
    good = np.array([min(pair) for pair in counts], dtype=np.int64)
    total = np.array([max(pair) for pair in counts], dtype=np.int64)
    expected = [
        each_total > 0 and Fraction(each_good, each_total) < objective
        for each_good, each_total in zip(good.tolist(), total.tolist(), strict=True)
    ]
    assert missed_runs.find_missed_minutes(good, total, Objective(AT_LEAST, objective)).tolist() == expected


@pytest.mark.parametrize("exactly", ["80", "79.99999999999999999999"])
def test_exactly_the_objective_is_kept(exactly: str) -> None:
    judged = Judged(exactly)
    judged.take(*[Fact(3, 100.0)] * 4, Fact(3, 900.0))
    judged.judge(MINUTES)
    assert judged.found() == []


def test_runs_that_touch_are_one() -> None:
    assert missed_runs.splice_reevaluated_runs(
        [MissedMinuteRun(1, 3), MissedMinuteRun(5, 9)], 4, 4, [MissedMinuteRun(4, 4)]
    ) == [MissedMinuteRun(1, 9)]
