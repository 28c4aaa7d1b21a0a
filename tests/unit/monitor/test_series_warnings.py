"""Warnings for budgets of events: a sudden drop and an end in sight, over calendar and rolling windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling.rolling_sums import RollingSeriesSource
from slm_monitor.domain.series.classifiers import AT_MOST, RowClassifier
from slm_monitor.domain.series.series import IndicatorSeries
from slm_monitor.domain.terms.terms_history import FigureHistory
from slm_monitor.domain.windows import series_warnings
from slm_monitor.domain.windows.minute_series import BurnRateLookback, TargetMinuteCounts
from tests.support.monitor import DAY, HOUR, MINUTE, at, fast, line_of

START, END = at("2026-11-01T00:00"), at("2026-12-01T00:00")
DROP = {"budget_drop": [{"by": "10", "within": "PT1H"}]}
SOON = {"time_to_exhaustion": ["PT72H"]}


def counted(series: Any, line: FigureHistory) -> TargetMinuteCounts:
    classifier = registry.series_aggregation_of(line.latest).classifier(line.latest)
    return TargetMinuteCounts(series, line.latest, classifier)


class Values:
    """Values of the present hour: for each given minute, a number of good values and a number of bad values."""

    def __init__(self, *minutes: tuple[str, int, int]) -> None:
        self.series = IndicatorSeries("s", [RowClassifier(AT_MOST, 300.0)])
        self.good = self.bad = 0
        for clock, good, bad in minutes:
            instant = at(clock)
            for hour in range(instant // HOUR - 80, instant // HOUR + 2):
                if hour not in self.series.hours:
                    self.series.load(hour, ())
            instants = np.arange(good + bad, dtype=np.int64) + instant
            self.series.add_rows(instants, np.array([100.0] * good + [900.0] * bad))
            self.good, self.bad = self.good + good, self.bad + bad

    def warned(self, as_of: str, *, at_least: str = "90", **terms: Any) -> tuple[list[RiskEvaluation], int | None]:
        line = line_of(fast(at_least, **terms))
        now = at(as_of)
        lately = BurnRateLookback(counted(self.series, line), START, now // MINUTE)
        total = self.good + self.bad
        return series_warnings.evaluate_window_warnings(line.latest, self.good, total, (START, END), now, lately)


def names(found: list[RiskEvaluation]) -> list[str]:
    """The warnings that would begin; of those that only go on where they stand none is among them."""
    return [f"{risk.cause} {risk.threshold}" for risk in found if not risk.keeps]


def test_a_tenth_of_the_expected_budget_within_an_hour_is_a_drop() -> None:
    expected: dict[str, Any] = {"warn_at": DROP, "expected_volume": 10_000}
    # A tenth of the 1,000 bad ones that the month may have.
    assert names(Values(("2026-11-05T10:00", 0, 100)).warned("2026-11-05T10:30", **expected)[0]) == [
        "budget_drop 10/PT1H"
    ]
    assert names(Values(("2026-11-05T10:00", 0, 99)).warned("2026-11-05T10:30", **expected)[0]) == []


def test_a_drop_is_over_once_the_hour_is() -> None:
    values = Values(("2026-11-05T10:00", 0, 100))
    expected: dict[str, Any] = {"warn_at": DROP, "expected_volume": 10_000}
    found, again = values.warned("2026-11-05T10:59", **expected)
    assert names(found) and again == at("2026-11-05T11:00")
    assert values.warned("2026-11-05T11:00", **expected) == ([], None)


def test_without_an_expected_volume_the_budget_is_what_the_pace_comes_to() -> None:
    # 1,000 events in a tenth of the month: 10,000 by its end, of which 1,000 may be bad.
    for bad, warns in ((100, True), (99, False)):
        values = Values(("2026-11-03T12:00", 1_000 - bad, 0), ("2026-11-03T23:30", 0, bad))
        assert bool(names(values.warned("2026-11-04T00:00", warn_at=DROP)[0])) is warns


def test_what_went_before_the_window_is_no_drop_of_its_budget() -> None:
    lost = Values(("2026-11-01T00:00", 0, 5))
    line = line_of(fast("90", warn_at=DROP, expected_volume=100))
    lately = BurnRateLookback(
        counted(lost.series, line),
        START - DAY,
        at("2026-11-01T00:20") // MINUTE,
    )
    later = (at("2026-11-01T00:10"), END)
    assert series_warnings.evaluate_window_warnings(line.latest, 0, 5, later, at("2026-11-01T00:20"), lately)[0] == []
    whole = (START, END)
    assert names(series_warnings.evaluate_window_warnings(line.latest, 0, 5, whole, at("2026-11-01T00:20"), lately)[0])


def test_the_end_of_the_budget_comes_in_sight_by_time_alone() -> None:
    # Half of what was measured is bad, five times the tenth allowed: the budget ends after a fifth of the month.
    values = Values(("2026-11-02T00:00", 50, 50))
    found, again = values.warned("2026-11-02T12:00", warn_at=SOON)
    assert (found[0].at, again) == (at("2026-11-04T00:00") + 1, None)
    found, again = values.warned("2026-11-04T00:01", warn_at=SOON)
    assert (found[0].at, again) == (at("2026-11-04T00:01"), at("2026-11-04T00:02"))
    assert found[0].projected_breach_at == at("2026-11-07T00:00")


def test_a_budget_that_lasts_to_the_end_warns_of_nothing() -> None:
    assert Values(("2026-11-02T00:00", 90, 10)).warned("2026-11-29T12:00", warn_at=SOON) == ([], None)
    assert Values(("2026-11-02T00:00", 90, 11)).warned("2026-11-29T12:00", warn_at=SOON)[0] != []


def test_with_an_expected_volume_the_end_moves_away_while_nothing_is_lost() -> None:
    terms: dict[str, Any] = {"warn_at": SOON, "expected_volume": 10_000}
    values = Values(("2026-11-02T00:00", 0, 500))
    # Half of the budget in a day: the other half lasts for another.
    assert names(values.warned("2026-11-02T00:01", **terms)[0]) == ["time_to_exhaustion P3D"]
    assert names(values.warned("2026-11-03T23:59", **terms)[0]) == ["time_to_exhaustion P3D"]
    assert names(values.warned("2026-11-04T00:00", **terms)[0]) == []


@pytest.mark.parametrize("warn_at", [DROP, SOON])
def test_fewer_events_than_agreed_never_warn(warn_at: dict[str, Any]) -> None:
    values = Values(("2026-11-05T10:00", 0, 9))
    assert values.warned("2026-11-05T10:10", warn_at=warn_at)[0] != []
    assert values.warned("2026-11-05T10:10", warn_at={**warn_at, "min_events": 10}) == ([], None)


def test_a_drop_of_the_budget_of_a_rolling_window() -> None:
    values = Values(("2026-11-05T04:00", 890, 0), ("2026-11-05T09:30", 100, 10))
    line = line_of(fast("90", {"rolling": "P1D"}, warn_at=DROP))
    rolled = RollingSeriesSource(line, registry.series_aggregation_of(line.latest), values.series, _Nothing())

    def warned(clock: str) -> tuple[list[str], int | None]:
        minute = at(clock) // MINUTE
        windows = rolled.windows(line.latest, minute, minute)
        come = windows.value_at(minute)
        turns = rolled.next_change_at(line.latest, minute, windows, come, False)
        return names(rolled.risks(line.latest, minute, come)), turns

    # Of a thousand events a hundred may be bad, and ten of them were in this hour.
    assert warned("2026-11-05T10:00") == (["budget_drop 10/PT1H"], at("2026-11-05T10:01") // MINUTE)
    assert warned("2026-11-05T10:30")[0] == []


class _Nothing:
    def minutes_of(self, terms: object) -> tuple[()]:
        return ()
