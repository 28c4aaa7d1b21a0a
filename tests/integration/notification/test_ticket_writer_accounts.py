"""The accounts of ticket writers: what is refused, what is shown, to whom, and that the secret never is."""

from __future__ import annotations

import base64
import logging
from typing import Any

import pytest
from sqlalchemy import text

from slm_notification.application.ticket_sending import TicketWriterWorker
from tests.integration.notification.conftest import Service
from tests.integration.notification.writing import (
    LATER,
    MOVED,
    OTHER_TARGET,
    SECRET,
    STARTED,
    STOPPED,
    WRITERS,
    WRITES,
    body,
    make,
    tell,
    write,
    writes,
    zammad,
)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"attempt_seconds": 2.0, "first_retry_seconds": 0.05}


async def test_a_test_writes_samples_or_the_tickets_own_figures(service: Service) -> None:
    async with zammad("21007") as tool:
        made = await make(service, tool, paused=True)
        path = f"{WRITERS}/{made['writer_id']}/tests"
        tried = (await service.ask("provider", "POST", path, json={"ticket": "21007"})).json()
        assert (tried["succeeded"], tried["sample"], tried["values"]["slm_state"]) == (True, True, "test")
        await tell(service, STARTED)
        await write(service)
        assert tool.changes == {"21007": 1}  # paused
        tried = (await service.ask("provider", "POST", path, json={"ticket": "21007"})).json()
        assert (tried["sample"], tool.tickets["21007"]["slm_state"]) == (False, "running")
        missing = (await service.ask("provider", "POST", path, json={"ticket": "9"})).json()
        assert (missing["succeeded"], missing["status"]) == (False, 404)
        wrong = await service.ask("provider", "POST", path, json={"ticket": "1 OR 2"})
        assert wrong.status_code == 422


@pytest.mark.parametrize("kind", ["token", "basic"])
async def test_the_secret_is_in_no_answer_and_no_log(
    service: Service, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    async with zammad("21007") as tool:
        with caplog.at_level(logging.DEBUG):
            made = await make(service, tool, authentication={"kind": kind, "user": "slm" if kind == "basic" else ""})
            tool.authorization = "Token token=changed"  # now it answers 401, and repeats what it was sent
            await tell(service, STARTED)
            await write(service)
            path = f"{WRITERS}/{made['writer_id']}"
            texts = [
                (await service.ask("provider", "GET", each)).text for each in (WRITERS, path, f"{path}/status", WRITES)
            ]
            texts.append((await service.ask("provider", "POST", f"{path}/tests", json={"ticket": "21007"})).text)
        assert tool.calls and "401" in texts[-1] + texts[2]
        encoded = base64.b64encode(f"slm:{SECRET}".encode()).decode()
        texts += [str(each.__dict__) + each.getMessage() for each in caplog.records]
        assert "…" in texts[3] and not any(SECRET in each or encoded in each for each in texts)


async def test_another_address_or_user_needs_the_secret_again(service: Service) -> None:
    async with zammad("21007") as tool, zammad("21007") as thief:
        made = await make(service, tool)
        path = f"{WRITERS}/{made['writer_id']}"
        for change in ({"address": thief.url}, {"authentication": {"kind": "basic", "user": "other"}}):
            stolen = body(tool, secret=None, **change)
            answer = await service.ask("provider", "PUT", path, json=stolen, headers={"If-Match": "*"})
            assert (answer.status_code, "secret" in answer.text) == (422, True)
        await tell(service, STARTED)
        await write(service)
        assert thief.calls == [] and tool.changes == {"21007": 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"connector": "alertmanager"}, "connector"),
        ({"connector": "nothing"}, "connector"),
        ({"authentication": {"kind": "basic"}}, "authentication.user"),
        ({"authentication": {"kind": "token", "user": "x"}}, "authentication.user"),
        ({"authentication": {"kind": "basic", "user": "a:b"}}, "user"),
        ({"fields": {}}, "fields"),
        ({"fields": {"due_at": "a", "state": "a"}}, "fields"),
        ({"fields": {"due_at": "a,b"}}, "fields"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"time_zone": "../etc"}, "time_zone"),
        ({"address": "http://10.0.0.7"}, "address"),
        ({"address": "https://desk.example/?x=1"}, "address"),
        ({"address": "https://desk.example/"}, "address"),
        ({"secret": None}, "secret"),
        ({"clocks": ["lunch"]}, "clocks"),
    ],
)
async def test_a_wrong_field_is_named(service: Service, change: dict[str, Any], field: str) -> None:
    async with zammad() as tool:
        answer = await service.ask("provider", "POST", WRITERS, json=body(tool, **change))
        assert (answer.status_code, field in answer.text) == (422, True), answer.text


async def test_writers_are_their_partys_alone(service: Service) -> None:
    async with zammad("21007") as tool:
        made = await make(service, tool)
        await tell(service, STARTED)
        await write(service)
        path = f"{WRITERS}/{made['writer_id']}"
        for who in ("customer", "stranger"):
            assert (await service.ask(who, "GET", WRITERS)).json()["items"] == [] == await writes(service, who)
            for method, where in (("GET", ""), ("GET", "/status"), ("DELETE", ""), ("POST", "/rewrites")):
                assert (await service.ask(who, method, path + where)).status_code == 404
            assert (await service.ask(who, "POST", f"{path}/tests", json={"ticket": "1"})).status_code == 404
        assert (await service.ask("viewer", "GET", path)).status_code == 200
        assert (await service.ask("viewer", "DELETE", path)).status_code == 403
        assert (
            (await service.ask("operator", "POST", WRITERS, json=body(tool))).json()["type"].endswith("without-party")
        )
        assert (await service.ask("manager", "DELETE", path)).status_code == 204
        await tell(service, MOVED, deadline_at=LATER)
        await write(service)
        assert tool.changes == {"21007": 1}
        async with service.app.database.read() as connection:
            for table in ("ticket_writer", "ticket_writer_credential", "ticket_write"):
                assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


async def test_ended_tickets_are_forgotten_after_a_while_and_open_ones_never(service: Service) -> None:
    async with zammad("1", "2") as tool:
        await make(service, tool)
        for number in ("1", "2"):
            await tell(service, STARTED, number)
            await tell(service, STARTED, number, target_id=OTHER_TARGET, clock="response")
        await write(service)
        await tell(service, STOPPED, "1", state="met")
        await tell(service, STOPPED, "1", target_id=OTHER_TARGET, clock="response", state="met")
        await tell(service, STOPPED, "2", target_id=OTHER_TARGET, clock="response", state="met")
        await write(service)
        desk = service.worker(TicketWriterWorker)._office.desk
        assert await desk.prune(3_600_000_000) == 0
        assert await desk.prune(-1_000_000) == 2
        assert [each["ticket"] for each in await writes(service)] == ["2"]
