"""Events become deliveries, and deliveries are sent: each once, again after failures, and never to others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from slm_chassis.clock import SECOND, SystemClock
from slm_chassis.subscriptions import Subscriptions
from slm_events.instants import to_text
from slm_notification import bootstrap
from slm_notification.application.sending import WebhookSender
from slm_notification.settings import NotificationSettings
from tests.integration.notification.conftest import BREACH, CUSTOMER, DELIVERIES, ENDPOINTS, RISK, Service
from tests.support.receiver import Receiver
from tests.support.service import until


async def test_each_party_gets_its_events_signed_and_a_stranger_nothing(service: Service, receiver: Receiver) -> None:
    made = {who: await service.make(who, receiver.url(f"/{who}")) for who in ("provider", "customer", "stranger")}
    [breach] = await service.hear(BREACH)
    [risk] = await service.hear(RISK, hidden_from_party_id=CUSTOMER)
    assert await service.send() == 3
    got = {who: {each.event["id"] for each in receiver.got if each.path == f"/{who}"} for who in made}
    assert got == {"provider": {breach, risk}, "customer": {breach}, "stranger": set()}
    for each in receiver.got:
        assert each.is_signed_with(made[each.path[1:]]["secret"])
        assert each.headers["content-type"] == "application/cloudevents+json"
    assert not any(each.is_signed_with(made["stranger"]["secret"]) for each in receiver.got)


async def test_an_event_that_is_read_twice_is_sent_once(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url())
    [event_id] = await service.hear(BREACH)
    await service.append(BREACH, event_id)
    await service.handle()
    assert await service.send() == 1
    await service.worker(Subscriptions).close()


async def test_events_of_before_are_not_sent(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url())
    await service.hear(BREACH, at=SystemClock().now() - 60 * SECOND)
    assert await service.send() == 0


async def test_a_delivery_is_repeated_under_its_id_until_it_is_accepted(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url())
    receiver.status, receiver.answer = 503, b"busy \x00 now" + b"x" * 5_000
    await service.hear(BREACH)
    await service.send()
    [delivery] = await service.deliveries()
    assert (delivery["state"], delivery["status"], delivery["delivered_at"]) == ("waiting", 503, None)
    assert delivery["excerpt"].startswith("busy � now") and len(delivery["excerpt"]) == 200
    receiver.status = 204
    await until(lambda: sent_again(service))
    [delivery] = await service.deliveries()
    assert (delivery["state"], delivery["attempts"], delivery["problem"]) == ("delivered", len(receiver.got), "")
    assert receiver.counts() == {delivery["delivery_id"]: len(receiver.got)}


async def sent_again(service: Service) -> bool:
    await service.send()
    return all(each["state"] == "delivered" for each in await service.deliveries())


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(service: Service, receiver: Receiver, status: int) -> None:
    await service.make("provider", receiver.url())
    receiver.status, receiver.headers = status, {"Location": receiver.url("/elsewhere")}
    await service.hear(BREACH)
    await service.send()
    assert {each.path for each in receiver.got} == {"/hook"}
    [delivery] = await service.deliveries()
    assert (delivery["state"], delivery["status"]) == ("waiting", status)


async def test_a_slow_or_absent_receiver_is_a_failure_in_words(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url())
    receiver.pause = 5.0
    await service.hear(BREACH)
    await service.send()
    assert (await service.deliveries())[0]["problem"] == "No answer within 0.5 seconds."
    await receiver.stop()
    await until(lambda: absent(service))


async def absent(service: Service) -> bool:
    await service.send()
    return bool((await service.deliveries())[0]["problem"].startswith("No connection"))


async def test_410_ends_the_endpoint_until_it_is_changed(service: Service, receiver: Receiver) -> None:
    made = await service.make("provider", receiver.url())
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    receiver.status = 410
    await service.hear(BREACH, 10)
    await service.send()
    shown = await service.ask("provider", "GET", path)
    assert (shown.json()["state"], "410" in shown.json()["state_reason"]) == ("gone", True)
    assert {each["state"] for each in await service.deliveries()} == {"failed"}
    await service.hear(BREACH)
    assert len(await service.deliveries()) == 10
    refused = await service.ask("provider", "POST", f"{path}/test-events")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/endpoint-gone")
    receiver.status = 200
    body = {"title": "Back", "url": receiver.url()}
    await service.ask("provider", "PUT", path, json=body, headers={"If-Match": shown.headers["etag"]})
    await service.hear(BREACH)
    assert await service.send() == 1


@pytest.mark.parametrize("settings", [{"give_up_hours": 0.0001, "first_retry_seconds": 0.1}])
async def test_an_endpoint_that_fails_for_long_is_suspended_and_goes_on_when_told_to(
    service: Service, receiver: Receiver
) -> None:
    made = await service.make("provider", receiver.url())
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    await receiver.stop()
    await service.hear(BREACH, 3)

    async def suspended() -> bool:
        await service.send()
        return bool((await service.ask("provider", "GET", path)).json()["state"] == "suspended")

    await until(suspended)
    status = await service.status(made["endpoint_id"])
    assert status["failing_since"] is not None and status["waiting"] + status["failed"] == 3
    assert await service.send() == 0
    await service.hear(BREACH)
    await receiver.start()
    read = await service.ask("provider", "GET", path)
    body = {"title": "Back", "url": receiver.url()}
    assert (await service.ask("provider", "PUT", path, json=body, headers={"If-Match": read.headers["etag"]})).json()[
        "state"
    ] == "active"
    await until(lambda: nothing_waits(service, made["endpoint_id"]))
    assert (await service.status(made["endpoint_id"]))["failing_since"] is None
    assert {each["state"] for each in await service.deliveries()} <= {"delivered", "failed"}


async def nothing_waits(service: Service, endpoint_id: str) -> bool:
    await service.send()
    return not (await service.status(endpoint_id))["waiting"]


async def test_a_paused_endpoint_keeps_what_comes_until_it_goes_on(service: Service, receiver: Receiver) -> None:
    made = await service.make("provider", receiver.url(), paused=True)
    await service.hear(BREACH, 5)
    assert await service.send() == 0
    body = {"title": "On", "url": receiver.url()}
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    await service.ask("provider", "PUT", path, json=body, headers={"If-Match": "*"})
    assert await service.send() == 5


@pytest.mark.parametrize("settings", [{"attempt_seconds": 60.0, "parallel": 3}])
async def test_an_endpoint_has_few_requests_at_once_and_a_slow_one_delays_no_other(
    service: Service, receiver: Receiver
) -> None:
    await service.make("provider", receiver.url("/slow"))
    await service.make("provider", receiver.url("/fast"))
    receiver.slow_paths["/slow"] = 50.0
    await service.hear(BREACH, 20)
    sender = asyncio.create_task(service.worker(WebhookSender).run())
    try:
        await until(lambda: arrived(receiver, "/fast", 20), 40.0)
        await until(lambda: arrived(receiver, "/slow", 3), 40.0)
        await asyncio.sleep(0.5)
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
    assert receiver.most["/slow"] == 3 and receiver.most["/fast"] <= 3
    assert max(receiver.counts().values()) == 1


async def arrived(receiver: Receiver, path: str, count: int) -> bool:
    return sum(each.path == path for each in receiver.got) >= count


@pytest.mark.parametrize("settings", [{"attempt_seconds": 5.0}])
async def test_two_replicas_share_the_work_and_send_nothing_twice(
    service: Service, receiver: Receiver, settings: dict[str, Any], database_url: str
) -> None:
    own = NotificationSettings(database_url=database_url, allowed_networks="127.0.0.0/8", **settings)
    other = await bootstrap.build(own, service.log, SystemClock(), resolve=service.names)
    receiver.pause = 0.02
    for number in range(5):
        await service.make("provider", receiver.url(f"/{number}"))
    await service.hear(BREACH, 60)
    senders = [service.worker(WebhookSender), next(each for each in other.workers if isinstance(each, WebhookSender))]
    tasks = [asyncio.create_task(each.run()) for each in senders]
    try:
        await until(lambda: everything(receiver, 300), 60.0)
        await asyncio.sleep(0.5)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await other.database.close()
    assert set(receiver.counts().values()) == {1}
    assert max(receiver.most.values()) <= 4


async def everything(receiver: Receiver, count: int) -> bool:
    return len(receiver.counts()) >= count


@pytest.mark.parametrize("settings", [{"first_retry_seconds": 3.0}])
async def test_while_an_endpoint_fails_it_gets_one_request_and_then_everything(
    service: Service, receiver: Receiver
) -> None:
    made = await service.make("provider", receiver.url())
    receiver.status = 500
    await service.hear(BREACH, 40)
    await service.send()
    assert len(receiver.got) <= 4
    assert await service.send() == 0
    receiver.status = 200
    await until(lambda: nothing_waits(service, made["endpoint_id"]))
    assert len(receiver.counts()) == 40


async def test_one_is_sent_again_and_others_are_replayed_from_an_instant(service: Service, receiver: Receiver) -> None:
    made = await service.make("provider", receiver.url(), event_types=[BREACH])
    early = await service.hear(BREACH, 2)
    between = SystemClock().now()
    late = await service.hear(BREACH, 3)
    await service.hear(RISK)
    await service.send()
    assert len(receiver.got) == 5
    first = receiver.got[0].webhook_id
    answer = await service.ask("provider", "POST", f"{DELIVERIES}/{first}/resend")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    await service.send()
    assert receiver.got[-1].webhook_id == first
    receiver.got.clear()
    path = f"{ENDPOINTS}/{made['endpoint_id']}/replays"
    replayed = (await service.ask("provider", "POST", path, json={"from": to_text(between)})).json()
    assert (replayed["deliveries"], replayed["complete"]) == (3, True)
    await service.send()
    assert {each.event["id"] for each in receiver.got} == set(late)
    receiver.got.clear()
    bounds = {"from": to_text(between - 60 * SECOND), "until": to_text(between)}
    assert (await service.ask("provider", "POST", path, json=bounds)).json()["deliveries"] == 2
    await service.send()
    assert {each.event["id"] for each in receiver.got} == set(early)
    wrong = await service.ask("provider", "POST", path, json={"from": "2999-01-01T00:00:00Z"})
    assert wrong.status_code == 422


async def test_a_replay_reaches_a_new_endpoint_of_the_party_and_no_other_party(
    service: Service, receiver: Receiver
) -> None:
    await service.make("provider", receiver.url("/first"))
    await service.hear(RISK, 1, hidden_from_party_id=CUSTOMER)
    await service.hear(BREACH, 1)
    new = {who: await service.make(who, receiver.url(f"/{who}")) for who in ("provider", "customer", "stranger")}
    counts = {}
    for who, made in new.items():
        path = f"{ENDPOINTS}/{made['endpoint_id']}/replays"
        answer = await service.ask(who, "POST", path, json={"from": "2026-01-01T00:00:00Z"})
        counts[who] = answer.json()["deliveries"]
    # The breach was kept for the provider; the customer may see it. It may not see the risk.
    assert counts == {"provider": 2, "customer": 1, "stranger": 0}


async def test_a_test_event_goes_to_its_endpoint_alone(service: Service, receiver: Receiver) -> None:
    made = await service.make("provider", receiver.url("/a"), event_types=[BREACH])
    await service.make("provider", receiver.url("/b"))
    answer = await service.ask("provider", "POST", f"{ENDPOINTS}/{made['endpoint_id']}/test-events")
    assert answer.status_code == 202
    await service.send()
    [got] = receiver.got
    assert (got.path, got.event["type"]) == ("/a", "slm.notification.webhook-tested.v1")
    assert got.webhook_id == answer.json()["delivery_id"] and got.is_signed_with(made["secret"])
    read = await service.ask("viewer", "GET", f"{DELIVERIES}/{got.webhook_id}")
    assert (read.json()["state"], read.json()["excerpt"]) == ("delivered", "thanks")


async def test_deliveries_are_listed_by_filter_and_hidden_from_others(service: Service, receiver: Receiver) -> None:
    made = await service.make("provider", receiver.url())
    await service.hear(BREACH, 2)
    await service.hear(RISK)
    await service.send()
    assert len(await service.deliveries("viewer")) == 3
    assert len(await service.deliveries(event_type=BREACH)) == 2
    assert len(await service.deliveries(endpoint_id=made["endpoint_id"], state="delivered")) == 3
    assert await service.deliveries(state="waiting") == []
    for who in ("customer", "stranger"):
        assert await service.deliveries(who) == []
        delivery_id = receiver.got[0].webhook_id
        assert (await service.ask(who, "GET", f"{DELIVERIES}/{delivery_id}")).status_code == 404
        assert (await service.ask(who, "POST", f"{DELIVERIES}/{delivery_id}/resend")).status_code == 404


async def test_old_events_and_their_deliveries_are_removed(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url())
    await service.hear(BREACH, 2)
    sender = service.worker(WebhookSender)
    assert await sender._desk.prune(86_400 * SECOND) == 0
    assert await sender._desk.prune(-SECOND) == 2
    assert await service.deliveries() == []
    assert await service.send() == 0


async def test_a_removed_endpoint_gets_nothing_more(service: Service, receiver: Receiver) -> None:
    made = await service.make("provider", receiver.url())
    await service.hear(BREACH, 3)
    await service.ask("provider", "DELETE", f"{ENDPOINTS}/{made['endpoint_id']}")
    assert await service.send() == 0
    async with service.app.database.read() as connection:
        for table in ("webhook_secret", "webhook_delivery", "webhook_endpoint"):
            assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
