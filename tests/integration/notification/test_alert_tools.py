"""Alerts in PagerDuty and Alertmanager, simulated here: in order, ended, repeated, without showing secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from slm_chassis.clock import SECOND, SystemClock, real_now
from slm_chassis.tables import audit
from slm_events.instants import from_text, to_text
from slm_notification.application.sending import WebhookSender
from tests.integration.notification.conftest import BREACH, CUSTOMER, DELIVERIES, ENDPOINTS, RISK, Service
from tests.integration.notification.test_coming_back import AN_HOUR, change_rows, end_pause
from tests.support.pagerduty import ROUTING_KEY, PagerDuty
from tests.support.receiver import Receiver
from tests.unit.notification.test_event_filters import sample

WITHDRAWN = "slm.monitor.breach-withdrawn.v1"
ACKNOWLEDGED = "slm.monitor.breach-acknowledged.v1"
CLEARED = "slm.monitor.risk-cleared.v1"
KEY = f"slm-breach-{sample(BREACH).data.breach_id}"
OTHER_KEY = "Z0123456789abcdefghijklmnopqrstu"


async def pager(service: Service, receiver: Receiver, **more: Any) -> tuple[PagerDuty, dict[str, Any]]:
    """Make an endpoint of a simulated PagerDuty."""
    tool = PagerDuty()
    receiver.answering = tool
    return tool, await service.make("provider", receiver.url(), kind="pagerduty", secret=ROUTING_KEY, **more)


def alerts(receiver: Receiver) -> list[dict[str, Any]]:
    return [each for request in receiver.got for each in json.loads(request.body)]


async def test_a_breach_is_triggered_acknowledged_and_resolved(service: Service, receiver: Receiver) -> None:
    tool, _ = await pager(service, receiver)
    for kind, state in ((BREACH, "triggered"), (ACKNOWLEDGED, "acknowledged"), (WITHDRAWN, "resolved")):
        await service.hear(kind)
        await service.send()
        assert tool.state(KEY) == state
    await service.hear("slm.monitor.window-closed.v1")
    assert await service.send() == 0
    assert {each["state"] for each in await service.deliveries()} == {"delivered"}


@pytest.mark.parametrize("settings", [AN_HOUR])
async def test_an_end_never_overtakes_its_beginning_while_others_go_on(service: Service, receiver: Receiver) -> None:
    tool, made = await pager(service, receiver)
    receiver.status = 500
    await service.hear(BREACH)
    assert await service.send() == 1
    await service.hear(ACKNOWLEDGED)
    await service.hear(WITHDRAWN)
    receiver.status = 200
    # The beginning waits for an hour; its end would be sent at once if nothing held it.
    await change_rows(service, "UPDATE webhook_endpoint SET failures = 0, retry_at = NULL, failing_since = NULL")
    assert await service.send() == 0
    await service.hear(RISK)
    assert await service.send() == 1
    assert tool.of.get(KEY) is None
    await change_rows(service, "UPDATE webhook_delivery SET due_at = 0 WHERE state = 'waiting'")
    assert await service.send() == 3
    assert tool.of[KEY] == ["trigger", "acknowledge", "resolve"]
    assert (await service.status(made["endpoint_id"]))["waiting"] == 0


async def test_a_beginning_that_is_being_sent_holds_its_end_and_only_that(service: Service, receiver: Receiver) -> None:
    await pager(service, receiver)
    await service.hear(BREACH)
    desk = service.worker(WebhookSender)._desk
    [first] = await desk.claim(1, 31.0)
    await service.hear(WITHDRAWN)
    await service.hear(BREACH, breach_id="another")
    [other] = await desk.claim(9, 31.0)
    assert "another" in other.body and await desk.claim(9, 31.0) == []
    await desk.release([first])
    [again] = await desk.claim(9, 31.0)
    assert again.delivery_id == first.delivery_id


async def test_events_recorded_at_one_instant_keep_the_order_of_the_log(service: Service, receiver: Receiver) -> None:
    tool, _ = await pager(service, receiver)
    now = SystemClock().now()
    for number in range(20):
        await service.append(BREACH, f"f0000000-0000-7000-8000-{99 - number:012}", now, breach_id=f"b{number}")
        await service.append(WITHDRAWN, f"a0000000-0000-7000-8000-{number:012}", now, breach_id=f"b{number}")
    await service.handle()
    await service.send()
    assert len(tool.of) == 20 and {tuple(actions) for actions in tool.of.values()} == {("trigger", "resolve")}


async def test_what_is_sent_again_ends_again(service: Service, receiver: Receiver) -> None:
    tool, made = await pager(service, receiver)
    start = SystemClock().now()
    [breach] = await service.hear(BREACH)
    await service.hear(WITHDRAWN)
    await service.send()
    [beginning] = [each for each in await service.deliveries() if each["event_id"] == breach]
    answer = await service.ask("provider", "POST", f"{DELIVERIES}/{beginning['delivery_id']}/resend")
    assert answer.status_code == 202, answer.text
    await service.send()
    assert tool.of[KEY] == ["trigger", "resolve"] * 2
    path = f"{ENDPOINTS}/{made['endpoint_id']}/replays"
    await service.ask("provider", "POST", path, json={"from": to_text(start)})
    await service.send()
    assert tool.of[KEY] == ["trigger", "resolve"] * 3


async def test_a_replay_to_a_new_endpoint_sends_the_beginning_first(service: Service, receiver: Receiver) -> None:
    start = SystemClock().now()
    await service.make("provider", receiver.url("/other"), paused=True)
    await service.hear(BREACH)
    tool, made = await pager(service, receiver)
    await service.hear(WITHDRAWN)
    await service.send()
    assert tool.of[KEY] == ["resolve"]
    path = f"{ENDPOINTS}/{made['endpoint_id']}/replays"
    replayed = await service.ask("provider", "POST", path, json={"from": to_text(start)})
    assert replayed.json()["deliveries"] == 2
    await service.send()
    assert tool.of[KEY] == ["resolve", "trigger", "resolve"]


async def test_secrets_are_in_no_answer_log_or_trail(service: Service, receiver: Receiver) -> None:
    _, made = await pager(service, receiver)
    receiver.answering = PagerDuty(OTHER_KEY)
    await service.hear(BREACH)
    await service.send()
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    said = [json.dumps(made), json.dumps(await service.deliveries())]
    assert "routing" in said[1] and made["secret"] == ""
    for what in (path, f"{path}/status", ENDPOINTS):
        said.append((await service.ask("provider", "GET", what)).text)
    body = {"title": "x", "kind": "pagerduty", "secret": ROUTING_KEY + "x"}
    said.append((await service.ask("provider", "POST", ENDPOINTS, json=body)).text)
    said.append((await service.ask("provider", "POST", ENDPOINTS, json={**body, "secret": [ROUTING_KEY]})).text)
    said.append((await service.ask("provider", "POST", f"{path}/secrets", json={"secret": OTHER_KEY + "x"})).text)
    changed = await service.ask("provider", "POST", f"{path}/secrets", json={"secret": OTHER_KEY})
    assert changed.status_code == 201, changed.text
    said.append(changed.text)
    async with service.app.database.read() as connection:
        said += [str(each) for each in await connection.execute(audit.select())]
    assert not [each for each in said if ROUTING_KEY in each or OTHER_KEY in each]
    await change_rows(service, "UPDATE webhook_delivery SET due_at = 0")
    await end_pause(service)
    await service.send()
    assert {each["state"] for each in await service.deliveries()} == {"delivered"}


async def test_a_changed_address_needs_the_secret_again(service: Service, receiver: Receiver) -> None:
    _, made = await pager(service, receiver)
    path, body = f"{ENDPOINTS}/{made['endpoint_id']}", {"title": "x", "kind": "pagerduty"}
    mine = {**body, "url": receiver.url("/mine")}
    refused = await service.ask("provider", "PUT", path, json=mine, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "secret")
    kept = await service.ask("provider", "PUT", path, json={**body, "url": made["url"]}, headers={"If-Match": "*"})
    assert kept.status_code == 200, kept.text
    given = {**mine, "secret": OTHER_KEY}
    changed = await service.ask("provider", "PUT", path, json=given, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text
    await service.hear(BREACH)
    await service.send()
    [mine] = [json.loads(each.body) for each in receiver.got if each.path == "/mine"]
    assert mine["routing_key"] == OTHER_KEY


async def test_an_endpoint_keeps_its_kind_and_a_tool_its_usual_address(service: Service) -> None:
    service.names.of["events.pagerduty.com"] = ["52.0.0.1"]
    body = {"title": "x", "kind": "pagerduty", "secret": ROUTING_KEY, "paused": True}
    made = (await service.ask("provider", "POST", ENDPOINTS, json=body)).json()
    assert made["url"] == "https://events.pagerduty.com/v2/enqueue"
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    other = {"title": "x", "url": made["url"], "kind": "webhook"}
    refused = await service.ask("provider", "PUT", path, json=other, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "kind")
    nowhere = await service.ask("provider", "POST", ENDPOINTS, json={"title": "x"})
    assert (nowhere.status_code, nowhere.json()["errors"][0]["field"]) == (422, "url")
    service.names.of["inside.example"] = ["10.0.0.1"]
    inside = {**body, "url": "https://inside.example/"}
    assert (await service.ask("provider", "POST", ENDPOINTS, json=inside)).status_code == 422


async def test_an_open_alert_is_sent_to_alertmanager_again_until_it_ends(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url(""), kind="alertmanager", secret="Bearer abc")
    await service.hear(BREACH, level="unacceptable")
    assert await service.send() == 1
    again = "UPDATE webhook_delivery SET repeat_at = 0 WHERE repeat_at IS NOT NULL"
    for _ in range(2):
        assert await service.send() == 0
        await change_rows(service, again)
        assert await service.send() == 1
    first, *_, last = alerts(receiver)
    assert first["labels"] == last["labels"] and from_text(last["endsAt"]) > from_text(first["endsAt"])
    await service.hear("slm.monitor.target-recovered.v1", breach_id=sample(BREACH).data.breach_id)
    assert await service.send() == 1
    await change_rows(service, again)
    assert await service.send() == 0
    over = alerts(receiver)[-1]
    assert over["labels"] == first["labels"] and over["labels"]["severity"] == "critical"
    assert from_text(over["endsAt"]) <= real_now() + SECOND
    assert {(each.path, each.headers["authorization"]) for each in receiver.got} == {("/api/v2/alerts", "Bearer abc")}


async def test_a_repeat_that_waits_comes_before_the_end(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url(""), kind="alertmanager")
    await service.hear(BREACH)
    await service.send()
    await change_rows(service, "UPDATE webhook_delivery SET repeat_at = 0")
    receiver.status = 503
    await service.send()
    await service.hear(WITHDRAWN)
    receiver.status = 200
    await change_rows(service, "UPDATE webhook_delivery SET due_at = 0 WHERE state = 'waiting'")
    await end_pause(service)
    receiver.got.clear()
    assert await service.send() == 2
    assert ["startsAt" in each for each in alerts(receiver)] == [True, False]


async def test_a_risk_raised_again_is_open_until_it_is_cleared_again(service: Service, receiver: Receiver) -> None:
    tool, _ = await pager(service, receiver)
    [key] = {f"slm-risk-{sample(kind).data.risk_id}" for kind in (RISK, CLEARED)}
    for revision, kind in enumerate((RISK, CLEARED, RISK, CLEARED)):
        await service.hear(kind, revision=revision // 2)
    await service.send()
    assert tool.of[key] == ["trigger", "resolve", "trigger", "resolve"]


async def test_a_customer_gets_no_alert_of_a_risk_that_is_hidden_from_it(service: Service, receiver: Receiver) -> None:
    tool = PagerDuty()
    receiver.answering = tool
    await service.make("customer", receiver.url(), kind="pagerduty", secret=ROUTING_KEY)
    await service.hear(RISK, hidden_from_party_id=CUSTOMER)
    assert await service.send() == 0
    await service.hear("slm.monitor.risk-disclosed.v1")
    await service.send()
    assert len(tool.events) == 1


async def test_a_test_event_is_an_alert_of_its_own(service: Service, receiver: Receiver) -> None:
    tool, made = await pager(service, receiver)
    known = await service.make("provider", receiver.url("/am"), kind="alertmanager")
    for each in (made, known):
        answer = await service.ask("provider", "POST", f"{ENDPOINTS}/{each['endpoint_id']}/test-events")
        assert answer.status_code == 202
    receiver.answering = lambda got: tool(got) if got.path == "/hook" else (200, b"")
    assert await service.send() == 2
    assert [each["payload"]["severity"] for each in tool.events] == ["info"]
    async with service.app.database.read() as connection:
        repeated = "SELECT count(*) FROM webhook_delivery WHERE repeat_at IS NOT NULL"
        assert await connection.scalar(text(repeated)) == 0
