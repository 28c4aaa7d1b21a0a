"""A pull of monitor-svc in tests: made for a simulated tool, started, and read back with its tickets."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.monitor_service import Service
from tests.support.simulated_tool import PASSWORD, USER, SimulatedTool

PULLS = "/api/v1/pulls"
SINCE = "2026-11-05T07:00:00Z"
BASIC = {"kind": "basic", "user": USER}
Document = dict[str, Any]


@dataclass
class Desk:
    """A pull of the provider, and the tool that it asks."""

    service: Service
    tool: SimulatedTool
    pull_id: str
    source: str

    @property
    def path(self) -> str:
        return f"{PULLS}/{self.pull_id}"

    async def runs(self) -> list[Document]:
        items: list[Document] = (await self.service.provider.get(f"{self.path}/runs")).json()["items"]
        return items

    async def state(self) -> Document:
        state: Document = (await self.service.provider.get(self.path)).json()["state"]
        return state

    async def run(self, kind: str = "changes") -> Document:
        """Start a run and return it when it has ended."""
        before = {each["run_id"] for each in await self.runs()}
        answer = await self.service.provider.post(f"{self.path}/runs", json={"kind": kind})
        assert answer.status_code == 202, answer.text
        return await self.ended(kind, before)

    async def ended(self, kind: str, before: Collection[str] = ()) -> Document:
        async with asyncio.timeout(20):
            while True:
                for each in await self.runs():
                    if each["run_id"] not in before and each["kind"] == kind and each["ended_at"] is not None:
                        return each
                await asyncio.sleep(0.05)

    async def change(self, **fields: Any) -> httpx.Response:
        tag = (await self.service.provider.get(self.path)).headers["ETag"]
        return await self.service.provider.patch(self.path, json=fields, headers={"If-Match": tag})

    async def ticket(self, number: str) -> Document:
        """Return a ticket after everything that was taken in has been evaluated."""
        async with asyncio.timeout(10):
            while await self.service.waits_in_the_inbox():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            while True:
                answer = await self.service.provider.get(f"/api/v1/tickets/{self.source}/{number}")
                if answer.status_code == 200:
                    found: Document = answer.json()
                    return found
                await asyncio.sleep(0.05)

    async def told(self, number: str, count: int) -> list[str]:
        """Return the events of a ticket, once there are ``count`` of them."""
        async with asyncio.timeout(10):
            while len(events := [each["event"] for each in (await self.ticket(number))["events"]]) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return events


async def desk(service: Service, tool: SimulatedTool, source: str, **given: Any) -> Desk:
    """Make a pull, and return it when it has read everything once."""
    body = {
        "title": f"Incidents of {source}",
        "connector": "servicenow",
        "source": source,
        "address": tool.address,
        "authentication": BASIC,
        "secret": PASSWORD,
        "since": SINCE,
        **given,
    }
    answer = await service.provider.post(PULLS, json=body)
    assert answer.status_code == 201, answer.text
    made = Desk(service, tool, answer.json()["pull_id"], source)
    await made.ended("changes")
    await made.ended("reconciliation")
    return made
