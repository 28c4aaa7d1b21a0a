"""Reads over HTTP: a client sees its own writes, only what concerns its party, and lists in pages."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from tests.support.monitor import CUSTOMER, PROVIDER, available, fast, finalized, resolved
from tests.support.monitor_service import Service, problem

UP, LATENCY = "rest.up", "rest.latency"
AGREEMENT = named_id(PROVIDER, "agreement", "rest")


def named(target: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    return {
        **target,
        "target_id": named_id(PROVIDER, "target", "rest", target["key"]),
        "indicator": None if key is None else {"owner_party_id": PROVIDER, "key": key},
    }


MONTH, SHARE, CLOCK = named(available(), UP), named(fast("95"), LATENCY), named(resolved(source=["rest"]))
CLOCK["applies_to"] = {"type": "incident", "source": ["rest"]}


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.register(UP, "availability")
    await service.register(LATENCY, "value", "ms")
    await service.agree(finalized(MONTH, SHARE, CLOCK, agreement_id=AGREEMENT, agreement_key="rest"))


async def read(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/{path}", params=params)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    return document


async def walked(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    page = await read(client, path, **params)
    items: list[dict[str, Any]] = page["items"]
    while page["next"]:
        page = await read(client, path, **params, cursor=page["next"])
        items += page["items"]
    return items


def opened(ticket: str, at: str = "2026-11-05T04:00:00Z", **more: Any) -> dict[str, Any]:
    return {"source": "rest", "ticket": ticket, "event": "opened", "at": at, "type": "incident", **more}


async def tickets(service: Service, *events: dict[str, Any]) -> str:
    answer = await service.provider.post("/api/v1/ticket-events", json=list(events))
    assert answer.json()["accepted"] == len(events), answer.text
    position: str = answer.json()["position"]
    return position


async def test_a_breach_is_visible_at_the_position_of_its_cause(service: Service) -> None:
    for number in range(3):
        agreement = named_id(PROVIDER, "agreement", f"cause {number}")
        target = {**available(), "target_id": named_id(PROVIDER, "target", f"cause {number}")}
        target["indicator"] = {"owner_party_id": PROVIDER, "key": f"rest.cause-{number}"}
        await service.register(f"rest.cause-{number}", "availability")
        await service.agree(finalized(target, agreement_id=agreement, agreement_key=f"cause {number}"))
        outage = {"from": "2026-11-05T06:00:00Z", "to": "2026-11-05T09:00:00Z"}
        answer = await service.measure({"indicator": f"rest.cause-{number}", "outage": outage})
        page = await read(service.provider, "breaches", agreement_id=agreement, min_position=answer["position"])
        assert [each["certain_at"] for each in page["items"]] == ["2026-11-05T06:43:12.000000Z"]


async def test_values_and_clocks_are_there_for_whoever_asks_with_their_position(service: Service) -> None:
    for number in range(5):
        answer = await service.measure({"indicator": LATENCY, "at": f"2026-11-05T08:00:0{number}Z", "value": 100})
        path = f"targets/{SHARE['target_id']}"
        assert (await read(service.provider, path, min_position=answer["position"]))["window"]["total"] == number + 1
    position = await tickets(service, *(opened(f"many-{number}") for number in range(1_200)))
    clocks = await walked(service.provider, "clocks", target_id=CLOCK["target_id"], limit=1000, min_position=position)
    late = [clock for clock in clocks if clock["number"].startswith("many-")]
    assert len(late) == 1_200
    assert {clock["state"] for clock in late} == {"breached"}


@pytest.mark.parametrize("wrong", ["x", "m0", "m0:x", "q0:1", "m0:1;m1:2", "m²:1", "m0:" + "9" * 5000])
async def test_a_position_that_no_door_answered_is_a_problem(service: Service, wrong: str) -> None:
    answer = await service.provider.get("/api/v1/breaches", params={"min_position": wrong})
    assert problem(answer)["errors"][0]["field"] == "query.min_position"


async def test_a_position_of_an_unknown_partition_is_a_problem_at_once(service: Service) -> None:
    answer = await service.provider.get("/api/v1/breaches", params={"at_least": "m99:1"})
    assert problem(answer)["status"] == 422


async def test_a_party_sees_what_it_agreed_and_nobody_else_does(service: Service) -> None:
    position = await tickets(service, opened("seen"), opened("seen-by-owner", type="change"))
    answer = await service.measure(
        {"indicator": UP, "outage": {"from": "2026-11-05T07:00:00Z", "to": "2026-11-05T09:00:00Z"}}
    )
    both = f"{position}.{answer['position']}"
    breaches = await read(service.provider, "breaches", agreement_id=AGREEMENT, min_position=both)
    breach_id = breaches["items"][0]["breach_id"]
    paths = [
        f"targets/{MONTH['target_id']}",
        f"targets/{MONTH['target_id']}/windows",
        f"breaches/{breach_id}",
        "tickets/rest/seen",
    ]
    for path in paths:
        for client in (service.provider, service.viewer, service.customer, service.operator):
            assert (await client.get(f"/api/v1/{path}")).status_code == 200, path
        assert problem(await service.foreigner.get(f"/api/v1/{path}"))["status"] == 404
    for path in ("targets", "breaches", "risks", "clocks", "indicators"):
        assert await walked(service.foreigner, path) == []
    for path in ("targets", "breaches", "clocks"):
        assert len(await walked(service.customer, path)) == len(await walked(service.provider, path)) > 0
    assert (await read(service.customer, "tickets/rest/seen"))["events"] == []
    assert problem(await service.customer.get("/api/v1/tickets/rest/seen-by-owner"))["status"] == 404


async def test_pages_show_everything_once(service: Service) -> None:
    events = [opened(f"paged-{number}", f"2026-11-05T0{number}:00:00Z") for number in range(9)]
    position = await tickets(service, *events)
    for path, name in (("clocks", "ticket"), ("targets", "target_id"), ("breaches", "breach_id")):
        whole = [row[name] for row in await walked(service.provider, path, limit=1000, min_position=position)]
        assert [row[name] for row in await walked(service.provider, path, limit=7)] == whole
        assert len(set(whole)) == len(whole) > 2
    windows = f"targets/{MONTH['target_id']}/windows"
    assert [row["window_id"] for row in await walked(service.provider, windows, limit=1)] == ["2026-11"]


@pytest.mark.parametrize("cursor", ["x", "", "WzFd", "WyJ4IiwieSJd", "WzEsMV0", "WzE4NDQ2NzQ0MDczNzA5NTUxNjE2LDFd"])
@pytest.mark.parametrize("path", ["breaches", "clocks", "risks", "targets", "quarantine", "indicators"])
async def test_a_cursor_of_another_list_is_a_problem(service: Service, path: str, cursor: str) -> None:
    answer = await service.provider.get(f"/api/v1/{path}", params={"cursor": cursor})
    assert answer.status_code == 200 or problem(answer)["status"] == 422


@pytest.mark.parametrize("path", ["breaches", "clocks", "risks", "targets"])
async def test_filters_that_no_row_can_hold_are_no_fault_of_ours(service: Service, path: str) -> None:
    for given in ({"agreement_id": "\0"}, {"agreement_id": "no uuid"}, {"target_id": "x" * 10_000}):
        answer = await service.provider.get(f"/api/v1/{path}", params=given)
        assert answer.status_code == 200 or problem(answer)


async def test_an_indicator_is_registered_once_and_never_redefined(service: Service) -> None:
    given = {"key": "rest.once", "kind": "value", "unit": "ms"}
    answers = [await service.provider.post("/api/v1/indicators", json=given) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    document = problem(await service.provider.post("/api/v1/indicators", json={**given, "unit": "s"}))
    assert document["status"] == 409
    assert [(error["field"], error["value"]) for error in document["errors"]] == [("unit", "s")]
    assert (await service.customer.post("/api/v1/indicators", json=given)).status_code == 201


async def test_an_indicator_is_read_by_its_key_within_its_party(service: Service) -> None:
    path = "/api/v1/indicators/rest.read%20me"
    for client, unit in ((service.provider, "ms"), (service.customer, "s")):
        given = {"key": "rest.read me", "kind": "value", "unit": unit}
        (await client.post("/api/v1/indicators", json=given)).raise_for_status()
    (listed,) = [each for each in await walked(service.provider, "indicators") if each["key"] == "rest.read me"]
    for client in (service.provider, service.viewer):
        assert (await client.get(path)).json() == listed
    assert (await service.customer.get(path)).json()["unit"] == "s"
    assert (await service.operator.get(path, params={"owner_party_id": PROVIDER})).json() == listed
    # Who belongs to no party has to say whose indicator is meant.
    assert problem(await service.operator.get(path))["errors"][0]["field"] == "query.owner_party_id"
    for answer in (
        await service.foreigner.get(path),
        await service.customer.get(path, params={"owner_party_id": PROVIDER}),
        await service.provider.get("/api/v1/indicators/none"),
        await service.provider.get("/api/v1/indicators/rest%2Fread"),
    ):
        assert problem(answer)["status"] == 404


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"key": "a/b", "kind": "value"}, 422),
        ({"key": "", "kind": "value"}, 422),
        ({"key": "a\0", "kind": "value"}, 422),
        ({"key": "k" * 201, "kind": "value"}, 422),
        ({"key": "x", "kind": "magic"}, 422),
        ({"key": "x", "kind": "value", "unit": "\0"}, 422),
        ({"key": "x", "kind": "value", "owner_party_id": "another"}, 422),
        ({"key": "x", "kind": "value", "owner_party_id": CUSTOMER}, 404),
        ({"key": "x", "kind": "value", "colour": "red"}, 422),
        ([], 422),
    ],
)
async def test_an_indicator_that_cannot_be_is_a_problem(service: Service, given: Any, status: int) -> None:
    assert problem(await service.provider.post("/api/v1/indicators", json=given))["status"] == status


async def test_who_only_looks_registers_and_imports_nothing(service: Service) -> None:
    for path in ("indicators", "imports"):
        assert problem(await service.viewer.post(f"/api/v1/{path}", json={}))["status"] == 403


async def test_an_import_holds_until_it_completes(service: Service) -> None:
    given = {"key": "history", "sources": ["rest-history"]}
    answer = await service.provider.post("/api/v1/imports", json=given)
    first = answer.json()
    assert (answer.status_code, first["state"]) == (201, "open")
    path = f"/api/v1/imports/{first['import_id']}"
    assert problem(await service.foreigner.get(path))["status"] == 404
    assert problem(await service.foreigner.post(f"{path}/complete"))["status"] == 404
    # The other side of an agreement that judges these tickets sees the import, and cannot end it.
    assert (await service.customer.get(path)).json()["state"] == "open"
    for answer in (await service.customer.post(f"{path}/complete"), await service.customer.delete(path)):
        assert problem(answer)["status"] == 403
    again = await service.provider.post("/api/v1/imports", json=given)
    assert again.json()["import_id"] == first["import_id"]
    for _ in range(2):
        assert (await service.provider.post(f"{path}/complete")).status_code == 202
    states = [(await service.provider.get(path)).json()["state"]]
    while states[-1] != "judged":
        states.append((await service.provider.get(path)).json()["state"])
    assert states[0] in ("completing", "judged")
    assert (await service.provider.post("/api/v1/imports", json=given)).json()["state"] == "judged"
    other = await service.provider.post("/api/v1/imports", json={**given, "sources": ["rest-other"]})
    assert problem(other)["status"] == 409


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 422),
        ({"sources": ["desk"], "owner_party_id": "another"}, 422),
        ({"sources": ["desk"], "owner_party_id": CUSTOMER}, 404),
        ({"sources": ["desk"], "through": "2027-01-01T00:00:00Z"}, 422),
        ({"sources": ["desk"], "through": "yesterday"}, 422),
        ({"sources": ["\0"]}, 422),
        ({"sources": "desk"}, 422),
        ({"sources": ["desk"], "key": "k" * 201}, 422),
    ],
)
async def test_an_import_that_cannot_be_is_a_problem(service: Service, given: Any, status: int) -> None:
    assert problem(await service.provider.post("/api/v1/imports", json=given))["status"] == status
