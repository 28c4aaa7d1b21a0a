"""Hooks on a real database: tools call them, each proves itself in its way, and every call counts once."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from slm_mappings.connectors import SHIPPED, read_connectors
from slm_monitor.domain.hooks.hooks import HookAuthentication
from slm_monitor.domain.hooks.signatures import proof_of
from tests.support.monitor_service import Service, migrated_database, problem, serving

HOOKS, PREVIEWS = "/api/v1/hooks", "/api/v1/hook-previews"
CONNECTORS = read_connectors(SHIPPED)
SECRET = "the secret that nobody may see"


@pytest.fixture(scope="module", autouse=True)
async def registered(service: Service) -> None:
    await service.register("checkout", "availability")


def example(connector: str, name: str) -> bytes:
    return CONNECTORS[connector].examples[name].encode()


async def hook(service: Service, connector: str, **given: Any) -> dict[str, Any]:
    body = {"title": f"{connector} of a test", "connector": connector, "secret": SECRET, **given}
    answer = await service.provider.post(HOOKS, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def proven(made: dict[str, Any], body: bytes, secret: str = SECRET) -> dict[str, str]:
    way = HookAuthentication(**made["authentication"])
    return {way.header: proof_of(way, secret, body), "Content-Type": "application/json"}


async def call(service: Service, made: dict[str, Any], body: bytes, **headers: str) -> httpx.Response:
    is_in_address = made["authentication"]["kind"] == "query"
    params = {"secret": SECRET} if is_in_address and not headers else {}
    sent = headers or proven(made, body)
    return await service.client("").post(made["path"], content=body, headers=sent, params=params)


async def ticket(service: Service, source: str, number: str, receipt: dict[str, Any]) -> dict[str, Any]:
    position = next((each["position"] for each in receipt["tickets"] if each["position"]), "")
    answer = await service.provider.get(f"/api/v1/tickets/{source}/{number}", params={"min_position": position})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


STORIES = {
    "zammad": {
        "opened": "opened state_changed",
        "waiting": "first_response state_changed",
        "closed": "closed state_changed",
    },
    "jira-service-management": {
        "created": "opened",
        "waiting": "assigned state_changed",
        "resolved": "resolved state_changed",
    },
    "servicenow": {
        "opened": "opened state_changed",
        "on-hold": "state_changed",
        "resolved": "resolved state_changed",
        "reopened": "reopened",
    },
    "pagerduty": {
        "triggered": "opened state_changed",
        "acknowledged": "first_response",
        "resolved": "resolved",
    },
}
NUMBERS = {
    "zammad": "21007",
    "jira-service-management": "SD-17",
    "servicenow": "INC0010042",
    "pagerduty": "Q1T0V4WBXZ",
}


@pytest.mark.parametrize("connector", STORIES)
async def test_a_ticket_is_followed_and_a_repeated_call_changes_nothing(service: Service, connector: str) -> None:
    made = await hook(service, connector, source=f"story-{connector}")
    number, steps = NUMBERS[connector], STORIES[connector]
    seen: list[str] = []
    for name, wanted in steps.items():
        answer = await call(service, made, example(connector, name))
        assert answer.status_code == 202, answer.text
        [taken] = answer.json()["tickets"]
        assert (name, " ".join(sorted(each["event"] for each in taken["events"]))) == (name, wanted)
        seen += wanted.split()
    before = await ticket(service, f"story-{connector}", number, answer.json())
    assert sorted(each["event"] for each in before["events"]) == sorted(seen)
    for name in steps:
        again = await call(service, made, example(connector, name))
        assert (again.status_code, [each["events"] for each in again.json()["tickets"]]) == (202, [[]])
    assert (await ticket(service, f"story-{connector}", number, again.json()))["events"] == before["events"]


async def test_an_alert_is_an_outage_and_its_end_wins_in_any_order(service: Service) -> None:
    made = await hook(service, "alertmanager")
    for name in ("firing", "resolved", "firing"):
        answer = await call(service, made, example("alertmanager", name))
        assert (answer.status_code, answer.json()["accepted"], answer.json()["quarantined"]) == (202, 1, 0)
    await asyncio.sleep(0.5)
    [known] = [
        each
        for each in (await service.provider.get("/api/v1/indicators", params={"with_last": True})).json()["items"]
        if each["key"] == "checkout"
    ]
    assert known["last_fact_at"] == "2026-11-05T08:25:00.500000Z", known


async def test_the_status_of_a_component_holds_until_it_changes_however_often_it_is_told(service: Service) -> None:
    await service.register("checkout-api", "availability")
    made = await hook(service, "statuspage")
    for name in ("down", "up", "down", "up", "incident"):
        answer = await call(service, made, example("statuspage", name))
        assert (answer.status_code, answer.json()["errors"]) == (202, []), name
        assert answer.json()["outcome"] == ("ignored" if name == "incident" else "accepted"), name
    await asyncio.sleep(0.5)
    items = (await service.provider.get("/api/v1/indicators", params={"with_last": True})).json()["items"]
    [known] = [each for each in items if each["key"] == "checkout-api"]
    assert known["last_fact_at"] == "2026-11-05T08:41:07.000000Z", known


async def test_one_record_that_cannot_be_read_keeps_no_other_waiting(service: Service) -> None:
    await service.register("healthy", "availability")
    made = await hook(service, "alertmanager")
    payload = json.loads(example("alertmanager", "firing"))
    good = payload["alerts"][0]
    healthy = {**good, "labels": {**good["labels"], "service": "healthy"}}
    unnamed = healthy | {"labels": {"service": "x" * 500}}
    bad = [healthy | {"startsAt": "soon"}, unnamed, healthy | {"fingerprint": "\0"}]
    payload["alerts"] = [bad[0], healthy, *bad[1:]]
    answer = await call(service, made, json.dumps(payload).encode())
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
    fields = [each["field"] for each in answer.json()["errors"]]
    assert fields[:2] == ["payload.record 1, startsAt", "payload.record 3, labels.service"]
    assert len(fields) == 3 and fields[2].startswith("healthy"), fields


async def test_an_alert_of_an_indicator_is_read_again_once_it_is_registered(service: Service) -> None:
    made = await hook(service, "alertmanager")
    body = example("alertmanager", "firing").replace(b"checkout", b"registered-late")
    [error] = problem(await call(service, made, body))["errors"]
    assert error["field"] == "registered-late.indicator"
    assert error["remedy"].startswith("register it first")
    await service.register("registered-late", "availability")
    [refused] = (await service.provider.get(f"{made['path']}/calls")).json()["items"]
    again = await service.provider.post(f"{made['path']}/calls/{refused['call_id']}/repeat")
    assert (again.status_code, again.json()["accepted"]) == (202, 1)


@pytest.mark.parametrize("connector", CONNECTORS)
async def test_only_the_tool_is_heard(service: Service, connector: str) -> None:
    made = await hook(service, connector, source="forged")
    body = next(iter(CONNECTORS[connector].examples.values())).encode()
    header = made["authentication"]["header"]
    wrong = [
        {"X-Nothing": "sent"},
        {header: ""},
        proven(made, body, secret=SECRET[:-1]),
        {header: "sha256=" + "0" * 64},
        {header: "v1=" + "0" * 64 + "," + "x" * 70_00},
        {header: "Basic !!!"},
        {header: "Bearer"},
        {"Authorization": "Bearer slm_provider"},
    ]
    if made["authentication"]["kind"] == "query":
        for secret in ("", SECRET[:-1], SECRET + "x", f"Bearer {SECRET}"):
            answer = await service.client("").post(made["path"], content=body, params={"secret": secret})
            assert (answer.status_code, problem(answer)["type"]) == (401, "/problems/wrong-signature"), secret
            assert SECRET not in answer.text
        wrong += [{header: SECRET}, {header: f"Bearer {SECRET}"}]
    if made["authentication"]["kind"].startswith("hmac"):
        wrong.append({header: proven(made, body + b" ")[header]})
    for headers in wrong:
        answer = await call(service, made, body, **headers)
        assert (answer.status_code, problem(answer)["type"]) == (401, "/problems/wrong-signature"), headers
    assert (await call(service, made, body)).status_code == 202


async def test_a_secret_is_shown_once_and_replaced_with_an_overlap(service: Service, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    made = await hook(service, "zammad", source="rotated")
    assert made["secret"] == SECRET
    body = example("zammad", "opened")
    assert (await call(service, made, body)).status_code == 202
    later = await service.provider.post(f"{made['path']}/secrets", json={"overlap_seconds": 60})
    assert later.status_code == 201
    for secret in (SECRET, later.json()["secret"]):
        assert (await call(service, made, body, **proven(made, body, secret))).status_code == 202
    last = (await service.provider.post(f"{made['path']}/secrets", json={"overlap_seconds": 0})).json()["secret"]
    for secret, status in ((SECRET, 401), (later.json()["secret"], 401), (last, 202)):
        assert (await call(service, made, body, **proven(made, body, secret))).status_code == status
    read = [made["path"], HOOKS, f"{made['path']}/calls"]
    texts = [(await service.provider.get(path)).text for path in read]
    for secret in (SECRET, later.json()["secret"], last):
        assert not any(secret in text for text in texts)
        assert secret not in caplog.text
    shown = (await service.provider.get(made["path"])).json()["secrets"]
    assert [each["ends_at"] is None for each in shown] == [True, False, False]


async def test_secrets_are_made_without_idempotency_key(service: Service) -> None:
    given = {"title": "Twice", "connector": "zammad"}
    answer = await service.provider.post(HOOKS, json=given, headers={"Idempotency-Key": "hook-1"})
    assert problem(answer)["type"] == "/problems/no-idempotency-here"


async def test_what_is_wrong_names_field_value_and_remedy(service: Service) -> None:
    made = await hook(service, "zammad", source="wrong")
    body = example("zammad", "opened").replace(b'"state": "new"', b'"state": "on fire"')
    refused = problem(await call(service, made, body))
    assert refused["type"] == "/problems/not-mapped"
    [error] = refused["errors"]
    assert (error["field"], error["value"]) == ("payload.ticket.state", "on fire")
    assert error["remedy"].startswith("states does not list it")
    late = body.replace(b"on fire", b"new").replace(b'"updated_at": "2026-11-05', b'"updated_at": "2036-11-05')
    [error] = problem(await call(service, made, late))["errors"]
    assert error["field"] == "21007.at"
    for text in (b"{", b"[" * 5_000, b"\xff\xfe", b'"text"', b'{"ticket": {"number": "1"}}'):
        answer = await call(service, made, text)
        assert answer.status_code in (400, 422), (text, answer.text)
        problem(answer)
    huge = json.dumps({"ticket": {"x": "y" * (1 << 20)}}).encode()
    assert (await call(service, made, huge)).status_code == 413


async def test_a_payload_larger_than_those_of_strangers_is_read(service: Service) -> None:
    made = await hook(service, "zammad", source="large")
    payload = json.loads(example("zammad", "opened"))
    payload["article"]["body"] = "long " * 40_000
    answer = await call(service, made, json.dumps(payload).encode())
    assert answer.status_code == 202, answer.text


async def test_a_mended_mapping_reads_a_refused_call_again(service: Service) -> None:
    made = await hook(service, "zammad", source="mended")
    body = example("zammad", "opened").replace(b'"state": "new"', b'"state": "on fire"')
    assert (await call(service, made, body)).status_code == 422
    [refused] = (await service.provider.get(f"{made['path']}/calls")).json()["items"]
    assert (refused["outcome"], refused["status"], refused["payload"]) == ("refused", 422, body.decode())
    read = await service.provider.get(made["path"])
    mapping = made["mapping"].replace("  new: {state: new}\n", "  new: {state: new}\n  on fire: {state: new}\n")
    headers = {"If-Match": read.headers["ETag"]}
    assert (await service.provider.patch(made["path"], json={"mapping": mapping}, headers=headers)).status_code == 200
    again = await service.provider.post(f"{made['path']}/calls/{refused['call_id']}/repeat")
    assert (again.status_code, again.json()["tickets"][0]["number"]) == (202, "21007")
    stale = await service.provider.patch(made["path"], json={"paused": True}, headers=headers)
    assert stale.status_code == 412


async def test_a_hook_is_paused_and_removed(service: Service) -> None:
    made = await hook(service, "zammad", source="paused")
    body, headers = example("zammad", "opened"), {"If-Match": "*"}
    assert (await service.provider.patch(made["path"], json={"paused": True}, headers=headers)).json()["paused"]
    assert problem(await call(service, made, body))["type"] == "/problems/hook-paused"
    assert not (await service.provider.patch(made["path"], json={"paused": False}, headers=headers)).json()["paused"]
    assert (await call(service, made, body)).status_code == 202
    assert (await service.provider.delete(made["path"])).status_code == 204
    assert (await call(service, made, body)).status_code == 404
    assert (await service.provider.get(f"{made['path']}/calls")).status_code == 404


async def test_the_log_keeps_the_last_calls_and_fewer_payloads(service: Service) -> None:
    made = await hook(service, "jira-service-management", source="logged")
    body = example("jira-service-management", "comment")
    for number in range(105):
        sent = body if number % 4 else body + b" "
        headers = proven(made, body) if number % 4 else {"X-Hub-Signature": "sha256=00"}
        await call(service, made, sent, **headers)
    items = (await service.provider.get(f"{made['path']}/calls")).json()["items"]
    outcomes = [each["outcome"] for each in items]
    assert (outcomes.count("unsigned"), outcomes.count("ignored")) == (20, 78)
    kept = [place for place, each in enumerate(items) if each["payload"] is not None]
    assert len(kept) == 20
    assert all(items[place]["outcome"] == "ignored" for place in kept)
    assert [each["at"] for each in items] == sorted((each["at"] for each in items), reverse=True)


async def test_the_list_tells_the_last_call_of_each_hook(service: Service) -> None:
    made, idle = await hook(service, "zammad", source="called"), await hook(service, "zammad", source="idle")
    await call(service, made, example("zammad", "opened"))
    await call(service, made, b"{}")
    calls = (await service.provider.get(f"{made['path']}/calls")).json()["items"]
    assert [each["outcome"] for each in calls] == ["refused", "accepted"]
    items = (await service.provider.get(HOOKS, params={"limit": 1000})).json()["items"]
    told = {each["hook_id"]: each["last_call"] for each in items}
    assert told[made["hook_id"]] == {name: calls[0][name] for name in ("call_id", "at", "status", "outcome")}
    assert told[idle["hook_id"]] is None


async def test_a_test_event_is_read_and_noted_and_no_ticket_comes_of_it(service: Service) -> None:
    made = await hook(service, "zammad", source="tried")
    answer = await service.provider.post(f"{made['path']}/tests")
    assert (answer.status_code, answer.json()["errors"]) == (200, [])
    assert [each["number"] for each in answer.json()["tickets"]] == ["21007"]
    [noted] = (await service.provider.get(f"{made['path']}/calls")).json()["items"]
    assert (noted["outcome"], noted["call_id"]) == ("test", answer.json()["call_id"])
    assert (await service.provider.get("/api/v1/tickets/tried/21007")).status_code == 404
    assert (await service.provider.post(f"{made['path']}/calls/{noted['call_id']}/repeat")).status_code == 404


async def test_a_mapping_is_tried_on_a_pasted_payload(service: Service) -> None:
    given = {"connector": "zammad", "payload": json.loads(example("zammad", "waiting"))}
    read = (await service.viewer.post(PREVIEWS, json=given)).json()
    [shown] = read["tickets"]
    assert (shown["state"], shown["instants"]["first_response"]) == ("pending", "2026-11-05T08:12:00.000000Z")
    assert shown["attributes"]["priority"] == "P1"
    wrong = {"mapping": "kind: tickets\nsource: a/b\n", "payload": "{}"}
    errors = problem(await service.provider.post(PREVIEWS, json=wrong))["errors"]
    assert {"mapping.source", "mapping.records", "mapping.columns"} <= {each["field"] for each in errors}
    text = (await service.provider.post(PREVIEWS, json={**given, "payload": "{]"})).json()
    assert text["errors"][0]["field"] == "payload"
    assert (await service.operator.post(PREVIEWS, json=given)).status_code == 403


async def test_a_hook_is_of_one_party_and_made_by_those_who_may(service: Service) -> None:
    made = await hook(service, "zammad", source="owned")
    path = made["path"]
    for client in (service.foreigner, service.customer):
        assert (await client.get(path)).status_code == 404
        assert (await client.get(f"{path}/calls")).status_code == 404
        assert (await client.delete(path)).status_code == 404
        assert (await client.post(f"{path}/tests")).status_code == 404
        assert (await client.post(f"{path}/secrets", json={})).status_code == 404
        assert made["hook_id"] not in (await client.get(HOOKS)).text
    assert (await service.viewer.get(path)).status_code == 200
    given = {"title": "Mine", "connector": "zammad"}
    assert problem(await service.viewer.post(HOOKS, json=given))["type"] == "/problems/missing-role"
    assert problem(await service.operator.post(HOOKS, json=given))["type"] == "/problems/no-party"
    unknown = problem(await service.provider.post(HOOKS, json={**given, "connector": "nothing"}))
    assert "zammad" in unknown["errors"][0]["remedy"]


async def test_hooks_are_listed_in_pages(service: Service) -> None:
    made = [await hook(service, "zammad", title=f"Page {number}") for number in range(3)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await service.provider.get(HOOKS, params=query)).json()
        seen += [each["hook_id"] for each in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) == len(set(seen))
    assert [each["hook_id"] for each in made] == seen[-3:]
    names = [each["name"] for each in (await service.viewer.get("/api/v1/connectors")).json()["items"]]
    assert names == list(CONNECTORS)


async def test_calls_of_one_party_wait_for_one_another_and_never_for_those_of_others(service: Service) -> None:
    made = await hook(service, "jira-service-management", source="many")
    wide = json.loads(example("jira-service-management", "created"))
    wide["issue"]["fields"]["labels"] = ["x"] * 50_000
    body = json.dumps(wide).encode()
    answers = await asyncio.gather(*(call(service, made, body) for _ in range(60)))
    statuses = {each.status_code for each in answers}
    assert statuses <= {202, 429}, statuses
    assert 202 in statuses
    assert 429 in statuses
    assert (await call(service, made, example("jira-service-management", "created"))).status_code == 202


async def test_a_tool_of_a_folder_is_called_like_the_others(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "zammad", tmp_path / "acme-desk")
    (tmp_path / "acme-desk" / "connector.yaml").write_text(
        "title: Acme Desk\nauthentication: {kind: bearer, header: X-Acme-Token}\n"
    )
    async with serving(await migrated_database(), connectors=tmp_path) as own:
        made = await hook(own, "acme-desk")
        answer = await call(own, made, example("zammad", "opened"), **{"X-Acme-Token": SECRET})
        assert (answer.status_code, answer.json()["tickets"][0]["number"]) == (202, "21007")
        for sent in (SECRET[1:], "Bearer", f"Basic {SECRET}"):
            assert (await call(own, made, b"{}", **{"X-Acme-Token": sent})).status_code == 401
