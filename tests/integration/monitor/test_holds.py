"""A hold delays only the past of an import, so that a party cannot suppress its own present breaches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import pytest

from slm_chassis.clock import ScaledClock, real_now
from slm_chassis.identity import named_id
from slm_events.instants import to_text
from tests.support.monitor import CUSTOMER, PROVIDER, SECOND, at, finalized
from tests.support.monitor_service import NOW, Service, migrated_database, problem, serving

AGREEMENT = named_id(PROVIDER, "agreement", "held")
KINDS = {
    "held.up": "availability",
    "held.latency": "value",
    "held.orders": "ratio",
    "held.errors": "count",
    "held.stars": "rating",
    "held.recoveries": "recovery",
}


def target(key: str, indicator: str | None, aggregation: Any, objective: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "target_id": named_id(PROVIDER, "target", "held", key),
        "key": key,
        "title": key,
        "service_id": "service",
        "indicator": {"owner_party_id": PROVIDER, "key": indicator} if indicator else None,
        "aggregation": aggregation,
        "objective": objective,
        "window": {"calendar": "day"},
        "service_hours": "24x7",
        "unknown": "removed",
        "degraded": "up",
        "no_data": "ignore",
        "warn_at": {},
        "weight": "1",
        "responsible": {},
        **more,
    }


HOURLY = {"rolling": "PT1H"}
PERCENT = {"at_least": "99", "unit": "percent"}
CLOCK = target(
    "clock",
    None,
    "clock",
    {"within": {"calendar": "PT10M"}},
    window={"per": "ticket"},
    clock="resolution",
    applies_to={"source": ["held-desk"]},
    start="opened",
    stop="resolved",
    pause=[],
)
TARGETS = [
    target("up", "held.up", "availability", PERCENT),
    target("up-rolling", "held.up", "availability", PERCENT, window=HOURLY),
    target("outages", "held.up", {"outages": {"at_least": "PT5M"}}, {"at_most": "0"}),
    target("fast", "held.latency", {"share_at_most": "300"}, PERCENT, window=HOURLY),
    target("slowest", "held.latency", "max", {"at_most": "500"}),
    target("orders", "held.orders", "ratio", PERCENT, window=HOURLY),
    target("errors", "held.errors", {"count": {"category": "A"}}, {"at_most": "1"}),
    target("stars", "held.stars", "mean", {"at_least": "4"}, window=HOURLY),
    target("recovery", "held.recoveries", "recovery_time", {"at_most": "1", "unit": "minutes"}),
    target("both", None, {"composite": {"of": "states", "rule": "serial", "members": [{"target": "up"}]}}, PERCENT),
    CLOCK,
    target("in-time", None, {"compliance": "clock"}, PERCENT, window=HOURLY),
]


@pytest.fixture
async def service(postgres: object) -> AsyncIterator[Service]:
    """Ten minutes pass in a second."""
    clock = ScaledClock(at(NOW), real_now(), Fraction(600))
    async with serving(await migrated_database(), clock=clock) as running:
        for key, kind in KINDS.items():
            await running.register(key, kind, scale={"lowest": "1", "highest": "5"} if kind == "rating" else None)
        await running.agree(finalized(*TARGETS, agreement_id=AGREEMENT, agreement_key="held"))
        yield running


async def hold_everything(service: Service) -> dict[str, Any]:
    answer = await service.provider.post("/api/v1/imports", json={"indicators": [*KINDS], "sources": ["held-desk"]})
    document: dict[str, Any] = answer.json()
    return await until(service, f"/api/v1/imports/{document['import_id']}", "open")


async def until(service: Service, path: str, state: str) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(200):
        document = (await service.provider.get(path)).json()
        if document["state"] == state:
            return document
        await asyncio.sleep(0.05)
    raise AssertionError(document)


async def break_everything(service: Service) -> None:
    now = to_text(service.clock.now())
    before = to_text(service.clock.now() - 2 * SECOND * 60)
    await service.measure(
        {"indicator": "held.up", "at": now, "state": "down"},
        *({"indicator": "held.latency", "at": now, "value": 900.0, "id": f"{number}"} for number in range(3)),
        {"indicator": "held.orders", "at": now, "good": 1, "total": 100},
        *({"indicator": "held.errors", "at": now, "category": "A", "id": f"{number}"} for number in range(2)),
        {"indicator": "held.stars", "at": now, "score": 1},
        {"indicator": "held.recoveries", "at": now, "recovery": {"outage_start": before, "service_restored": now}},
    )
    told = {"source": "held-desk", "ticket": "1", "event": "opened", "at": now, "type": "incident", "priority": "P1"}
    (await service.provider.post("/api/v1/ticket-events", json=[told])).raise_for_status()


async def breached(service: Service) -> set[str]:
    answer = await service.customer.get("/api/v1/breaches", params={"agreement_id": AGREEMENT, "limit": 1000})
    return {each["target_key"] for each in answer.json()["items"]}


async def test_a_party_that_holds_all_its_data_is_found_in_breach(service: Service) -> None:
    await hold_everything(service)
    await break_everything(service)
    found: set[str] = set()
    # The budget of the day is spent after a quarter of an hour, the ticket is due after ten minutes.
    for _ in range(100):
        found = await breached(service)
        if len(found) == len(TARGETS):
            break
        await asyncio.sleep(0.1)
    assert found == {each["key"] for each in TARGETS}
    items = (await service.customer.get("/api/v1/breaches", params={"agreement_id": AGREEMENT})).json()["items"]
    assert all(at(each["published_at"]) - at(each["certain_at"]) < 20 * 60 * SECOND for each in items)


async def test_both_sides_see_an_open_hold_by_whom_and_since_when(service: Service) -> None:
    opened = await hold_everything(service)
    for side in (service.provider, service.customer):
        answer = await side.get("/api/v1/imports", params={"state": "open"})
        assert answer.status_code == 200, answer.text
        (seen,) = answer.json()["items"]
        assert (seen["owner_party_id"], seen["opened_at"], seen["through_at"]) == (
            PROVIDER,
            opened["opened_at"],
            opened["opened_at"],
        )
        assert set(seen["indicators"]) == set(KINDS) and seen["sources"] == ["held-desk"]
    assert (await service.foreigner.get("/api/v1/imports")).json()["items"] == []
    listed = await service.customer.get("/api/v1/targets", params={"agreement_id": AGREEMENT})
    assert all(each["importing"] for each in listed.json()["items"])
    assert CUSTOMER not in (await service.provider.get("/api/v1/imports")).text


async def test_a_hold_can_be_ended_by_its_party_alone(service: Service) -> None:
    path = f"/api/v1/imports/{(await hold_everything(service))['import_id']}"
    assert (await service.customer.delete(path)).status_code == 403
    assert (await service.provider.delete(path)).status_code == 202
    assert (await until(service, path, "judged"))["ended_as"] == "ended"
    assert (await service.customer.get("/api/v1/imports", params={"state": "open"})).json()["items"] == []


async def test_a_hold_never_reaches_beyond_the_present(service: Service) -> None:
    ahead = to_text(service.clock.now() + 10**12)
    answer = await service.provider.post("/api/v1/imports", json={"sources": ["held-desk"], "through": ahead})
    assert [each["field"] for each in problem(answer)["errors"]] == ["through"]
