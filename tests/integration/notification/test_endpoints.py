"""Webhook endpoints over the API: who may make and see them, secrets, and addresses that are refused."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from slm_chassis.tables import audit
from slm_notification.application import sending
from tests.integration.notification.conftest import DELIVERIES, ENDPOINTS, Service
from tests.support.receiver import Receiver

BODY = {"title": "Bridge", "url": "http://hooks.example/a/secret-path", "paused": True}


async def test_an_endpoint_is_made_read_changed_and_removed(service: Service) -> None:
    made = await service.make("provider", "http://hooks.example/a", event_types=["slm.monitor.target-breached.v1"])
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    assert made["secret"].startswith("whsec_") and made["state"] == "active"
    read = await service.ask("provider", "GET", path)
    assert read.json() == {name: value for name, value in made.items() if name not in ("secret", "secret_id")}
    wrong = await service.ask("provider", "PUT", path, json=BODY, headers={"If-Match": '"7"'})
    assert wrong.status_code == 412
    changed = await service.ask("provider", "PUT", path, json=BODY, headers={"If-Match": read.headers["etag"]})
    assert (changed.json()["state"], changed.json()["event_types"]) == ("paused", [])
    assert changed.headers["etag"] != read.headers["etag"]
    assert (await service.ask("provider", "DELETE", path)).status_code == 204
    assert (await service.ask("provider", "GET", path)).status_code == 404


async def test_managers_and_integrators_make_endpoints_others_see_them_and_strangers_nothing(service: Service) -> None:
    made = await service.make("manager", "http://hooks.example/services/secret-path")
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    seen = (await service.ask("viewer", "GET", path)).json()
    assert seen["url"] == "http://hooks.example/…"
    assert (await service.ask("provider", "GET", path)).json()["url"].endswith("secret-path")
    refused = await service.ask("viewer", "POST", ENDPOINTS, json=BODY)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/missing-role")
    nobodys = await service.ask("operator", "POST", ENDPOINTS, json=BODY)
    assert (nobodys.status_code, nobodys.json()["type"]) == (403, "/problems/without-party")
    for who in ("stranger", "customer"):
        assert (await service.ask(who, "GET", ENDPOINTS)).json()["items"] == []
        for method, what, body in (
            ("GET", path, None),
            ("GET", f"{path}/status", None),
            ("PUT", path, BODY),
            ("DELETE", path, None),
            ("POST", f"{path}/secrets", {}),
            ("POST", f"{path}/test-events", None),
            ("POST", f"{path}/replays", {"from": "2026-01-01T00:00:00Z"}),
        ):
            answer = await service.ask(who, method, what, json=body, headers={"If-Match": "*"})
            assert answer.status_code == 404, (who, method, what, answer.text)


class NotedLog:
    """A logger that keeps what it is told. Which tests ran before in a process decides what the real one passes on."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def _note(self, event: str, **fields: Any) -> None:
        self.notes.append(f"{event} {fields}")

    debug = info = warning = error = exception = _note


