"""Quarantined facts: their owner releases them once, under their own identity, or discards them."""

from __future__ import annotations

import asyncio
from typing import Any

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, available, fast, finalized
from tests.support.monitor_service import Service, problem


async def aside(service: Service, key: str, item: dict[str, Any], path: str = "measurements") -> str:
    """The id under which an item of the future was set aside."""
    answer = await service.provider.post(f"/api/v1/{path}", json=[item])
    assert answer.json()["quarantined"] == 1, answer.text
    page = await service.provider.get("/api/v1/quarantine", params={"state": "quarantined", "limit": 1000})
    (found,) = [each for each in page.json()["items"] if each["subject"] == key]
    return str(found["quarantine_id"])


async def state_of(service: Service, quarantine_id: str) -> str:
    page = await service.operator.get("/api/v1/quarantine", params={"limit": 1000})
    return str(next(each["state"] for each in page.json()["items"] if each["quarantine_id"] == quarantine_id))


async def judged(service: Service, target_id: str, total: int) -> dict[str, Any]:
    """Wait until the target's window has the given count; return the window."""
    while True:
        (window,) = (await service.provider.get(f"/api/v1/targets/{target_id}/windows")).json()["items"]
        if window["total"] >= total:
            return dict(window)
        await asyncio.sleep(0.05)


async def agreed(service: Service, key: str, kind: str, target: dict[str, Any]) -> dict[str, Any]:
    await service.register(key, kind)
    named = {**target, "target_id": named_id(PROVIDER, "target", key)}
    named["indicator"] = {"owner_party_id": PROVIDER, "key": key}
    await service.agree(finalized(named, agreement_id=named_id(PROVIDER, "agreement", key), agreement_key=key))
    return named


async def test_a_released_fact_is_judged_once_however_often_it_comes(service: Service) -> None:
    target = await agreed(service, "ward.latency", "value", fast("90"))
    item = {"indicator": "ward.latency", "at": "2026-11-25T10:00:00Z", "value": 100}
    name = await aside(service, "ward.latency", item)
    answer = await service.provider.post(f"/api/v1/quarantine/{name}/release")
    assert (answer.status_code, answer.json()["state"]) == (202, "released")
    again = await service.provider.post(f"/api/v1/quarantine/{name}/release")
    assert problem(again)["detail"] == "it was released already."
    assert (await judged(service, target["target_id"], 1))["total"] == 1
    assert (await service.provider.post(f"/api/v1/quarantine/{name}/discard")).status_code == 409
    await service.measure({"indicator": "ward.latency", "at": "2026-11-05T09:00:00Z", "value": 100})
    assert (await judged(service, target["target_id"], 2))["total"] == 2


async def test_outages_and_tickets_are_released_as_they_were_sent(service: Service) -> None:
    target = await agreed(service, "ward.up", "availability", available())
    outage = {"from": "2026-11-25T10:00:00Z", "to": "2026-11-25T12:00:00+01:00"}
    name = await aside(service, "ward.up", {"indicator": "ward.up", "outage": outage, "id": "o7", "source": "probe"})
    assert (await service.operator.post(f"/api/v1/quarantine/{name}/release")).status_code == 202
    opened = {"source": "ward", "ticket": "7", "event": "opened", "at": "2026-11-25T10:00:00Z", "type": "incident"}
    ticket = await aside(service, "ward/7", opened, "ticket-events")
    assert (await service.provider.post(f"/api/v1/quarantine/{ticket}/release")).status_code == 202
    path = f"/api/v1/targets/{target['target_id']}/windows"
    while (await service.provider.get(path)).json()["items"][0]["detail"]["exhausted_at"] is None:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    while (await service.provider.get("/api/v1/tickets/ward/7")).status_code != 200:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_a_discarded_fact_stays_to_be_seen(service: Service) -> None:
    await service.register("ward.lost", "value")
    item = {"indicator": "ward.lost", "at": "2026-11-25T10:00:00Z", "value": 1}
    name = await aside(service, "ward.lost", item)
    assert (await service.provider.post(f"/api/v1/quarantine/{name}/discard")).status_code == 200
    assert await state_of(service, name) == "discarded"
    assert problem(await service.provider.post(f"/api/v1/quarantine/{name}/release"))["status"] == 409


async def test_only_its_party_or_an_operator_decides(service: Service) -> None:
    await service.register("ward.mine", "value")
    name = await aside(service, "ward.mine", {"indicator": "ward.mine", "at": "2026-11-25T10:00:00Z", "value": 1})
    for client, status in ((service.customer, 404), (service.foreigner, 404), (service.viewer, 403)):
        for step in ("release", "discard"):
            assert problem(await client.post(f"/api/v1/quarantine/{name}/{step}"))["status"] == status
    assert await state_of(service, name) == "quarantined"
