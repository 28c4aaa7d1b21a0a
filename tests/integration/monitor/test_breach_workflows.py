"""The workflow of a breach over HTTP: who may take which step in which order, and the published events."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import StoredRecord
from tests.support.monitor import CUSTOMER, PROVIDER, available, finalized
from tests.support.monitor_service import Service, problem
from tests.support.service import records, until

ROOT_CAUSE = {
    "root_cause": "a failed disk",
    "corrective_action": "disks are watched",
    "linked_problem": {"system": "itsm", "id": "PRB-1"},
}


async def breached(service: Service, name: str) -> dict[str, Any]:
    """A breach of an agreement of its own."""
    agreement = named_id(PROVIDER, "agreement", name)
    target = {**available(), "target_id": named_id(PROVIDER, "target", name)}
    target["indicator"] = {"owner_party_id": PROVIDER, "key": name}
    await service.register(name, "availability")
    await service.agree(finalized(target, agreement_id=agreement, agreement_key=name))
    outage = {"from": "2026-11-05T06:00:00Z", "to": "2026-11-05T09:00:00Z"}
    answer = await service.measure({"indicator": name, "outage": outage, "id": "o"})
    params = {"agreement_id": agreement, "min_position": answer["position"]}
    (found,) = (await service.provider.get("/api/v1/breaches", params=params)).json()["items"]
    return dict(found)


async def read(client: httpx.AsyncClient, breach: dict[str, Any]) -> httpx.Response:
    answer = await client.get(f"/api/v1/breaches/{breach['breach_id']}")
    answer.raise_for_status()
    return answer


async def take(
    client: httpx.AsyncClient, breach: dict[str, Any], step: str, tag: str | None = "", **body: Any
) -> httpx.Response:
    headers = {"If-Match": (await read(client, breach)).headers["ETag"] if tag == "" else tag or ""}
    return await client.post(f"/api/v1/breaches/{breach['breach_id']}/{step}", json=body, headers=headers)


def told(service: Service, breach: dict[str, Any]) -> list[StoredRecord]:
    """The published records of breach workflows, in order."""
    assert isinstance(service.log, MemoryEventLog)
    found = records(service.log, "slm.breaches")
    return [each for each in found if breach["breach_id"].encode() in each.value and b"by_party_id" in each.value]


async def test_a_breach_is_acknowledged_given_its_root_cause_and_closed(service: Service) -> None:
    breach = await breached(service, "life.whole")
    assert breach["state"] == "open"
    first = await take(service.provider, breach, "acknowledge", note="seen")
    assert first.json()["life"]["state"] == "acknowledged"
    assert first.json()["life"]["allowed"] == ["root-cause", "dispute"]
    second = await take(service.provider, breach, "root-cause", first.headers["ETag"], **ROOT_CAUSE)
    assert second.status_code == 200
    third = await take(service.customer, breach, "close", note="agreed")
    closed = third.json()
    assert (closed["state"], closed["life"]["allowed"]) == ("closed", [])
    assert [(each["step"], each["by_party_id"]) for each in closed["life"]["steps"]] == [
        ("acknowledge", PROVIDER),
        ("root-cause", PROVIDER),
        ("close", CUSTOMER),
    ]
    assert closed["life"]["steps"][1]["linked_problem"] == {"system": "itsm", "id": "PRB-1"}
    assert closed["standing"] is True


async def test_the_three_steps_are_published_under_ids_that_follow_from_the_breach(service: Service) -> None:
    breach = await breached(service, "life.told")
    for step, body in (("acknowledge", {}), ("root-cause", ROOT_CAUSE), ("close", {})):
        assert (await take(service.provider, breach, step, **body)).status_code == 200

    async def all_told() -> bool:
        return len(told(service, breach)) == 3

    await until(all_told)
    found = told(service, breach)
    assert [record.headers["ce_type"] for record in found] == [
        f"slm.monitor.breach-{name}.v1" for name in ("acknowledged", "root-cause-given", "closed")
    ]
    assert found[0].headers["ce_id"] == named_id(breach["breach_id"], "breach-acknowledged", 0)


@pytest.mark.parametrize("step", ["root-cause", "close"])
async def test_a_step_out_of_order_is_a_conflict_that_names_the_next(step: str, service: Service) -> None:
    breach = await breached(service, f"life.order-{step}")
    answer = await take(service.provider, breach, step, **(ROOT_CAUSE if step == "root-cause" else {}))
    assert (answer.status_code, problem(answer)["errors"][0]["remedy"]) == (409, "one of acknowledge, dispute")


async def test_who_has_seen_another_state_is_refused(service: Service) -> None:
    breach = await breached(service, "life.changed")
    seen = (await read(service.provider, breach)).headers["ETag"]
    assert (await take(service.provider, breach, "acknowledge", seen)).status_code == 200
    stale = await take(service.provider, breach, "root-cause", seen, **ROOT_CAUSE)
    assert (stale.status_code, problem(stale)["type"]) == (412, "/problems/changed-meanwhile")
    assert (await take(service.provider, breach, "root-cause", None, **ROOT_CAUSE)).status_code == 428


async def test_only_the_party_responsible_acknowledges_and_no_stranger_sees_it(service: Service) -> None:
    breach = await breached(service, "life.sides")
    tag = (await read(service.customer, breach)).headers["ETag"]
    assert problem(await take(service.customer, breach, "acknowledge"))["status"] == 403
    assert problem(await take(service.operator, breach, "acknowledge"))["status"] == 403
    assert problem(await take(service.viewer, breach, "acknowledge"))["status"] == 403
    assert problem(await take(service.foreigner, breach, "acknowledge", tag))["status"] == 404


async def test_a_withdrawn_breach_cannot_be_handled_until_it_is_valid_again(service: Service) -> None:
    breach = await breached(service, "life.again")
    assert (await take(service.provider, breach, "acknowledge")).status_code == 200
    for revision, minutes, state in ((1, "01", "withdrawn"), (2, "59", "open")):
        outage = {"from": "2026-11-05T06:00:00Z", "to": f"2026-11-05T06:{minutes}:00Z"}
        item = {"indicator": "life.again", "outage": outage, "id": "o", "revision": revision}
        position = (await service.measure(item))["position"]
        params = {"agreement_id": breach["agreement_id"], "min_position": position, "state": state}
        (found,) = (await service.provider.get("/api/v1/breaches", params=params)).json()["items"]
        assert found["state"] == state
        answer = await take(service.provider, breach, "acknowledge")
        assert answer.status_code == (409 if state == "withdrawn" else 200)
    steps = (await read(service.provider, breach)).json()["life"]["steps"]
    assert [(each["revision"], each["step"]) for each in steps] == [(0, "acknowledge"), (1, "acknowledge")]


async def test_a_breach_that_late_facts_revise_keeps_its_handling(service: Service) -> None:
    breach = await breached(service, "life.revised")
    assert (await take(service.provider, breach, "acknowledge")).status_code == 200
    for revision, begin in ((1, "05:00"), (2, "05:30")):
        outage = {"from": f"2026-11-05T{begin}:00Z", "to": "2026-11-05T09:00:00Z"}
        position = (
            await service.measure({"indicator": "life.revised", "outage": outage, "id": "o", "revision": revision})
        )["position"]
        params = {"agreement_id": breach["agreement_id"], "min_position": position}
        (found,) = (await service.provider.get("/api/v1/breaches", params=params)).json()["items"]
        assert (found["revision"], found["state"]) == (revision, "acknowledged")
        summary = (await service.provider.get("/api/v1/summary")).json()
        assert breach["breach_id"] not in {each["breach_id"] for each in summary["breaches"]}
    answer = await take(service.provider, breach, "root-cause", **ROOT_CAUSE)
    assert answer.status_code == 200, answer.text
    steps = answer.json()["life"]["steps"]
    assert [(each["revision"], each["step"]) for each in steps] == [(0, "acknowledge"), (2, "root-cause")]


async def test_breaches_are_found_by_level_and_time(service: Service) -> None:
    breach = await breached(service, "life.found")
    shared = {"agreement_id": breach["agreement_id"]}
    for params, count in (
        ({"from": breach["certain_at"]}, 1),
        ({"to": breach["certain_at"]}, 0),
        ({"level": "objective"}, 1),
        ({"level": "unacceptable"}, 0),
        ({"state": "closed"}, 0),
        ({"state": "open"}, 1),
    ):
        answer = await service.provider.get("/api/v1/breaches", params={**shared, **params})
        assert len(answer.json()["items"]) == count, params
