"""Rolling windows of each kind, minute by minute, compared with counting every window from scratch."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slm_calendar.intervals import Interval
from slm_monitor.application.evaluators.series.series_store import JoinedSeries
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.rolling import missed_runs
from slm_monitor.domain.rolling.rolling_derived import (
    EndedClock,
    RollingTicketSource,
    RollingVerdictSource,
    RollingVerdictWindows,
)
from slm_monitor.domain.rolling.rolling_outages import RollingOutageSource
from slm_monitor.domain.rolling.rolling_recoveries import RollingRecoverySource
from slm_monitor.domain.rolling.rolling_sums import RollingSeriesSource
from slm_monitor.domain.series import classifiers
from slm_monitor.domain.series.series import IndicatorSeries
from slm_monitor.domain.states.recovery import ServiceRecovery
from slm_monitor.domain.states.timeline import build_state_timeline
from slm_monitor.domain.terms.composite_terms import parse_composite_terms
from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, Objective
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows import recovery_evaluation
from tests.support.monitor import DAY, MINUTE, at, available, fast, line_of, outage, terms_of

BEGIN = at("2026-11-02T07:30")
FIRST = BEGIN // MINUTE
MINUTES, LENGTH = 90, 12
OPENS = at("2026-11-02T08:00") // MINUTE
"""The business hours of that Monday begin half an hour into the term."""


class Excluding:
    def __init__(self, *spans: Interval) -> None:
        self._spans = spans

    def minutes_of(self, terms: FigureTarget) -> Sequence[Interval]:
        return [(FIRST + start, FIRST + end) for start, end in self._spans]


def line(aggregation: Any, objective: dict[str, str], **more: Any) -> Any:
    target = {**fast(window={"rolling": f"PT{LENGTH}M"}, **more), "aggregation": aggregation, "objective": objective}
    return line_of(target, effective_at="2026-11-02T07:30:00Z")


def source(of: Any, *given: Any) -> RollingSeriesSource:
    return RollingSeriesSource(of, registry.series_aggregation_of(of.latest), *given)


def series(of: Any, rows: Sequence[tuple[int, float, float | None]]) -> IndicatorSeries:
    made = IndicatorSeries("s", [registry.series_aggregation_of(of.latest).classifier(of.latest)])
    for hour in range(FIRST // 60 - 1, (FIRST + MINUTES) // 60 + 2):
        made.load(hour, ())
    for number, (minute, value, total) in enumerate(sorted(rows)):
        instant = np.array([(FIRST + minute) * MINUTE + number], dtype=np.int64)
        made.add_rows(instant, np.array([value]), None if total is None else np.array([total]))
    return made


measured = st.floats(-1e9, 1e9, allow_nan=False) | st.sampled_from([0.1, 0.2, 0.3, 100.0, 1e-300, 1e300])
values = st.lists(st.tuples(st.integers(-5, MINUTES - 1), measured), max_size=25)


@settings(max_examples=60, deadline=None)
@given(values, st.sampled_from(["mean", "max", "min"]), st.sampled_from([AT_MOST, AT_LEAST]), st.booleans())
def test_values_of_every_window_exactly(
    rows: list[tuple[int, float]], kind: str, comparison: str, is_cut: bool
) -> None:
    of = line(kind, {comparison: "0.1", "unit": "ms"}, service_hours="business" if is_cut else "24x7")
    together = JoinedSeries([series(of, [(minute, value, None) for minute, value in rows])])
    rolled = RollingSeriesSource(
        of,
        registry.series_aggregation_of(of.latest),
        together,
        Excluding((40, 45)) if is_cut else Excluding(),
        together,
    )
    windows = rolled.windows(of.latest, FIRST, FIRST + MINUTES - 1)
    combine: Any = {"mean": lambda found: sum(found) / len(found), "max": max, "min": min}[kind]
    missed = windows.missed(Objective(comparison, Fraction(1, 10), "ms"))
    for minute in range(MINUTES):
        inside = [
            classifiers.to_exact_decimal(value)
            for at_minute, value in rows
            if minute - LENGTH < at_minute <= minute
            and at_minute >= 0
            and not (is_cut and (FIRST + at_minute < OPENS or 40 <= at_minute < 45))
        ]
        come = windows.value_at(FIRST + minute)
        assert come.figure == (combine(inside) if inside else None)
        kept = come.figure is None or Objective(comparison, Fraction(1, 10), "ms").is_kept(come.figure)
        assert missed[minute] == (not kept)


scores = st.lists(st.tuples(st.integers(-5, MINUTES - 1), st.integers(0, 10)), max_size=25)


@settings(max_examples=60, deadline=None)
@given(
    scores, st.sampled_from([AT_MOST, AT_LEAST]), st.sampled_from(["0", "-33.3", "50", "0." + "3" * 20]), st.booleans()
)
def test_net_promoter_scores_of_every_window_exactly(
    rows: list[tuple[int, int]], comparison: str, limit: str, is_cut: bool
) -> None:
    of = line("nps", {comparison: limit, "unit": "points"}, service_hours="business" if is_cut else "24x7")
    together = JoinedSeries([series(of, [(minute, score, None) for minute, score in rows])])
    rolled = RollingSeriesSource(
        of,
        registry.series_aggregation_of(of.latest),
        together,
        Excluding((40, 45)) if is_cut else Excluding(),
        together,
    )
    windows, promised = rolled.windows(of.latest, FIRST, FIRST + MINUTES - 1), of.latest.promise
    missed = windows.missed(promised)
    for minute in range(MINUTES):
        inside = [
            (score >= 9) - (score <= 6)
            for at_minute, score in rows
            if minute - LENGTH < at_minute <= minute
            and at_minute >= 0
            and not (is_cut and (FIRST + at_minute < OPENS or 40 <= at_minute < 45))
        ]
        figure = Fraction(100 * sum(inside), len(inside)) if inside else None
        assert windows.value_at(FIRST + minute).figure == figure
        assert missed[minute] == (figure is not None and not promised.is_kept(figure))


ended = st.lists(st.tuples(st.integers(0, MINUTES * 60 - 1), st.integers(0, 40), st.integers(0, 40)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(ended, st.sampled_from(["recovery_time", "recovery_point", "recovered_within"]))
def test_a_recovery_counts_while_its_end_lies_in_the_window(told: list[tuple[int, int, int]], kind: str) -> None:
    is_share = kind == "recovered_within"
    aggregation = {kind: {"time": "PT20M", "point": "PT10M"}} if is_share else kind
    of = line(aggregation, {"at_least": "60", "unit": "percent"} if is_share else {"at_most": "20", "unit": "minutes"})
    second = 1_000_000
    recoveries = sorted(
        ServiceRecovery(
            BEGIN + end * second,
            f"{number}",
            BEGIN + end * second - took * MINUTE,
            BEGIN + end * second - (took + lost) * MINUTE,
        )
        for number, (end, took, lost) in enumerate(told)
    )
    counted = registry.RECOVERY_AGGREGATIONS[kind]
    rolled = RollingRecoverySource(counted, recoveries, of.latest, (BEGIN, BEGIN + DAY), ())
    windows, promised = rolled.windows(of.latest, FIRST, FIRST + MINUTES - 1), of.latest.promise
    missed = windows.missed(promised)
    for minute in range(FIRST, FIRST + MINUTES):
        span = (max(BEGIN, (minute - LENGTH) * MINUTE), minute * MINUTE)
        figure = recovery_evaluation.evaluate_recoveries(counted, recoveries, of.latest, span, span[1]).figure
        assert windows.value_at(minute).figure == figure
        assert missed[minute - FIRST] == (figure is not None and not promised.is_kept(figure))


counts = st.lists(st.tuples(st.integers(0, MINUTES - 1), st.integers(0, 4), st.integers(0, 2)), max_size=25)


@settings(max_examples=60, deadline=None)
@given(counts, st.sampled_from(["slices", "ratio"]), st.sampled_from(["ignore", "good", "bad"]), st.booleans())
def test_slices_that_are_over_and_lie_in_the_window(
    rows: list[tuple[int, int, int]], budget: str, no_data: str, is_cut: bool
) -> None:
    width = 5
    terms = {"time_slices": {"width": f"PT{width}M", "good_if": "0.75", "budget": budget}}
    of = line(
        terms, {"at_least": "60", "unit": "percent"}, no_data=no_data, service_hours="business" if is_cut else "24x7"
    )
    sums = series(of, [(minute, good, good + bad) for minute, good, bad in rows])
    windows = source(of, sums, Excluding()).windows(of.latest, FIRST, FIRST + MINUTES - 1)
    missed = windows.missed(Objective(AT_LEAST, Fraction(3, 5)))
    for minute in range(FIRST, FIRST + MINUTES):
        worth = []
        for start in range(max(minute - LENGTH, FIRST), minute):
            if start % width or start + width > minute or (is_cut and start < OPENS):
                continue
            inside = [row for row in rows if start <= FIRST + row[0] < start + width]
            good, total = sum(row[1] for row in inside), sum(row[1] + row[2] for row in inside)
            if is_cut and start < OPENS:
                good = total = 0
            if not total and no_data == "ignore":
                continue
            share = Fraction(good, total) if total else Fraction(no_data == "good")
            worth.append(share if budget == "ratio" else Fraction(share >= Fraction(3, 4)))
        figure = sum(worth, Fraction(0)) / len(worth) if worth else None
        assert windows.value_at(minute).figure == figure
        assert missed[minute - FIRST] == (figure is not None and figure < Fraction(3, 5))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 80), st.integers(1, 15)), max_size=6))
def test_outages_from_their_length_until_their_start_leaves(told: list[tuple[int, int]]) -> None:
    target = {
        **available(),
        "aggregation": {"outages": {"at_least": "PT4M"}},
        "objective": {"at_most": "1"},
        "window": {"rolling": f"PT{LENGTH}M"},
    }
    (terms,) = terms_of(target, effective_at="2026-11-02T07:30:00Z")
    down = sorted({minute for start, length in told for minute in range(start, start + length)})
    facts = [outage(*(_text(FIRST + minute) for minute in (run.first, run.last + 1))) for run in _runs(down)]
    rolled = RollingOutageSource(build_state_timeline(facts, "up"), terms, [], BEGIN, (FIRST + MINUTES) * MINUTE)
    windows = rolled.windows(terms, FIRST + 1, FIRST + MINUTES - 1)
    for minute in range(1, MINUTES):
        counted = [
            run
            for run in _runs(down)
            if run.first + 4 <= minute and run.last - run.first + 1 >= 4 and minute - LENGTH <= run.first < minute
        ]
        assert windows.value_at(FIRST + minute).figure == len(counted)


def _runs(minutes: list[int]) -> list[missed_runs.MissedMinuteRun]:
    flags = np.zeros(200, dtype=np.bool_)
    flags[minutes] = True
    return missed_runs.find_runs_of_true(flags, 0)


def _text(minute: int) -> str:
    hours, rest = divmod(minute - at("2026-11-02T00:00") // MINUTE, 60)
    return f"2026-11-02T{hours:02d}:{rest:02d}"


ends = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, MINUTES - 1), st.booleans()), max_size=12)


@given(ends)
def test_a_ticket_is_met_while_all_its_ended_clocks_inside_were(
    told: list[tuple[str, int, bool]],
) -> None:
    (terms,) = terms_of({**fast(window={"rolling": f"PT{LENGTH}M"}), "aggregation": {"compliance": "p1"}})
    ended = [EndedClock(name, (FIRST + minute) * MINUTE + 7, is_met) for name, minute, is_met in told]
    windows = RollingTicketSource(ended, LENGTH * MINUTE).windows(terms, FIRST, FIRST + MINUTES - 1)
    for minute in range(MINUTES):
        verdicts: dict[str, bool] = {}
        for name, ended_in, is_met in told:
            if minute - LENGTH < ended_in <= minute:
                verdicts[name] = verdicts.get(name, True) and is_met
        come = windows.value_at(FIRST + minute)
        assert (come.good, come.total) == (sum(verdicts.values()), len(verdicts))


@pytest.mark.parametrize(("needed", "expected"), [(2, [False, True, True, True]), (1, [False, False, True, False])])
def test_verdicts_are_missed_while_too_few_are_kept(needed: int, expected: list[bool]) -> None:
    members = [{**available(), "key": key, "target_id": key, "window": {"rolling": "PT12M"}} for key in ("one", "two")]
    rule = {
        "composite": {"of": "verdicts", "rule": {"k_of_n": needed}, "members": [{"target": "one"}, {"target": "two"}]}
    }
    made = {**fast(window={"rolling": "PT12M"}), "aggregation": rule, "indicator": None}
    *_, terms = every = terms_of(*members, made)
    composition = parse_composite_terms(terms, every)
    runs = {
        "one": [missed_runs.MissedMinuteRun(FIRST + 1, FIRST + 2)],
        "two": [missed_runs.MissedMinuteRun(FIRST + 2, FIRST + 3)],
    }
    windows = RollingVerdictSource({1: composition}, runs, ()).windows(terms, FIRST, FIRST + 3)
    assert windows.missed(Objective(AT_LEAST, Fraction(1))).tolist() == expected


@pytest.mark.parametrize(
    ("needed", "silent", "figures"),
    [
        (2, 0, ["1", "2/3", "1/3"]),
        (2, 1, ["1", None, "1/3"]),
        (2, 2, [None, None, "1/3"]),
        (1, 1, ["1", "1/2", None]),
        (1, 3, [None, None, None]),
    ],
)
def test_silent_members_may_still_decide_and_are_ignored_where_others_did(
    needed: int, silent: int, figures: list[str | None]
) -> None:
    # None, one and two of three members miss their promise.
    windows = RollingVerdictWindows(FIRST, np.array([0, 1, 2]), needed, 3, silent)
    come = [windows.value_at(FIRST + minute).figure for minute in range(3)]
    assert [None if figure is None else str(figure) for figure in come] == figures
