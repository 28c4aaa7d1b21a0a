"""Back-tests over HTTP: credits that would have been due, the price table, and readings that terms leave open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.monitor.test_backtesting import CLOCK, DAILY, ended, measured
from tests.support.monitor_service import Service, problem

SCHEDULE = {
    "currency": "EUR",
    "bands": [
        {"from": "0", "percent_of_charge": "20"},
        {"from": "98", "percent_of_charge": "10"},
        {"from": "99", "nothing": True},
    ],
}
MONEY = {"credit_schedule": SCHEDULE, "period_charge": {"amount": "300", "currency": "EUR"}}


async def tried(service: Service, asked: dict[str, Any]) -> dict[str, Any]:
    answer = await service.provider.post("/api/v1/backtests", json=asked)
    assert answer.status_code == 202, answer.text
    return await ended(service, answer.json()["backtest_id"])


async def test_credits_are_priced_for_the_draft_and_for_each_objective(service: Service) -> None:
    """Down for 0, 10, 20 and 30 minutes of a day: 99.3055, 98.6111, 97.9166 and 100 percent."""
    await measured(service, "priced.up")
    told = await tried(service, {"terms": {**DAILY, "indicator": "priced.up"}, "windows": {"last": 4}, **MONEY})
    prices = told["result"]["prices"]
    assert [(each["objective"]["at_least"], each["met"], each["credits"]) for each in prices["rows"]] == [
        ("100", 1, "120.00"),
        ("99.3055", 2, "90.00"),
        ("99", 2, "90.00"),
        ("98.6111", 3, "60.00"),
        ("97.9166", 4, "0.00"),
    ]
    assert [each["objective"]["at_least"] for each in prices["rows"] if each["is_draft"]] == ["99"]
    assert [each["objective"]["at_least"] for each in prices["rows"] if each["is_suggested"]] == ["97.9166"]
    assert (prices["currency"], prices["credits_unknown"]) == ("EUR", None)
    assert told["question"]["period_charge"] == {"amount": "300", "currency": "EUR", "per": "month"}


async def test_a_charge_that_is_missing_is_said_and_never_zero(service: Service) -> None:
    await measured(service, "uncharged.up")
    asked = {"terms": {**DAILY, "indicator": "uncharged.up"}, "windows": {"last": 4}, "credit_schedule": SCHEDULE}
    prices = (await tried(service, asked))["result"]["prices"]
    assert [each["credits"] for each in prices["rows"] if each["is_draft"]] == [None]
    assert "charge" in prices["credits_unknown"]


async def test_open_readings_are_found_by_judging_twice(service: Service) -> None:
    """Two hours of a day are unknown, and one hour of another is degraded: both matter, and only where left open."""
    await service.register("open.up", "availability")
    answer = await service.measure(
        {"indicator": "open.up", "at": "2026-11-01T00:00:00Z", "state": "up"},
        {"indicator": "open.up", "at": "2026-11-02T10:00:00Z", "state": "unknown"},
        {"indicator": "open.up", "at": "2026-11-02T12:00:00Z", "state": "up"},
        {"indicator": "open.up", "at": "2026-11-03T10:00:00Z", "state": "degraded"},
        {"indicator": "open.up", "at": "2026-11-03T11:00:00Z", "state": "up"},
    )
    await service.provider.get("/api/v1/targets", params={"min_position": answer["position"]})
    terms = {**DAILY, "key": "up", "indicator": "open.up"}
    told = await tried(service, {"terms": terms, "windows": {"last": 4}, **MONEY})
    assert [(each["policy"], each["changed"], each["costs"]) for each in told["result"]["open_readings"]] == [
        ("unknown", 1, {"breaches": 1, "amount": "60.00", "currency": "EUR"}),
        ("degraded", 1, {"breaches": 1, "amount": "60.00", "currency": "EUR"}),
    ]
    assert told["result"]["open_readings"][1]["sentence"] == (
        "left open: how degraded time counts; costs 1 breach, EUR 60.00"
    )
    assert all("readings" not in each for each in told["windows"])
    written = {**terms, "unknown": "removed", "degraded": "up"}
    told = await tried(service, {"terms": written, "windows": {"last": 4}, **MONEY})
    assert told["result"]["open_readings"] == []


async def test_what_reopening_does_is_an_open_reading_of_a_clock(service: Service) -> None:
    """A ticket resolved after one hour, reopened five hours later and resolved at once: late only if the gap counts."""
    told_events = [
        {"source": "open", "ticket": "R-1", "type": "incident", "event": event, "at": f"2026-11-03T{hour}:00:00Z"}
        for event, hour in (("opened", "08"), ("resolved", "09"), ("reopened", "14"), ("resolved", "15"))
    ]
    answer = await service.provider.post("/api/v1/ticket-events", json=told_events)
    answer.raise_for_status()
    await service.provider.get("/api/v1/targets", params={"min_position": answer.json()["position"]})
    windows = {"from": "2026-11-03T00:00:00Z", "to": "2026-11-04T00:00:00Z", "per": "day"}
    terms = {**CLOCK, "applies_to": {"type": "incident"}}
    [found] = (await tried(service, {"terms": terms, "windows": windows}))["result"]["open_readings"]
    assert (found["target"], found["policy"], found["changed"], found["costs"]["breaches"]) == ("p1", "on_reopen", 1, 1)
    assert [(each["settled_by"]["on_reopen"], each["breaches"]) for each in found["readings"]] == [
        ("resume", 0),
        ("resume_counting_gap", 1),
        ("new_clock", 0),
    ]
    written = {**terms, "on_reopen": "resume"}
    assert (await tried(service, {"terms": written, "windows": windows}))["result"]["open_readings"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"credit_schedule": {"currency": "EUR", "bands": [{"flat": "5"}]}},
        {**MONEY, "period_charge": {"amount": "300", "currency": "USD"}},
        {"period_charge": {"amount": "much", "currency": "EUR"}},
    ],
)
async def test_money_that_does_not_fit_is_refused(wrong: dict[str, Any], service: Service) -> None:
    await service.register("refused.up", "availability")
    asked = {"terms": {**DAILY, "indicator": "refused.up"}, **wrong}
    assert problem(await service.provider.post("/api/v1/backtests", json=asked))["status"] == 422
