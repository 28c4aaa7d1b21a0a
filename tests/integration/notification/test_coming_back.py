"""A receiver that was away and is back: what waited for it is sent at once, and a replay brings the rest."""

from __future__ import annotations

from slm_chassis.clock import SystemClock
from slm_events.instants import to_text
from tests.integration.notification.conftest import BREACH, ENDPOINTS, Service
from tests.support.receiver import Receiver


async def go_on(service: Service, endpoint_id: str, url: str) -> None:
    answer = await service.ask(
        "provider",
        "PUT",
        f"{ENDPOINTS}/{endpoint_id}",
        json={"title": "Back", "url": url, "paused": False},
        headers={"If-Match": "*"},
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "active")


async def test_a_replay_brings_what_happened_while_the_only_endpoint_was_gone(
    service: Service, receiver: Receiver
) -> None:
    start = SystemClock().now()
    made = await service.make("provider", receiver.url())
    receiver.status = 410
    [refused] = await service.hear(BREACH)
    await service.send()
    missed = await service.hear(BREACH, 3)
    assert len(await service.deliveries()) == 1
    receiver.status = 200
    await go_on(service, made["endpoint_id"], receiver.url())
    assert await service.send() == 0
    receiver.got.clear()
    path = f"{ENDPOINTS}/{made['endpoint_id']}/replays"
    replayed = await service.ask("provider", "POST", path, json={"from": to_text(start)})
    assert (replayed.status_code, replayed.json()["deliveries"]) == (202, 4)
    assert await service.send() == 4
    assert {each.event["id"] for each in receiver.got} == {refused, *missed}
