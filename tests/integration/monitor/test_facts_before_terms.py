"""Facts may arrive before the terms that apply to them: a later agreement gives the same figures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from slm_chassis.identity import named_id
from tests.integration.monitor.test_every_agreed_target import handed_over
from tests.support.monitor import PROVIDER, finalized
from tests.support.monitor_service import Service, migrated_database, publish, serving
from tests.unit.agreement.aggregation_terms import COUNT

AGREEMENT = named_id(PROVIDER, "agreement", "every")
BY_CATEGORY: list[dict[str, Any]] = [
    {**COUNT, "key": "errors-a", "aggregation": {"count": {"category": "A"}}},
    {**COUNT, "key": "errors-each", "group_by": ["category"]},
    {**COUNT, "key": "errors-day", "window": {"rolling": "P1D"}},
]

TIMED = {"up", "up-day", "database", "whole", "states-day"}


def measured(hour: str) -> list[dict[str, Any]]:
    """Facts of every kind of indicator, in every form in which they may be sent."""
    at = f"2026-11-05T{hour}:00:00Z"
    later = f"2026-11-05T{hour}:20:00Z"
    return [
        {"indicator": "payments.checkout", "outage": {"from": at, "to": later}},
        {"indicator": "payments.database", "at": at, "state": "down", "previous": "up"},
        {"indicator": "payments.database", "at": later, "ok": True},
        {"indicator": "payments.requests", "at": at, "good": 998, "total": 1000, "labels": {"region": "EU"}},
        {"indicator": "payments.requests", "at": at, "good": 9, "total": 10, "id": f"r{hour}"},
        {"indicator": "payments.latency", "at": at, "value": 200},
        {"indicator": "payments.latency", "at": at, "values": [250, 301.5], "id": f"v{hour}"},
        {"indicator": "payments.errors", "at": at, "category": "A"},
        {"indicator": "payments.errors", "at": later, "category": "B", "count": 2},
        {"indicator": "payments.errors", "at": later, "category": "A", "id": f"e{hour}"},
        {"indicator": "payments.errors", "at": later, "count": 1},
        {"indicator": "desk.stars", "at": at, "score": 5, "touch_point": "mail", "respondent": "anna"},
        {"indicator": "desk.advocacy", "at": at, "score": 10},
        {
            "indicator": "payments.recoveries",
            "recovery": {"outage_start": at, "service_restored": later, "data_restored_to": at},
            "labels": {"site": "M"},
        },
    ]


def ticket_events(hour: str) -> list[dict[str, Any]]:
    opened = {
        "source": "s",
        "ticket": f"T{hour}",
        "event": "opened",
        "at": f"2026-11-05T{hour}:00:00Z",
        "type": "incident",
        "priority": "P1",
    }
    return [opened, {**opened, "event": "resolved", "at": f"2026-11-05T{hour}:50:00Z"}]


@pytest.fixture
async def services(postgres: object) -> AsyncIterator[tuple[Service, Service]]:
    """Two installations that know the same indicators, and no agreement yet."""
    async with serving(await migrated_database()) as one, serving(await migrated_database()) as other:
        for service in (one, other):
            for key, indicator in _indicators().items():
                scale = {"lowest": "0", "highest": "10"} if indicator["kind"] == "rating" else None
                await service.register(key, indicator["kind"], indicator["unit"], scale)
        yield one, other


def _terms() -> list[dict[str, Any]]:
    return handed_over(*BY_CATEGORY)


def _indicators() -> dict[str, dict[str, Any]]:
    return {each["indicator"]["key"]: each["indicator"] for each in _terms() if each["indicator"]}


async def _send(service: Service, hour: str) -> None:
    items = measured(hour)
    answer = await service.measure(*items)
    assert answer["accepted"] == len(items), answer
    events = await service.provider.post("/api/v1/ticket-events", json=ticket_events(hour))
    assert events.json()["accepted"] == 2
    for position in (answer["position"], events.json()["position"]):
        judged = await service.provider.get("/api/v1/targets", params={"min_position": position})
        assert judged.status_code == 200, judged.text


async def _sign(service: Service) -> None:
    await publish(service.log, finalized(*_terms(), agreement_id=AGREEMENT, agreement_key="every"))


async def _figures(service: Service) -> dict[str, Any]:
    """Key → what its windows came to; of what grows with time alone, what was bad of it."""
    found: dict[str, Any] = {}
    for target in await service.targets(AGREEMENT):
        assert target["unjudgeable"] is None, target
        path = f"/api/v1/targets/{target['target_id']}/windows"
        rows = (await service.provider.get(path)).json()["items"]
        found[target["key"]] = sorted(
            (row["window_id"], row["total"] - row["good"], row["verdict"])
            if target["key"] in TIMED
            else (row["window_id"], row["figure"], row["good"], row["total"], row["verdict"])
            for row in rows
        )
    return found


async def test_facts_of_every_kind_may_come_before_the_terms(services: tuple[Service, Service]) -> None:
    facts_first, terms_first = services
    await _send(facts_first, "08")
    # What was measured has been put away, and is read again for the terms that come.
    await asyncio.sleep(1.5)
    await _sign(facts_first)
    await asyncio.sleep(1.5)
    assert (await facts_first.client("").get("/readyz")).json() == {"status": "ready", "reasons": []}
    await _sign(terms_first)
    while not await terms_first.targets(AGREEMENT):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await _send(terms_first, "08")
    for service in services:
        await _send(service, "09")
        await asyncio.sleep(1.5)
        assert (await service.client("").get("/readyz")).json() == {"status": "ready", "reasons": []}
    expected, found = await _figures(terms_first), await _figures(facts_first)
    for _ in range(10):
        # What is made of other targets follows a step later.
        if found == expected:
            break
        await asyncio.sleep(0.1)
        expected, found = await _figures(terms_first), await _figures(facts_first)
    assert found == expected
    assert {"errors-a", "errors-each[A]", "errors-each[B]", "errors-day"} <= found.keys()
    assert found["errors-a"][0][1:3] == ("4/1", 4)
