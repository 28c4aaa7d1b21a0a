"""Causes over HTTP: one outage of many agreements is one row, one act, and a record for each breach."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from slm_chassis.identity import named_id
from slm_chassis.log.memory import MemoryEventLog
from tests.support import grouped
from tests.support.api import announce, enrolled
from tests.support.monitor import CUSTOMER, PROVIDER
from tests.support.monitor_service import FOREIGN_KEY, Service, problem, publish
from tests.support.service import records, until

MANY = 40
ROOT_CAUSE = {"root_cause": "a failed disk", "corrective_action": "disks are watched"}
PROBLEM = {"linked_problem": {"system": "itsm", "id": "PRB-1"}}


def customer(number: int) -> str:
    return named_id(PROVIDER, "party", f"customer-{number}")


async def agreed(service: Service, prefix: str, number: int, customer_party_id: str, **written: Any) -> str:
    event = grouped.agreement(f"{prefix}-{number}", {"indicator": prefix, "customer": customer_party_id, **written})
    await publish(service.log, event)
    return event.agreement_id


async def heard(service: Service, *agreements: str) -> None:
    """Wait until the evaluation knows the agreements."""

    async def is_known() -> bool:
        async with service.app.database.read() as connection:
            query = text("SELECT count(DISTINCT agreement_id) FROM target WHERE agreement_id = ANY(:ids)")
            known = (await connection.execute(query, {"ids": list(agreements)})).scalar_one()
        return bool(known == len(agreements)) and not await service.waits_in_the_inbox()

    await until(is_known)


async def outage(service: Service, indicator: str, start: str = "06:00", end: str = "09:00", revision: int = 0) -> None:
    """Send an outage, and wait until it is evaluated and grouped."""
    span = {"from": f"2026-11-05T{start}:00Z", "to": f"2026-11-05T{end}:00Z"}
    sent = await service.measure({"indicator": indicator, "id": "o", "revision": revision, "outage": span})
    params = {"min_position": sent["position"], "limit": 1}
    (await service.provider.get("/api/v1/breaches", params=params)).raise_for_status()
    await grouped_in(service)


async def grouped_in(service: Service) -> None:
    async def is_grouped() -> bool:
        async with service.app.database.read() as connection:
            return not (await connection.execute(text("SELECT count(*) FROM cause_due"))).scalar_one()

    await until(is_grouped)


async def breached(service: Service, prefix: str, number: int = 2, **written: Any) -> dict[str, Any]:
    """A cause of several agreements with the same customer."""
    await service.register(prefix, "availability")
    await heard(service, *[await agreed(service, prefix, each, CUSTOMER, **written) for each in range(number)])
    await outage(service, prefix)
    (found,) = await causes_about(service.provider, prefix)
    return found


async def causes_about(client: httpx.AsyncClient, indicator: str, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/causes", params={"limit": 1_000, **params})
    answer.raise_for_status()
    return [each for each in answer.json()["items"] if each["about"][0]["name"].endswith(f"/{indicator}")]


async def act(client: httpx.AsyncClient, cause: dict[str, Any], step: str, body: Any = None) -> httpx.Response:
    return await client.post(f"/api/v1/causes/{cause['cause_id']}/{step}", json=body)


async def life_of(client: httpx.AsyncClient, breach_id: str) -> dict[str, Any]:
    """Read how a breach was handled."""
    life: dict[str, Any] = (await client.get(f"/api/v1/breaches/{breach_id}")).json()["life"]
    return life


def told(service: Service, cause_id: str) -> list[dict[str, Any]]:
    """The events of a cause, in the order of the log."""
    assert isinstance(service.log, MemoryEventLog)
    found = [json.loads(each.value) for each in records(service.log, "slm.targets") if b'"cause_id"' in each.value]
    return [each for each in found if each["cause_id"] == cause_id]


async def test_one_outage_over_forty_agreements_is_one_row_and_one_acknowledgement(service: Service) -> None:
    await service.register("forty", "availability")
    agreements = [await agreed(service, "forty", number, customer(number)) for number in range(MANY)]
    await announce(service.log, enrolled("slm_customer_7", "service_level_manager", party_id=customer(7)))
    await heard(service, *agreements)
    await outage(service, "forty")
    (cause,) = await causes_about(service.provider, "forty")
    assert (cause["breaches"], cause["agreement_ids"], len(cause["customer_party_ids"])) == (
        MANY,
        sorted(agreements),
        MANY,
    )
    assert (cause["is_downtime"], cause["acknowledged_at"], cause["acknowledged_by_name"]) == (True, None, None)

    answer = (await act(service.provider, cause, "acknowledge", {"note": "seen"})).json()
    assert (sorted(answer["done"]), answer["skipped"], answer["remaining"]) == (cause["breach_ids"], [], 0)
    async with service.app.database.read() as connection:
        query = text("SELECT breach_id, step, document ->> 'note' FROM breach_step WHERE breach_id = ANY(:ids)")
        steps = (await connection.execute(query, {"ids": cause["breach_ids"]})).all()
    assert sorted(map(tuple, steps)) == [(each, "acknowledge", "seen") for each in cause["breach_ids"]]

    async def is_told() -> bool:
        assert isinstance(service.log, MemoryEventLog)
        types = [each.headers["ce_type"] for each in records(service.log, "slm.breaches")]
        return types.count("slm.monitor.breach-acknowledged.v1") == MANY

    await until(is_told)
    # A customer sees its own breach, and nothing that would let it count the others.
    own_client = service.client("slm_customer_7")
    (own,) = await causes_about(own_client, "forty")
    assert own["cause_id"] == cause["cause_id"]
    assert (own["breaches"], own["agreement_ids"], own["customer_party_ids"]) == (1, [agreements[7]], [customer(7)])
    assert (own["breach_states"]["acknowledged"], own["revision"]) == (1, 0)
    (taken,) = await causes_about(service.provider, "forty")
    (step,) = {each["by_name"] for each in (await life_of(service.provider, own["breach_ids"][0]))["steps"]}
    assert step and taken["acknowledged_by_name"] == own["acknowledged_by_name"] == step
    assert taken["acknowledged_at"] and own["is_downtime"]
    params = {"cause_id": cause["cause_id"]}
    listed = (await own_client.get("/api/v1/breaches", params=params)).json()["items"]
    assert [each["breach_id"] for each in listed] == own["breach_ids"]
    assert len((await service.provider.get("/api/v1/breaches", params=params)).json()["items"]) == MANY
    events = [each for each in told(service, cause["cause_id"]) if each["party_id"] == customer(7)]
    assert [(each["breaches"], each["customer_party_ids"]) for each in events] == [(1, [customer(7)])]


async def test_an_act_is_repeated_without_changing_anything(service: Service) -> None:
    cause = await breached(service, "cause.repeated")
    assert len((await act(service.provider, cause, "acknowledge")).json()["done"]) == 2
    again = (await act(service.provider, cause, "acknowledge")).json()
    assert (again["done"], [each["code"] for each in again["skipped"]]) == ([], ["already", "already"])
    for step, body in (("root-cause", {**ROOT_CAUSE, **PROBLEM}), ("problem-link", PROBLEM)):
        await act(service.provider, cause, step, body)
        again = (await act(service.provider, cause, step, body)).json()
        assert (again["done"], [each["code"] for each in again["skipped"]]) == ([], ["already", "already"]), step


async def test_an_act_says_which_breaches_it_skipped_and_why(service: Service) -> None:
    cause = await breached(service, "cause.skipped")
    first, second = cause["breach_ids"]
    read = await service.provider.get(f"/api/v1/breaches/{first}")
    headers = {"If-Match": read.headers["ETag"]}
    (await service.provider.post(f"/api/v1/breaches/{first}/acknowledge", headers=headers)).raise_for_status()
    answer = (await act(service.provider, cause, "root-cause", ROOT_CAUSE)).json()
    assert (answer["done"], [(each["breach_id"], each["code"]) for each in answer["skipped"]]) == (
        [first],
        [(second, "wrong-step")],
    )
    answer = (await act(service.customer, cause, "acknowledge")).json()
    assert {each["code"] for each in answer["skipped"]} == {"already", "not-your-turn"}
    assert answer["done"] == []


async def test_a_linked_problem_is_a_record_and_leaves_the_state(service: Service) -> None:
    cause = await breached(service, "cause.linked", 1)
    (breach_id,) = cause["breach_ids"]
    assert (await act(service.provider, cause, "problem-link", {"note": "n", **PROBLEM})).json()["done"] == [breach_id]
    breach = (await service.provider.get(f"/api/v1/breaches/{breach_id}")).json()
    assert (breach["state"], breach["cause_id"]) == ("open", cause["cause_id"])
    assert [(each["step"], each["linked_problem"]) for each in breach["life"]["steps"]] == [
        ("problem-link", PROBLEM["linked_problem"])
    ]
    other = {"linked_problem": {"system": "itsm", "id": "PRB-2"}}
    assert (await act(service.provider, cause, "problem-link", other)).json()["done"] == [breach_id]


async def test_urgency_falls_as_a_cause_is_handled(service: Service) -> None:
    cause = await breached(service, "cause.urgent", 1)
    seen = [cause["urgency"]]
    for step, body in (("acknowledge", None), ("root-cause", ROOT_CAUSE)):
        await act(service.provider, cause, step, body)
        seen.append((await causes_about(service.provider, "cause.urgent"))[0]["urgency"])
    (breach_id,) = cause["breach_ids"]
    read = await service.provider.get(f"/api/v1/breaches/{breach_id}")
    await service.provider.post(f"/api/v1/breaches/{breach_id}/close", headers={"If-Match": read.headers["ETag"]})
    seen.append((await causes_about(service.provider, "cause.urgent"))[0]["urgency"])
    assert seen == ["unacknowledged", "unexplained", "in_hand", "done"]
    assert await causes_about(service.provider, "cause.urgent", open="true") == []
    assert await causes_about(service.provider, "cause.urgent", state="closed")


async def test_an_outage_that_lasts_is_urgent_now(service: Service) -> None:
    await service.register("cause.now", "availability")
    await heard(service, await agreed(service, "cause.now", 0, CUSTOMER))
    item = {"indicator": "cause.now", "at": "2026-11-05T06:00:00Z", "state": "down"}
    sent = await service.measure(item)
    await service.provider.get("/api/v1/breaches", params={"min_position": sent["position"]})
    await grouped_in(service)
    (cause,) = await causes_about(service.provider, "cause.now", lasting="true")
    assert (cause["urgency"], cause["end_at"]) == ("now", None)
    sorts = {sort: await causes_about(service.provider, "cause.now", sort=sort) for sort in ("urgency", "breaches")}
    assert sorts == {"urgency": [cause], "breaches": [cause]}


async def test_pages_of_every_sort_hold_each_cause_once(service: Service) -> None:
    for name in ("cause.page-a", "cause.page-b", "cause.page-c"):
        await breached(service, name, 1)
    for sort in ("start", "breaches", "urgency"):
        whole = (await service.provider.get("/api/v1/causes", params={"sort": sort, "limit": 1_000})).json()["items"]
        found, cursor = [], None
        while not found or cursor:
            params = {"sort": sort, "limit": 2, **({"cursor": cursor} if cursor else {})}
            page = (await service.provider.get("/api/v1/causes", params=params)).json()
            found, cursor = [*found, *page["items"]], page["next"]
        assert [each["cause_id"] for each in found] == [each["cause_id"] for each in whole]


@pytest.mark.parametrize("step", ["acknowledge", "root-cause", "problem-link"])
async def test_a_stranger_finds_no_cause_and_takes_no_step(step: str, service: Service) -> None:
    cause = await breached(service, f"cause.foreign-{step}", 1)
    body = {"acknowledge": None, "root-cause": ROOT_CAUSE, "problem-link": PROBLEM}[step]
    unknown = {"cause_id": named_id(PROVIDER, "nobody")}
    answers = [await act(service.client(FOREIGN_KEY), each, step, body) for each in (cause, unknown)]
    assert [problem(each)["type"] for each in answers] == ["/problems/not-found"] * 2
    read = [await service.foreigner.get(f"/api/v1/causes/{each['cause_id']}") for each in (cause, unknown)]
    assert [each.status_code for each in read] == [404, 404]
    assert await causes_about(service.foreigner, f"cause.foreign-{step}") == []
    assert problem(await act(service.operator, cause, step, body))["status"] == 403
    assert problem(await act(service.viewer, cause, step, body))["status"] == 403


async def test_an_old_id_answers_and_names_the_new_one(service: Service) -> None:
    cause = await breached(service, "cause.moved", 1)
    await outage(service, "cause.moved", "05:00", revision=1)
    (moved,) = await causes_about(service.provider, "cause.moved")
    old = (await service.customer.get(f"/api/v1/causes/{cause['cause_id']}")).json()
    assert (old["state"], old["replaced_by"], old["breaches"]) == ("replaced", [moved["cause_id"]], 0)
    assert moved["breach_ids"] == cause["breach_ids"]
    changes = {each["party_id"]: each["change"] for each in told(service, moved["cause_id"])}
    assert changes == {PROVIDER: "moved", CUSTOMER: "moved"}
