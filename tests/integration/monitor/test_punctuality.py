"""Many deadlines at once with two replicas: each breach is told as one event and soon, even if a replica dies."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from slm_chassis.app import topic_specs
from slm_chassis.clock import SECOND, parse_clock, real_now
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import EventLog
from slm_events.catalogue import BREACHES
from slm_events.instants import from_text, to_text
from tests.support import postgres
from tests.support.aftermath import read_all
from tests.support.api import announce, enrolled
from tests.support.monitor import PROVIDER, finalized, resolved
from tests.support.monitor_service import PARTITIONS, PROVIDER_KEY, serving

TICKETS = 300
SPREAD = 3 * SECOND
LEASE_SECONDS = 5.0
PATIENCE_SECONDS = 90.0
"""For all of it to be told; how soon each was is in its event."""


@pytest.fixture
async def log(postgres: object) -> AsyncIterator[EventLog]:
    """The log in PostgreSQL, whose leases decide which replica evaluates a partition."""
    opened = await open_log(await fresh_log(), clock=parse_clock(""), client="test")
    await opened.ensure_topics(topic_specs(PARTITIONS))
    yield opened
    await opened.close()


async def fresh_log() -> str:
    return await postgres.fresh_database("slm_log")


@pytest.mark.parametrize("dies", [False, True])
async def test_each_breach_is_told_once_and_soon(database_url: str, log: EventLog, dies: bool) -> None:
    clock = parse_clock("")
    await announce(log, enrolled(PROVIDER_KEY, "integrator", party_id=PROVIDER))
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(serving(database_url, log, clock)) for _ in range(2)]
        await first.agree(finalized(resolved("PT10M", pause=[]), effective_at="2020-01-01T00:00:00Z"))
        begins = real_now() + 6 * SECOND
        deadlines = [begins + number * SPREAD // TICKETS for number in range(TICKETS)]
        opened = [
            {
                "source": "desk",
                "ticket": str(number),
                "event": "opened",
                "at": to_text(deadline - 600 * SECOND),
                "type": "incident",
                "priority": "P1",
            }
            for number, deadline in enumerate(deadlines)
        ]
        answer = await first.provider.post("/api/v1/ticket-events", json=opened)
        assert answer.json()["accepted"] == TICKETS
        await asyncio.sleep((begins + SPREAD // 2 - real_now()) / SECOND)
        if dies:
            await second.app.stop()
        late = await _told(log, TICKETS)
    assert Counter(len(each) for each in late.values()) == {1: TICKETS}
    worst = max(max(each.values()) for each in late.values())
    assert worst < (LEASE_SECONDS + 5 if dies else 2.0) * SECOND


async def _told(log: EventLog, tickets: int) -> dict[str, dict[str, int]]:
    """Ticket → event id → how late its breach was told.

    A relay that is stopped between its append and its commit lets the next one append the same events again. By its id
    every reader knows an event that it has had.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found: dict[str, dict[str, int]] = {}
            for record in await read_all(log, [BREACHES.name]):
                if record.headers["ce_type"].endswith("target-breached.v1"):
                    data = json.loads(record.value)
                    late = from_text(data["published_at"]) - from_text(data["certain_at"])
                    found.setdefault(data["ticket"]["number"], {})[record.headers["ce_id"]] = late
            if len(found) == tickets:
                return found
            await asyncio.sleep(0.3)
