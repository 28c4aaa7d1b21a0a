"""A ticket writer of the provider in a running notification-svc, and a simulated tool that it writes into."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text

from slm_notification.application.ticket_sending import TicketWriterWorker
from tests.integration.notification.conftest import BREACH, Service
from tests.support.ticket_tool import TicketTool, ticket_tool

WRITERS, WRITES = "/api/v1/ticket-writers", "/api/v1/ticket-writes"
STARTED, PAUSED, RESUMED, STOPPED, CANCELLED, MOVED = (
    f"slm.monitor.clock-{name}.v1"
    for name in ("started", "paused", "resumed", "stopped", "cancelled", "deadline-moved")
)
REVISED, WITHDRAWN = "slm.monitor.breach-revised.v1", "slm.monitor.breach-withdrawn.v1"
SECRET = "the-secret-that-nobody-may-see"
FIELDS = {"due_at": "slm_due_at", "state": "slm_state", "breached": "slm_breached"}
TARGET, OTHER_TARGET = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
NOON, LATER = "2026-11-05T12:00:00.000000Z", "2026-11-05T23:30:00.000000Z"
SOURCE = "desk"


@asynccontextmanager
async def zammad(*numbers: str, **more: Any) -> AsyncIterator[TicketTool]:
    async with ticket_tool("zammad", f"Token token={SECRET}", set(FIELDS.values()), **more) as tool:
        tool.add(*numbers)
        yield tool


def body(tool: TicketTool, **more: Any) -> dict[str, Any]:
    given = {"title": "Desk", "connector": tool.dialect, "address": tool.url, "source": SOURCE, "secret": SECRET}
    return {**given, "authentication": {"kind": "token"}, "fields": FIELDS, **more}


async def make(service: Service, tool: TicketTool, who: str = "provider", **more: Any) -> dict[str, Any]:
    answer = await service.ask(who, "POST", WRITERS, json=body(tool, **more))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def tell(service: Service, kind: str, ticket: str = "21007", **changed: Any) -> None:
    """Let the service hear an event of a clock of the provider's own ticket."""
    usual = {"target_id": TARGET, "state": "running", "deadline_at": NOON, "clock": "resolution"}
    known = {"source": SOURCE, "ticket": ticket, "ordinal": 1, "sent_by": "provider"}
    await service.hear(kind, **{**usual, **known, **changed})


async def tell_breach(service: Service, kind: str = BREACH, ticket: str = "21007", **changed: Any) -> None:
    about: dict[str, Any] = {}
    if kind != WITHDRAWN:
        about = {"ticket": {"source": SOURCE, "number": ticket}, "ordinal": 1, "sent_by": "provider"}
    await service.hear(kind, **{"target_id": TARGET, "breach_id": f"breach-{ticket}", **about, **changed})


async def write(service: Service) -> None:
    """Write what is due, whatever the short wait for further changes, until nothing is."""
    worker = service.worker(TicketWriterWorker)
    async with service.app.database.begin() as transaction:
        await transaction.execute(text("UPDATE ticket_write SET due_at = 0 WHERE attempts = 0 AND hour_writes < 30"))
    while await worker.step():
        await worker.settle()


async def writes(service: Service, who: str = "provider", **query: str) -> list[dict[str, Any]]:
    answer = await service.ask(who, "GET", WRITES, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def status(service: Service, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await service.ask("provider", "GET", f"{WRITERS}/{made['writer_id']}/status")).json()
    return found


async def settled(service: Service, made: dict[str, Any]) -> bool:
    await write(service)
    return not (await status(service, made))["waiting"]
