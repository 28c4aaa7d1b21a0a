"""1,000 tickets, a tool that is away, has had enough requests, and refuses some: every due date is right in the end.

The tool is a simulation. It is away for ten minutes in the long run (``-m soak``). Otherwise time is compressed a
hundred times: six seconds stand for ten minutes, with pauses between attempts of a hundredth of the usual ones.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slm_notification.application.ticket_sending import TicketWriterWorker
from tests.integration.notification.conftest import Service
from tests.integration.notification.writing import (
    MOVED,
    PAUSED,
    RESUMED,
    SOURCE,
    STARTED,
    TARGET,
    make,
    status,
    zammad,
)
from tests.support.service import until
from tests.support.ticket_tool import TicketTool, ToolCall

TICKETS = 1_000
AWAY_SECONDS = 600.0
CONFLICTS = 0.02
A_SECOND = 50
"""So many requests a second the tool answers; it refuses further ones with 429."""
MOST_REQUESTS = 1.2
NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)


@pytest.fixture(params=[100, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(5_400)])])
def faster(request: pytest.FixtureRequest) -> int:
    """How many times faster than in life the tool is away and pauses are over."""
    return int(request.param)


@pytest.fixture
def settings(faster: int) -> dict[str, Any]:
    return {"attempt_seconds": 5.0, "first_retry_seconds": 5.0 / faster}


class Story:
    """What was told of each ticket, and so what it has to say in the end."""

    def __init__(self, service: Service, seed: int) -> None:
        self.service = service
        self.chance = random.Random(seed)
        self.deadlines: dict[str, datetime] = {}
        self.states: dict[str, str] = {}
        self.changes = 0

    async def tell(self, kind: str, numbers: list[str]) -> None:
        """Tell of one change of each of these tickets."""
        for number in numbers:
            state = "paused" if kind == PAUSED else "running"
            if kind != PAUSED or number not in self.deadlines:
                self.deadlines[number] = NOON + timedelta(minutes=self.chance.randrange(1_000_000))
            self.states[number] = state
            self.changes += 1
            self.service.number += 1
            await self.service.append(
                kind,
                f"0193a5c0-0000-7000-8000-{self.service.number:012}",
                target_id=TARGET,
                state=state,
                deadline_at=self.deadlines[number].strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
                clock="resolution",
                source=SOURCE,
                ticket=number,
                ordinal=1,
                sent_by="provider",
            )
        await self.service.handle()

    def wrong(self, tool: TicketTool) -> list[str]:
        """Return the tickets that do not say what they have to."""
        return [
            number
            for number, deadline in self.deadlines.items()
            if tool.tickets[number].get("slm_due_at") != deadline.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            or tool.tickets[number].get("slm_state") != self.states[number]
        ]


def conflicts(seed: int) -> Callable[[ToolCall], int | None]:
    """Return a fault that refuses a share of all changes, each once: somebody edits the ticket just then."""
    chance = random.Random(seed)
    return lambda call: 409 if call.method == "PUT" and chance.random() < CONFLICTS else None


async def test_a_thousand_tickets_are_right_in_the_end(service: Service, faster: int) -> None:
    away_seconds, waits_seconds = AWAY_SECONDS / faster, 120.0 if faster > 1 else 2_400.0
    numbers = [str(21_000 + each) for each in range(TICKETS)]
    async with zammad(*numbers, fault=conflicts(1), limit=A_SECOND) as tool:
        made = await make(service, tool)
        story = Story(service, 2)
        running = asyncio.create_task(service.worker(TicketWriterWorker).run())

        async def nothing_waits() -> bool:
            await asyncio.sleep(0.5)
            return not (await status(service, made))["waiting"]

        try:
            await story.tell(STARTED, numbers)
            await until(some_written(tool, TICKETS // 4), waits_seconds)
            await tool.stop()
            away = asyncio.get_running_loop().time()
            # The work goes on while the tool is away: what it did not get and what it has already changes.
            await story.tell(PAUSED, numbers[::2])
            await story.tell(RESUMED, numbers[::2])
            await story.tell(MOVED, numbers[::3])
            await asyncio.sleep(max(0.0, away_seconds - (asyncio.get_running_loop().time() - away)))
            await tool.start()
            await until(some_written(tool, TICKETS // 2), waits_seconds)
            await story.tell(MOVED, numbers[::4])
            await until(nothing_waits, waits_seconds)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        answers = {code: sum(each.status == code for each in tool.calls) for code in (200, 409, 429)}
        written = tool.changes.total()
        print(
            f"{story.changes:,} changes of {TICKETS:,} tickets, {written:,} writes, {len(tool.calls):,} requests "
            f"({answers}): {len(tool.calls) / story.changes:.2f} a change, {len(tool.calls) / written:.2f} a write"
        )
        assert story.wrong(tool) == []
        assert answers[409] and answers[429], "the tool was to refuse some"
        assert len(tool.calls) <= MOST_REQUESTS * story.changes
        # Harder: without counting what many changes of one ticket saved.
        assert len(tool.calls) <= MOST_REQUESTS * written


def some_written(tool: TicketTool, count: int) -> Callable[[], Any]:
    async def is_so() -> bool:
        return tool.changes.total() >= count

    return is_so
