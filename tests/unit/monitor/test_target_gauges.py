"""The gauges of targets: exact verdicts, base units, Sloth's names where they mean the same, bounded numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from slm_chassis.exposition import GaugeTable
from slm_events.instants import to_text
from slm_monitor.application.reading import target_metric_catalogue as catalogue
from slm_monitor.application.reading.target_metrics import (
    OpenWarnings,
    ShownTarget,
    TargetMetricRows,
    build_target_gauges,
)
from tests.support.monitor import AGREEMENT, HOUR, MINUTE, SECOND, at, available, fast, resolved, terms_of

NOW = at("2026-11-05T10:00")
NAMES = {
    "agreement_id": AGREEMENT,
    "title": "Checkout for the shop",
    "provider_name": "Provider",
    "customer_name": "Customer",
    "service_id": "service",
    "service_name": "Checkout",
    "agreement_key": "checkout",
    "service_key": "pay",
}


def window(**changed: Any) -> dict[str, Any]:
    left = {"window_seconds": 100, "projected_breach_at": None, "projected_breach_seconds": None}
    return {
        "start_at": "2026-11-01T00:00:00.000000Z",
        "end_at": "2026-12-01T00:00:00.000000Z",
        "verdict": "met",
        "figure": "100/1",
        "budget": None,
        "time_left": left,
        **changed,
    }


def shown(target: dict[str, Any], present: dict[str, Any] | None, **changed: Any) -> ShownTarget:
    [terms] = terms_of(target)
    state: dict[str, Any] = {
        "target_id": target["target_id"],
        "agreement_id": AGREEMENT,
        "service_id": target["service_id"],
        "key": target["key"],
        "title": target["title"],
        "window": present,
        "no_data": None,
        "unjudgeable": None,
        "tickets": None,
    }
    return ShownTarget({**state, **changed}, terms, NAMES)


def gauges(*targets: ShownTarget, **more: Any) -> GaugeTable:
    rows = TargetMetricRows(len(targets), [each.state for each in targets], {AGREEMENT: NAMES}, **more)
    return build_target_gauges(rows, targets, NOW)


def values(table: GaugeTable, name: str, *labels: str) -> dict[Any, float]:
    """Value of one or of several labels → value of a series."""
    found = [sample for family in table.collect() for sample in family.samples if sample.name == name]
    keys = [tuple(sample.labels[label] for label in labels) for sample in found]
    assert len(set(keys)) == len(found), found
    return {key[0] if len(key) == 1 else key: sample.value for key, sample in zip(keys, found, strict=True)}


def verdicts(table: GaugeTable) -> list[str]:
    found = values(table, catalogue.VERDICT, "verdict")
    assert list(found) in ([], list(catalogue.VERDICTS))
    return [name for name, value in found.items() if value == 1]


def test_the_verdict_is_exact_where_the_figure_is_rounded_to_its_objective() -> None:
    """A figure that misses by less than a floating-point number can show."""
    missed = f"{999 * 10**20 - 1}/{10**21}"
    table = gauges(shown(available("99.9"), window(verdict="breached", figure=missed)))
    assert values(table, catalogue.FIGURE, "target") == values(table, catalogue.OBJECTIVE, "target")
    assert verdicts(table) == ["breached"]


@pytest.mark.parametrize("verdict", catalogue.VERDICTS)
def test_one_verdict_is_one_and_all_others_are_zero(verdict: str) -> None:
    assert verdicts(gauges(shown(available(), window(verdict=verdict)))) == [verdict]


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, []),
        ({"no_data": {"since_at": None, "never_measured": True}}, ["no_data"]),
        ({"unjudgeable": {"reason": "x", "since_at": "y"}, "no_data": {"since_at": None}}, ["unjudgeable"]),
    ],
)
def test_without_a_window_the_state_says_the_verdict(changed: dict[str, Any], verdict: list[str]) -> None:
    assert verdicts(gauges(shown(available(), None, **changed))) == verdict


def test_a_share_of_time_has_a_budget_in_seconds_and_the_series_of_sloth() -> None:
    budget = {
        "unit": "microseconds",
        "whole": f"{2592 * SECOND}/1",
        "left": f"{1296 * SECOND}/1",
        "consumed_share": "1/2",
    }
    figure = "1999/20"
    present = window(figure=figure, budget=budget, time_left={"window_seconds": 60, "projected_breach_seconds": 90})
    table = gauges(shown(available("99.9"), present))
    labels = [
        sample.labels for family in table.collect() for sample in family.samples if sample.name.startswith("slo:")
    ]
    target_id = available()["target_id"]
    assert labels and all(
        each == {"sloth_id": target_id, "sloth_service": "pay", "sloth_slo": "checkout/availability",
                 "target_id": target_id}
        for each in labels
    )  # fmt: skip
    expected = {
        catalogue.OBJECTIVE: 0.999,
        catalogue.FIGURE: 0.9995,
        catalogue.ERROR_RATIO: 0.0005,
        catalogue.BUDGET_SECONDS: 2592,
        catalogue.BUDGET_LEFT_SECONDS: 1296,
        catalogue.WINDOW_LEFT: 60,
        catalogue.TIME_TO_BREACH: 90,
        catalogue.SLO_OBJECTIVE: 0.999,
        catalogue.SLO_BUDGET: 0.001,
        catalogue.SLO_PERIOD: 30,
        catalogue.SLO_PERIOD_BURN_RATE: 0.5,
        catalogue.SLO_BUDGET_LEFT: 0.5,
    }
    assert {name: values(table, name, "target_id") for name in expected} == {
        name: {target_id: value} for name, value in expected.items()
    }
    assert values(table, catalogue.SLOTH_INFO, "sloth_objective") == {"99.9": 1}
    assert values(table, catalogue.BUDGET_EVENTS, "target_id") == {}


def test_recent_errors_have_their_window_and_the_last_five_minutes_a_burn_rate() -> None:
    target = replace(shown(available("99.9"), window()), recent={"5m": Fraction(1, 2), "6h": Fraction(1, 1000)})
    table = gauges(target)
    assert values(table, "slo:sli_error:ratio_rate5m", "sloth_window") == {"5m": 0.5}
    assert values(table, "slo:sli_error:ratio_rate6h", "sloth_window") == {"6h": 0.001}
    assert values(table, catalogue.SLO_CURRENT_BURN_RATE, "sloth_slo") == {"checkout/availability": 500}
    late = replace(target, recent={"6h": Fraction(1, 1000)})
    assert values(gauges(late), catalogue.SLO_CURRENT_BURN_RATE, "sloth_slo") == {}


def test_an_objective_of_all_has_no_burn_rate() -> None:
    table = gauges(shown(available("100"), window(figure="99/1", verdict="breached")))
    assert values(table, catalogue.SLO_BUDGET, "sloth_slo") == {"checkout/availability": 0}
    assert values(table, catalogue.SLO_PERIOD_BURN_RATE, "sloth_slo") == {}
    assert values(table, catalogue.SLO_BUDGET_LEFT, "sloth_slo") == {}


def test_a_share_that_may_be_at_most_so_large_is_bad_itself() -> None:
    few = {**fast(window={"rolling": "PT1H"}), "objective": {"at_most": "5", "unit": "percent"}}
    budget = {"unit": "events", "whole": "5/1", "left": "4/1", "consumed_share": "1/5"}
    table = gauges(shown(few, window(figure="1/1", budget=budget)))
    assert values(table, catalogue.SLO_OBJECTIVE, "target_id") == {few["target_id"]: 0.95}
    assert values(table, catalogue.ERROR_RATIO, "target_id") == {few["target_id"]: 0.01}
    assert values(table, catalogue.SLO_PERIOD_BURN_RATE, "target_id") == {few["target_id"]: pytest.approx(0.2)}
    assert values(table, catalogue.SLO_PERIOD, "target_id") == {few["target_id"]: pytest.approx(1 / 24)}
    assert values(table, catalogue.BUDGET_LEFT_EVENTS, "target_id") == {few["target_id"]: 4}
    assert values(table, catalogue.WINDOW_LEFT, "target_id") == {}, "a rolling window does not end"


@pytest.mark.parametrize(("unit", "seconds"), [("ms", 0.3), ("s", 300), ("minutes", 18_000), ("points", None)])
def test_a_time_is_in_seconds_and_another_number_in_its_unit(unit: str, seconds: float | None) -> None:
    mean = {**fast(), "aggregation": "mean", "objective": {"at_most": "300", "unit": unit}}
    table = gauges(shown(mean, window(figure="300/1")))
    value = 300 if seconds is None else seconds
    assert (
        values(table, catalogue.OBJECTIVE, "target")
        == values(table, catalogue.FIGURE, "target")
        == {mean["key"]: value}
    )
    assert values(table, catalogue.INFO, "unit") == {unit if seconds is None else "seconds": 1}
    assert values(table, catalogue.SLOTH_INFO, "sloth_id") == {}, "Sloth knows shares only"


def test_clocks_are_counted_by_state_and_have_no_verdict() -> None:
    tickets = {"judged": 3, "met": 2, "inconsistent": 1, "states": {"met": 2, "breached": 1, "running": 4}}
    target = shown(resolved("PT4H"), None, tickets=tickets)
    table = gauges(target, deadlines={target.state["target_id"]: NOW + 90 * MINUTE})
    assert verdicts(table) == []
    assert values(table, catalogue.CLOCKS, "state") == {
        "running": 4, "paused": 0, "met": 2, "breached": 1, "completed_late": 0, "cancelled": 0, "inconsistent": 1,
    }  # fmt: skip
    assert list(values(table, catalogue.TIME_TO_DEADLINE, "target").values()) == [5400]
    assert list(values(table, catalogue.OBJECTIVE, "target").values()) == [14_400]


def test_warnings_have_their_cause_and_are_bounded() -> None:
    target = shown(available(), window(verdict="at_risk"))
    target_id = target.state["target_id"]
    found = [OpenWarnings(target_id, "budget_consumed", f"{number:02d}", 1) for number in range(25)]
    burning = [OpenWarnings(target_id, "burn_rate", "PT1H/PT5M@14.4", 2)]
    few = values(gauges(target, warnings=burning), catalogue.WARNINGS, "cause", "threshold")
    assert few == {("burn_rate", "PT1H/PT5M@14.4"): 2}
    many = values(gauges(target, warnings=found), catalogue.WARNINGS, "cause", "threshold")
    assert len(many) == 21 and many["other", "other"] == 5
    assert sum(many.values()) == 25


def test_what_is_left_out_is_counted() -> None:
    one = shown(available(), window())
    rows = TargetMetricRows(7, [one.state], {AGREEMENT: NAMES}, breaches={one.state["target_id"]: 3})
    table = build_target_gauges(rows, [one], NOW)
    assert values(table, catalogue.VISIBLE, *()) == {(): 7}
    assert values(table, catalogue.LEFT_OUT, *()) == {(): 6}
    assert values(table, catalogue.AS_OF, *()) == {(): NOW / SECOND}
    assert list(values(table, catalogue.BREACHES, "target").values()) == [3]


def test_missing_data_has_its_age() -> None:
    since = {"since_at": to_text(NOW - 2 * HOUR), "never_measured": False}
    table = gauges(shown(available(), window(verdict="no_data", figure=None), no_data=since))
    assert list(values(table, catalogue.NO_DATA, "target").values()) == [7200]
    assert values(table, catalogue.FIGURE, "target") == {}
    assert values(table, catalogue.SLO_PERIOD_BURN_RATE, "sloth_id") == {}


def test_a_target_of_another_service_and_one_without_terms_are_named_by_what_there_is() -> None:
    other = {**available(), "service_id": "another"}
    table = gauges(shown(other, window()))
    assert values(table, catalogue.INFO, "service", "service_name") == {("another", ""): 1}
    bare = ShownTarget(shown(available(), None).state, None, {})
    table = gauges(bare)
    assert values(table, catalogue.INFO, "service", "agreement", "unit") == {("service", AGREEMENT, ""): 1}


def test_every_series_of_a_target_has_few_values() -> None:
    """What the guide says: about thirty."""
    tickets = {"judged": 0, "met": 0, "inconsistent": 0, "states": {}}
    budget = {"unit": "events", "whole": "5/1", "left": "4/1", "consumed_share": "1/5"}
    for target in (shown(available(), window(budget=budget)), shown(resolved(), None, tickets=tickets)):
        samples = [sample for family in gauges(target).collect() for sample in family.samples]
        assert len(samples) <= 30, len(samples)
