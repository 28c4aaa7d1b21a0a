"""Messages to chats, simulated here after their public documentation: sent in order, with secret addresses."""

from __future__ import annotations

import json

import pytest

from slm_notification.domain.endpoints import CHATS
from tests.integration.notification.conftest import BREACH, ENDPOINTS, Service
from tests.support.receiver import Receiver

WITHDRAWN = "slm.monitor.breach-withdrawn.v1"
PATH = "/services/T0/B0/very-secret-key"
NEEDS = {"slack": "text", "mattermost": "text", "discord": "content", "teams": "attachments", "apprise": "body"}


@pytest.mark.parametrize("kind", sorted(CHATS))
async def test_a_chat_is_told_in_order_and_its_address_shown_to_nobody(
    service: Service, receiver: Receiver, kind: str
) -> None:
    made = await service.make("provider", receiver.url(PATH), kind=kind)
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    answer = await service.ask("provider", "POST", f"{path}/test-events")
    assert answer.status_code == 202
    receiver.answering = lambda got: (200 if NEEDS[kind] in json.loads(got.body) else 400, b"ok")
    await service.send()
    receiver.status = 503
    await service.hear(BREACH)
    await service.send()
    await service.hear(WITHDRAWN)
    receiver.status = 200
    body = {"title": "x", "kind": kind, "url": made["url"]}
    changed = await service.ask("provider", "PUT", path, json=body, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text
    receiver.got.clear()
    await service.send()
    assert [each.path for each in receiver.got] == [PATH, PATH]
    first, last = (json.dumps(json.loads(each.body), ensure_ascii=False) for each in receiver.got)
    assert "Breached: Checkout is available" in first and "Breach withdrawn: Checkout is available" in last
    shown = [json.dumps(made), changed.text, (await service.ask("provider", "GET", ENDPOINTS)).text]
    shown += [answer.text, json.dumps(await service.deliveries())]
    assert made["url"].endswith("/…") and not [each for each in shown if "very-secret-key" in each]
    assert {each["state"] for each in await service.deliveries()} == {"delivered"}


async def test_an_apprise_server_without_addresses_has_not_accepted(service: Service, receiver: Receiver) -> None:
    await service.make("provider", receiver.url("/notify/none"), kind="apprise")
    receiver.status = 204
    await service.hear(BREACH)
    await service.send()
    [delivery] = await service.deliveries()
    assert (delivery["state"], delivery["status"]) == ("waiting", 204) and "no addresses" in delivery["problem"]
