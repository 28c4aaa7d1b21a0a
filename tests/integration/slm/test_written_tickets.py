"""What is written into tickets comes back by the hook of the same tool, and changes nothing: no event, no request.

The tool is a simulation that calls the hook on each change, as Zammad's trigger does; the hook, the judge and the
writer are the product's own, on a real PostgreSQL.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from pytest import MonkeyPatch

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm.installation import open_installation
from slm_chassis.clock import SystemClock
from slm_chassis.settings import Settings
from slm_events.instants import to_text
from slm_mappings.connectors import SHIPPED, read_connectors
from tests.support.operator_key import KEY
from tests.support.service import until
from tests.support.ticket_tool import TicketTool, ticket_tool

DAY, SECOND = 86_400_000_000, 1_000_000
TOKEN = "Token token=of the account"
FIELDS = {"due_at": "slm_due_at", "state": "slm_state", "breached": "slm_breached"}
MAPPING = read_connectors(SHIPPED)["zammad"].mapping.replace(
    "{state: pending, pauses: true}", "{state: awaiting_customer, pauses: true}"
)
"""The connector's mapping, with the name that the agreement has for what pauses its clock."""
QUIET_SECONDS = 4.0
"""The tool is watched for so long after the last write: a loop takes less than two seconds for each turn."""


@dataclass
class Desk:
    """A simulated Zammad whose tickets come in by a hook, and the installation that writes into them."""

    client: httpx.AsyncClient
    cast: Cast
    tool: TicketTool
    hook: dict[str, Any]
    called: list[httpx.Response] = field(default_factory=list)
    echoes: list[httpx.Response] = field(default_factory=list)
    """Answers to the calls that the tool makes because of our own changes."""

    async def change(self, number: str, **fields: Any) -> None:
        """Change a ticket as somebody in the tool does; the tool calls the hook."""
        self.tool.tickets[number].update(fields, updated_at=to_text(SystemClock().now()))
        self.called.append(await self.call(number))

    async def echo(self, number: str) -> None:
        self.echoes.append(await self.call(number))

    async def call(self, number: str) -> httpx.Response:
        """Call the hook with the ticket as it is now, all its fields included."""
        body = json.dumps({"ticket": self.tool.tickets[number]}).encode()
        proof = hmac.new(self.hook["secret"].encode(), body, hashlib.sha1).hexdigest()
        headers = {"X-Hub-Signature": f"sha1={proof}", "Content-Type": "application/json"}
        return await self.client.post(self.hook["path"], content=body, headers=headers)

    def opened(self, number: str, opened_at: str) -> dict[str, Any]:
        self.tool.add(number)
        return {
            "title": "Checkout fails",
            "state": "open",
            "created_at": opened_at,
            "close_at": None,
            "first_response_at": None,
            "priority": {"name": "3 high"},
            "group": {"name": "Payments"},
            "organization": None,
            "owner": {"login": "-"},
        }

    async def events(self, number: str) -> list[Any]:
        found = await negotiation.get(self.client, self.cast.provider_manager_key, f"/api/v1/tickets/zammad/{number}")
        events: list[Any] = found["events"]
        return events

    async def clock(self) -> dict[str, Any]:
        path = "/api/v1/clocks?source=zammad"
        found = await negotiation.get(self.client, self.cast.provider_manager_key, path)
        return next(iter(found["items"]), {})

    async def quiet(self) -> None:
        """Wait until the tool has had no request for a while."""
        while True:
            before = len(self.tool.calls)
            await asyncio.sleep(QUIET_SECONDS)
            if len(self.tool.calls) == before:
                return


@asynccontextmanager
async def desk(monkeypatch: MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("SLM_NOTIFICATION_ALLOWED_NETWORKS", "127.0.0.0/8")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", bootstrap_key=SecretStr(KEY), partitions=2)
        async with open_installation(settings) as installation:
            for app in installation.apps:
                await app.start()
            transport = httpx.ASGITransport(installation.face, raise_app_exceptions=False)
            async with (
                httpx.AsyncClient(transport=transport, base_url="http://slm", timeout=30.0) as client,
                ticket_tool("zammad", TOKEN, set(FIELDS.values())) as tool,
            ):
                since = to_text(SystemClock().now() - 30 * DAY)
                cast, _ = await negotiation.negotiate_and_sign(client, KEY, since)
                body = {"title": "Desk", "connector": "zammad", "mapping": MAPPING}
                hook = await negotiation.post(client, cast.provider_manager_key, "/api/v1/hooks", body)
                tool.on_change = (found := Desk(client, cast, tool, hook)).echo
                await found_writer(found)
                yield found


async def found_writer(desk: Desk) -> None:
    body = {
        "title": "Desk",
        "connector": "zammad",
        "address": desk.tool.url,
        "source": "zammad",
        "authentication": {"kind": "token"},
        "secret": TOKEN.partition("=")[2],
        "fields": FIELDS,
    }
    await negotiation.post(desk.client, desk.cast.provider_manager_key, "/api/v1/ticket-writers", body)


async def test_what_we_write_comes_back_and_changes_nothing(monkeypatch: MonkeyPatch) -> None:
    async with desk(monkeypatch) as scene:
        tool = scene.tool
        opened_at = to_text(SystemClock().now() - 60 * SECOND)
        fields = scene.opened("21007", opened_at)
        await scene.change("21007", **fields)
        assert scene.called[-1].status_code == 202, scene.called[-1].text

        async def shows(state: str) -> bool:
            return tool.tickets["21007"].get("slm_state") == state

        await until(lambda: shows("running"), 30.0)
        await scene.quiet()
        clock, events = await scene.clock(), await scene.events("21007")
        assert tool.tickets["21007"]["slm_due_at"][:19] == clock["deadline_at"][:19]
        assert tool.changes["21007"] == 1
        # The tool called because of our change, and was understood; nothing came of it.
        assert len(scene.echoes) == 1 and await scene.events("21007") == events
        # A pause and an end, each written once; so are their echoes.
        for state, shown in (("pending reminder", "paused"), ("closed", "met")):
            await scene.change("21007", state=state)
            await until(lambda wanted=shown: shows(wanted), 30.0)  # type: ignore[misc]
            await scene.quiet()
        assert tool.changes["21007"] == 3 == len(scene.echoes)
        assert [each.status_code for each in (*scene.called, *scene.echoes)] == [202] * 6
        assert all(each["events"] for answer in scene.called for each in answer.json()["tickets"])
        assert not any(each["events"] for answer in scene.echoes for each in answer.json()["tickets"])
