"""Facts of one party that cannot be evaluated or stored delay nothing of any other party."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from slm_chassis.identity import named_id
from slm_chassis.log.partitioner import partition_of
from slm_chassis.log.port import Record
from slm_monitor.adapters.formats.column_codec import encode_intake_record
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from tests.support.monitor import CUSTOMER, PROVIDER, at, available, finalized
from tests.support.monitor_service import PARTITIONS, Service, migrated_database, problem, serving

UP = "payments.checkout"
AGREEMENT = named_id(PROVIDER, "agreement", "poison")
READY = {"status": "ready", "reasons": []}
INTERNAL = {"content-type": "application/vnd.slm.intake+msgpack"}
NOTHING = MeasuredValues([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))
NAMES = ("state", "type", "priority", "team", "assignee", "service", "customer", "category")


@pytest.fixture
async def service(postgres: object) -> AsyncIterator[Service]:
    async with serving(await migrated_database()) as running:
        await running.register(UP, "availability")
        target = {**available(), "target_id": named_id(PROVIDER, "target", "poison")}
        await running.agree(finalized(target, agreement_id=AGREEMENT, agreement_key="poison"))
        yield running


async def ends(service: Service) -> dict[str, Any]:
    return {topic: await service.log.end_offsets(topic) for topic in ("slm.tickets", "slm.measurements")}


async def is_ready(service: Service) -> Any:
    return (await service.client("").get("/readyz")).json()


async def assert_judged(service: Service) -> None:
    """Check that a measurement of the provider is evaluated in every partition."""
    sent = await service.measure({"indicator": UP, "at": "2026-11-05T09:00:00Z", "state": "down"})
    params = {"agreement_id": AGREEMENT, "min_position": sent["position"]}
    for _ in range(6):
        answer = await service.provider.get("/api/v1/targets", params=params)
        if answer.status_code != 504:
            break
    assert answer.status_code == 200, (answer.text, await is_ready(service))


@pytest.mark.parametrize("name", NAMES)
async def test_a_snapshot_that_cannot_be_stored_is_refused_before_it_is_appended(service: Service, name: str) -> None:
    before = await ends(service)
    for text in ("P\0", "\udfff"):
        body = json.dumps({"updated_at": "2026-11-05T09:00:00Z", name: text})
        answer = await service.provider.put(
            "/api/v1/tickets/desk/T1",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        assert await ends(service) == before
        assert problem(answer)["status"] == 422
        assert [each["field"] for each in problem(answer)["errors"]] == [name]


async def test_a_hundred_snapshots_with_a_nul_stop_nobody(service: Service) -> None:
    for number in range(120):
        given = {"updated_at": "2026-11-05T09:00:00Z", "priority": f"P{number}\0"}
        answer = await service.customer.put(f"/api/v1/tickets/desk/T{number}", json=given)
        assert answer.status_code == 422
    await assert_judged(service)
    assert await is_ready(service) == READY


def poison(number: int, source: str = "desk") -> Fact:
    """An event whose text no column can hold, as it lies on the log behind a door that did not look."""
    body = {"event": "opened", "state": None, "sequence": None, "attributes": {"priority": f"P\0{number}"}}
    return Fact(f"{CUSTOMER}/{source}/T{number}", f"{source}\x1f{number}", at("2026-11-05T09:00"), body)


def unstorable(number: int) -> Fact:
    body = {"state": "up", "labels": {"region": "\0"}}
    return Fact(f"{CUSTOMER}/shop.front", f"probe\x1f{number}", at("2026-11-05T09:00") + number, body)


async def append(service: Service, topic: str, facts: list[Fact]) -> None:
    for fact in facts:
        record = Record("", encode_intake_record(NOTHING, [fact]), INTERNAL)
        await service.log.append(topic, [record], partition_of(fact.subject, PARTITIONS))


async def set_aside(service: Service, of: Any) -> list[dict[str, Any]]:
    async with asyncio.timeout(120):
        while True:
            answer = (await of.get("/api/v1/quarantine/sources")).json()
            if answer.get("items"):
                items: list[dict[str, Any]] = answer["items"]
                return items
            await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("topic", "make", "source"), [("slm.tickets", poison, "desk"), ("slm.measurements", unstorable, "probe")]
)
async def test_poison_sets_aside_the_source_it_comes_from_and_nobody_else(
    service: Service, topic: str, make: Any, source: str
) -> None:
    await append(service, topic, [make(number) for number in range(130)])
    await assert_judged(service)
    assert await is_ready(service) == READY
    (aside,) = await set_aside(service, service.customer)
    assert (aside["owner_party_id"], aside["topic"], aside["source"]) == (CUSTOMER, topic, source)
    assert "100 records in a row" in aside["reason"]
    assert (await service.provider.get("/api/v1/quarantine/sources")).json()["items"] == []
    held = (await service.customer.get("/api/v1/quarantine", params={"limit": 1000})).json()["items"]
    assert {each["reason"].partition(":")[0] for each in held} <= {"not_judged", "source_set_aside"}
    assert len(held) == 130


async def test_a_source_that_is_set_aside_is_quarantined_until_it_is_resumed(service: Service) -> None:
    await append(service, "slm.tickets", [poison(number) for number in range(110)])
    await set_aside(service, service.customer)
    opened = {"source": "desk", "ticket": "G1", "event": "opened", "at": "2026-11-05T09:00:00Z"}
    first = (await service.customer.post("/api/v1/ticket-events", json=[opened])).json()
    other = (await service.customer.post("/api/v1/ticket-events", json=[{**opened, "source": "other"}])).json()
    for sent in (first, other):
        assert (await service.customer.get(f"/api/v1/clocks?min_position={sent['position']}")).status_code == 200
    assert (await service.customer.get("/api/v1/tickets/desk/G1")).status_code == 404
    assert (await service.customer.get("/api/v1/tickets/other/G1")).status_code == 200
    given = {"topic": "slm.tickets", "source": "desk"}
    assert (await service.provider.post("/api/v1/quarantine/sources/resume", json=given)).status_code == 404
    assert (await service.customer.post("/api/v1/quarantine/sources/resume", json=given)).status_code == 200
    held = (await service.customer.get("/api/v1/quarantine", params={"limit": 1000, "state": "quarantined"})).json()[
        "items"
    ]
    (mine,) = [each for each in held if each["subject"].endswith("/desk/G1")]
    async with asyncio.timeout(30):
        while await service.waits_in_the_inbox():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    released = await service.customer.post(f"/api/v1/quarantine/{mine['quarantine_id']}/release")
    assert released.status_code == 202, released.text
    async with asyncio.timeout(30):
        while (await service.customer.get("/api/v1/tickets/desk/G1")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
