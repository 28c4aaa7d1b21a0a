"""``kill -9`` of notification-svc while it writes into tickets: each ticket is right in the end, for few requests more.

The tool is a simulation, in the test's own process.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

from slm_chassis.clock import SystemClock
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import EventLog, Record
from slm_events import envelope
from slm_events.instants import to_text
from slm_notification.domain.endpoints import SENT
from tests.e2e.test_webhook_kills import MANAGER, WAITS_SECONDS, Sender
from tests.support.api import announce, enrolled
from tests.support.postgres import fresh_name, session
from tests.support.service import until
from tests.support.ticket_tool import TicketTool, ticket_tool
from tests.unit.notification.test_event_filters import parties_of, sample

STARTED, MOVED = "slm.monitor.clock-started.v1", "slm.monitor.clock-deadline-moved.v1"
FIELDS = {"due_at": "slm_due_at", "state": "slm_state", "breached": "slm_breached"}
PROVIDER = parties_of(sample(STARTED))[0]
TICKETS, KILLS, PARALLEL = 120, 4, 1


class Tickets:
    """The tickets' deadlines as told to the log, and as the tool has them."""

    def __init__(self, log: EventLog, tool: TicketTool) -> None:
        self.log, self.tool = log, tool
        self.deadlines: dict[str, str] = {}
        self.told = 0

    async def tell(self, kind: str, number: str) -> None:
        self.told += 1
        minute = f"2026-11-{1 + self.told // 1440:02}T{self.told // 60 % 24:02}:{self.told % 60:02}:00"
        self.deadlines[number] = f"{minute}.000Z"
        about = {"source": "desk", "ticket": number, "ordinal": 1, "sent_by": "provider", "state": "running"}
        data = sample(kind, deadline_at=f"{minute}.000000Z", clock="resolution", **about).data
        now = to_text(SystemClock().now())
        event = envelope.Envelope(
            id=f"0193a5c0-0000-7000-8000-{self.told:012}",
            source="/slm/test/monitor",
            type=kind,
            subject="s",
            time=now,
            recorded_at=now,
            data=data,
        )
        record = Record(data.agreement_id, envelope.to_json(data), envelope.to_headers(event))
        await self.log.append(SENT[kind].topic.name, [record])

    async def are_right(self) -> bool:
        return all(self.tool.tickets[each].get("slm_due_at") == due for each, due in self.deadlines.items())


async def test_kills_leave_every_due_date_right(tmp_path: Path, postgres: object) -> None:
    chance = random.Random(3)
    log_url, dataaddress = session().url(fresh_name("slm_log")), session().url(fresh_name("slm_notification"))
    numbers = [str(each) for each in range(TICKETS)]
    async with (
        AsyncExitStack() as stack,
        ticket_tool("zammad", "Token token=t", set(FIELDS.values()), pause=0.05) as tool,
    ):
        tool.add(*numbers)
        sender = Sender(tmp_path, stack, log_url, dataaddress)
        await sender.start()
        log = await open_log(log_url, clock=SystemClock(), client="test")
        stack.push_async_callback(log.close)
        await announce(log, enrolled(MANAGER, "service_level_manager", party_id=PROVIDER))
        body = {"title": "T", "connector": "zammad", "address": tool.url, "source": "desk", "secret": "t"}

        async def made() -> bool:
            more = {"authentication": {"kind": "token"}, "fields": FIELDS}
            return (await sender.ask("POST", "/api/v1/ticket-writers", json={**body, **more})).status_code == 201

        await until(made, WAITS_SECONDS)
        tickets = Tickets(log, tool)
        for number in numbers:
            await tickets.tell(STARTED, number)
        for _ in range(KILLS):
            before = tool.changes.total()
            await until(lambda least=before + 5: written(tool, least), WAITS_SECONDS)  # type: ignore[misc]
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            await sender.kill()
            for number in chance.sample(numbers, 20):
                await tickets.tell(MOVED, number)
            await sender.start()
        await until(tickets.are_right, WAITS_SECONDS)

        async def nothing_waits() -> bool:
            rows = (await sender.ask("GET", "/api/v1/ticket-writes?state=waiting")).json()["items"]
            return not rows

        await until(nothing_waits, WAITS_SECONDS)
        changes = [each for each in tool.calls if each.method == "PUT"]
        print(f"{KILLS} kills: {tickets.told} changes, {len(changes)} writes, {len(tool.calls)} requests")
        assert await tickets.are_right()
        # A kill repeats at most what was on its way.
        assert len(changes) <= tickets.told + KILLS * PARALLEL
        assert len(tool.calls) <= 1.2 * tickets.told


async def written(tool: TicketTool, count: int) -> bool:
    return tool.changes.total() >= count