async def test_the_secret_is_in_no_other_answer_and_in_no_log(
    service: Service, receiver: Receiver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = NotedLog()
    monkeypatch.setattr(sending, "_log", log)
    with caplog.at_level(logging.DEBUG):
        made = await service.make("provider", receiver.url("/secret-path"))
        path = f"{ENDPOINTS}/{made['endpoint_id']}"
        receiver.status = 500
        await service.ask("provider", "POST", f"{path}/test-events")
        await service.send()
        await receiver.stop()
        await service.ask("provider", "POST", f"{path}/test-events")
        await service.send()
        said = [
            (await service.ask(who, "GET", what)).text
            for who in ("provider", "viewer", "operator")
            for what in (ENDPOINTS, path, f"{path}/status", DELIVERIES)
        ]
    secret = made["secret"].removeprefix("whsec_")
    assert not any(secret in text for text in said)
    logged = "\n".join(str(record.__dict__) + record.getMessage() for record in caplog.records)
    logged += "\n".join(log.notes)
    assert "webhook not accepted" in logged
    assert secret not in logged and "secret-path" not in logged


async def test_with_an_idempotency_key_no_secret_is_issued(service: Service) -> None:
    answer = await service.ask("provider", "POST", ENDPOINTS, json=BODY, headers={"Idempotency-Key": "1"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/no-idempotency-here")
    assert (await service.ask("provider", "GET", ENDPOINTS)).json()["items"] == []


async def test_two_secrets_sign_until_the_earlier_one_ends(service: Service, receiver: Receiver) -> None:
    made = await service.make("provider", receiver.url())
    path = f"{ENDPOINTS}/{made['endpoint_id']}"

    async def tested() -> tuple[bool, ...]:
        await service.ask("provider", "POST", f"{path}/test-events")
        await service.send()
        return tuple(receiver.got[-1].is_signed_with(each) for each in secrets)

    secrets = [made["secret"]]
    assert await tested() == (True,)
    for overlap, expected in ((3600, (True, True)), (0, (False, False, True))):
        answer = await service.ask("provider", "POST", f"{path}/secrets", json={"overlap_seconds": overlap})
        assert answer.status_code == 201
        secrets.append(answer.json()["secret"])
        assert await tested() == expected
    shown = (await service.status(made["endpoint_id"]))["secrets"]
    assert [each["ends_at"] for each in shown] == [None]
    assert not any(secret in json.dumps(shown) for secret in secrets)


@pytest.mark.parametrize("settings", [{"allowed_networks": ""}])
async def test_addresses_inside_the_network_are_refused_when_saved(service: Service) -> None:
    service.names.of = {"inside.example": ["10.0.0.7"], "outside.example": ["93.184.216.34"]}
    for url in ("https://inside.example/", "https://127.1/", "https://[::ffff:127.0.0.1]/", "http://outside.example/"):
        answer = await service.ask("provider", "POST", ENDPOINTS, json={**BODY, "url": url})
        assert answer.status_code == 422, url
        assert answer.json()["errors"][0]["field"] == "url"
    made = await service.make("provider", "https://outside.example/", paused=True)
    path, body = f"{ENDPOINTS}/{made['endpoint_id']}", {**BODY, "url": "https://inside.example/"}
    assert (await service.ask("provider", "PUT", path, json=body, headers={"If-Match": "*"})).status_code == 422


@pytest.mark.parametrize("settings", [{"allowed_networks": ""}])
async def test_an_address_that_moved_inside_the_network_is_refused_at_each_sending(
    service: Service, receiver: Receiver
) -> None:
    service.names.of["moving.example"] = ["93.184.216.34"]
    made = await service.make("provider", f"https://moving.example:{receiver.port}/")
    service.names.of["moving.example"] = ["127.0.0.1"]
    await service.ask("provider", "POST", f"{ENDPOINTS}/{made['endpoint_id']}/test-events")
    assert await service.send() == 1
    [delivery] = await service.deliveries()
    assert delivery["problem"].startswith("Not sent: the host is inside a private, local or special network;")
    assert "SLM_NOTIFICATION_ALLOWED_NETWORKS" in delivery["problem"]
    assert receiver.got == []


@pytest.mark.parametrize("settings", [{"allowed_networks": ""}])
async def test_an_endpoint_whose_name_is_gone_can_still_be_paused(service: Service) -> None:
    service.names.of["gone.example"] = ["93.184.216.34"]
    made = await service.make("provider", "https://gone.example/")
    service.names.of["gone.example"] = []
    body = {**BODY, "url": "https://gone.example/"}
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    assert (await service.ask("provider", "PUT", path, json=body, headers={"If-Match": "*"})).status_code == 200
    answer = await service.ask("provider", "POST", ENDPOINTS, json=body)
    assert (answer.status_code, "cannot be resolved" in answer.text) == (422, True)


async def test_an_unknown_type_names_the_nearest(service: Service) -> None:
    answer = await service.ask(
        "provider", "POST", ENDPOINTS, json={**BODY, "event_types": ["slm.monitor.target-breeched.v1"]}
    )
    [error] = answer.json()["errors"]
    assert (error["field"], error["remedy"]) == ("event_types[0]", "write slm.monitor.target-breached.v1")


async def test_a_party_has_fifty_endpoints_at_most(service: Service) -> None:
    for _ in range(50):
        await service.make("provider", "http://hooks.example/", paused=True)
    answer = await service.ask("provider", "POST", ENDPOINTS, json=BODY)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-endpoints")
    await service.make("customer", "http://hooks.example/")


async def test_what_people_do_is_in_the_audit_trail(service: Service) -> None:
    made = await service.make("provider", "http://hooks.example/secret-path")
    await service.ask("provider", "DELETE", f"{ENDPOINTS}/{made['endpoint_id']}")
    async with service.app.database.read() as connection:
        rows = (await connection.execute(audit.select().order_by(audit.c.seq))).mappings().all()
    assert [row["action"] for row in rows] == ["webhook-endpoint.make", "webhook-endpoint.remove"]
    assert "secret" not in str(rows)
