"""CloudEvents over HTTP in all three modes, on a real database: the same facts, each event once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from tests.integration.monitor.test_series import target
from tests.support.monitor import PROVIDER, finalized
from tests.support.monitor_service import Service, problem

DOOR = "/api/v1/cloudevents"
AGREEMENT = named_id(PROVIDER, "agreement", "ce")
STRUCTURED, BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"
COUNTED = target("ce-errors", "ce.errors", "count", {"at_most": "1000", "unit": "count"})


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.register("ce.errors", "count")
    await service.agree(finalized(COUNTED, agreement_id=AGREEMENT, agreement_key="ce"))


def event(name: str, data: Any, kind: str = "measurement", **more: Any) -> dict[str, Any]:
    attributes = {"specversion": "1.0", "id": name, "source": "/shop/1", "type": f"slm.{kind}.v1"}
    return {**attributes, "time": "2026-11-05T09:00:00Z", "data": data, **more}


def errors(count: int) -> dict[str, Any]:
    return {"indicator": "ce.errors", "count": count}


async def sent(service: Service, mode: str, *events: dict[str, Any]) -> httpx.Response:
    if mode == "binary":
        [one] = events
        headers = {f"ce-{name}": value for name, value in one.items() if name != "data"}
        return await service.provider.post(DOOR, json=one["data"], headers=headers)
    content = json.dumps(list(events) if mode == BATCHED else events[0])
    return await service.provider.post(DOOR, content=content, headers={"Content-Type": mode})


async def figure(service: Service, wanted: str) -> None:
    seen = None
    for _ in range(100):
        [found] = await service.targets(AGREEMENT)
        if (seen := (found["window"] or {}).get("figure")) == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{seen}, not {wanted}")


async def test_each_event_counts_once_in_whatever_mode_it_comes_and_comes_again(service: Service) -> None:
    first, second = event("1", errors(2)), event("2", errors(2))
    for mode in ("binary", STRUCTURED, BATCHED):
        for each in (first, second):
            answer = await sent(service, mode, each)
            assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
    await figure(service, "4/1")
    # The same id from another source is another event.
    assert (await sent(service, BATCHED, first, {**second, "source": "/shop/2"})).json()["accepted"] == 2
    await figure(service, "6/1")
    assert (await sent(service, STRUCTURED, event("9", {"indicator": "ce.errors", "retract": "1"}))).is_success
    await figure(service, "4/1")


async def test_a_batch_may_hold_both_types_and_is_answered_event_by_event(service: Service) -> None:
    opened = {"source": "jira", "ticket": "CE-1", "event": "opened", "type": "incident", "priority": "P1"}
    batch: list[Any] = [
        event("a", errors(1), specversion="0.3"),
        event("b", opened, "ticket-event"),
        event("c", {"indicator": "ce.nobody"}),
        event("d", errors(1), "nothing"),
        event("e", "text"),
        event("", errors(1)),
        event("f", {**opened, "nobody": 1}, "ticket-event"),
        "no event",
    ]
    answer = await sent(service, BATCHED, *batch)
    told = answer.json()
    assert (answer.status_code, told["accepted"], told["rejected"]) == (202, 1, 7), told
    fields = {each["index"]: each["errors"][0]["field"] for each in told["items"]}
    expected = {0: "specversion", 3: "type", 4: "data", 5: "id", 6: "data.nobody", 7: ""}
    assert {index: fields[index] for index in expected} == expected
    assert fields[2].startswith("data.")
    found = await service.provider.get("/api/v1/tickets/jira/CE-1", params={"min_position": told["position"]})
    assert found.status_code == 200


async def test_a_request_of_which_nothing_can_be_taken_is_a_problem(service: Service) -> None:
    answer = await sent(service, STRUCTURED, event("x", errors(1), "nothing"))
    assert problem(answer)["type"] == "/problems/nothing-accepted"
    for content, kind in ((b"{}", "application/json"), (b"{", STRUCTURED), (b"{}", BATCHED)):
        answer = await service.provider.post(DOOR, content=content, headers={"Content-Type": kind})
        assert (answer.status_code, problem(answer)["type"]) == (400, "/problems/malformed-json")
    assert (await service.viewer.post(DOOR, json={}, headers={"ce-id": "1"})).status_code == 403
