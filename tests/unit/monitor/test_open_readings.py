"""Open readings: which policies a draft leaves open, and what another reading would have changed."""

from __future__ import annotations

from typing import Any

import pytest

from slm_monitor.application.preview import backtests
from slm_monitor.application.preview.backtest_question import BacktestQuestion
from slm_monitor.application.preview.open_readings import find_open_readings, list_other_readings
from slm_monitor.application.preview.preview_terms import PreviewRejected

UP = {
    "key": "up",
    "aggregation": "availability",
    "objective": {"at_least": "99.9", "unit": "percent"},
    "window": {"calendar": "month"},
}
CLOCK = {"key": "p1", "aggregation": "clock", "clock": "resolution", "objective": {"within": {"calendar": "PT4H"}}}
SHARE = {**UP, "key": "share", "aggregation": {"compliance": "p1"}, "objective": {"at_least": "90", "unit": "percent"}}
SCHEDULE = {
    "currency": "EUR",
    "bands": [
        {"from": "0", "percent_of_charge": "20"},
        {"from": "99", "percent_of_charge": "10"},
        {"from": "99.9", "nothing": True},
    ],
}
CHARGE = {"amount": "4200", "currency": "EUR", "per": "month"}


def asked(terms: dict[str, Any] = UP, **more: Any) -> BacktestQuestion:
    return BacktestQuestion(terms, "party/up", **more)


def month(number: int, attained: str, verdict: str, **more: Any) -> dict[str, Any]:
    return {
        "window_id": f"2026-{number:02}",
        "from": f"2026-{number:02}-01T00:00:00Z",
        "to": f"2026-{number + 1:02}-01T00:00:00Z",
        "attained": attained,
        "figure_display": attained,
        "verdict": verdict,
        **more,
    }


WORSE = {"/unknown/down": {"attained": "98", "verdict": "breached"}}
JUDGED = [
    month(1, "100", "met", readings=WORSE),
    month(2, "99.5", "breached", readings={"/unknown/down": {"attained": "98.5"}}),
    month(3, "100", "met", readings={"/degraded/down": {"attained": "99.95"}}),
]


def policies(question: BacktestQuestion) -> list[tuple[str, int | None]]:
    return list(dict.fromkeys((each.policy, each.member) for each in list_other_readings(question)))


def test_only_policies_of_the_kind_that_nobody_wrote_are_open() -> None:
    assert policies(asked()) == [("unknown", None), ("degraded", None)]
    assert policies(asked({**UP, "unknown": "removed"})) == [("degraded", None)]
    assert policies(asked({**UP, "unknown": "down", "degraded": {"weight": "0.5"}})) == []
    short = {**UP, "ignore_outages_shorter_than": "PT5M", "unknown": "removed", "degraded": "up"}
    assert policies(asked(short)) == [("short_outages", None)]
    assert policies(asked({**short, "short_outages": "whole"})) == []
    assert policies(asked({**UP, "aggregation": "ratio"})) == []
    assert policies(asked(CLOCK)) == [("on_reopen", None), ("on_priority_change", None)]
    assert policies(asked(SHARE, members=[{**CLOCK, "on_reopen": "resume"}])) == [("on_priority_change", 0)]


def test_a_reading_that_changes_verdicts_and_money_is_told_with_the_term_that_settles_it() -> None:
    [told] = find_open_readings(asked(credit_schedule=SCHEDULE, period_charge=CHARGE), JUDGED)
    assert (told["target"], told["policy"], told["default"], told["changed"]) == ("up", "unknown", "removed", 1)
    assert told["costs"] == {"breaches": 1, "amount": "1260.00", "currency": "EUR"}
    assert told["readings"][2] == {
        "settled_by": {"unknown": "down"},
        "changed": 1,
        "breaches": 2,
        "credits": "1680.00",
    }
    assert told["sentence"] == (
        "left open: how time in an unknown state counts; costs 1 breach, EUR 1260.00"
    )  # fmt: skip


def test_a_reading_that_moves_only_money_is_told_too() -> None:
    [told] = find_open_readings(asked(credit_schedule=SCHEDULE, period_charge=CHARGE), JUDGED[1:2])
    assert (told["changed"], told["costs"]["breaches"], told["costs"]["amount"]) == (0, 0, "420.00")
    assert find_open_readings(asked(), JUDGED[1:2]) == []


def test_a_policy_that_changed_no_verdict_and_no_money_is_no_open_reading() -> None:
    assert find_open_readings(asked(), JUDGED[2:]) == []


def test_late_tickets_are_compared_over_all_windows() -> None:
    """A ticket that ends in another window under another reading has the same verdict, or one that changed once."""
    name = "/on_reopen/new_clock"
    judged = [
        month(1, "0", "breached", late=["a"], readings={name: {"late": ["b"]}}),
        month(2, "0", "breached", late=["b"], readings={name: {"late": ["c", "a"]}}),
    ]
    [told] = find_open_readings(asked(CLOCK), judged)
    assert (told["changed"], told["costs"]["breaches"]) == (1, 1)
    assert told["sentence"] == "left open: what reopening does; costs 1 breach"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"credit_schedule": {"currency": "EUR", "bands": []}}, "credit_schedule.bands"),
        ({"credit_schedule": {"currency": "EUR", "bands": [{"flat": "5"}]}}, "credit_schedule.bands[0]"),
        ({"credit_schedule": SCHEDULE, "period_charge": {**CHARGE, "currency": "USD"}}, "period_charge.currency"),
        ({"credit_schedule": SCHEDULE, "terms": {**UP, "window": {"rolling": "P28D"}}}, "credit_schedule"),
    ],
)
def test_money_that_does_not_fit_the_target_is_refused(more: dict[str, Any], field: str) -> None:
    question = asked(**{"terms": UP, **more})
    with pytest.raises(PreviewRejected) as refused:
        backtests.check_backtest_question(question)
    assert refused.value.errors[0]["field"] == field
