"""How punctual breaches are: ``python -m tests.bench.timers [--tickets 10000] [--kill]``.

Tickets whose deadlines lie evenly within one minute, judged by two replicas of monitor-svc on one PostgreSQL, which is
the log too. Lateness is from the deadline (``certain_at``) to the instant of publishing (``published_at``). With
``--kill`` one replica is killed in the middle of the minute.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import asyncpg
import httpx

from slm_chassis.app import topic_specs
from slm_chassis.clock import SECOND, parse_clock, real_now
from slm_chassis.log.connect import open_log
from slm_chassis.migrations import migrate
from slm_chassis.postgres_server import PrivatePostgres
from slm_events.catalogue import BREACHES
from slm_events.instants import from_text, to_text
from tests.bench.figures import circumstances, milliseconds
from tests.support.aftermath import read_all
from tests.support.monitor import PROVIDER, finalized, resolved
from tests.support.monitor_service import publish
from tests.support.operator_key import KEY
from tests.support.processes import Running, free_port, started

PARTITIONS = 4
WITHIN = 600 * SECOND
SPREAD = 60 * SECOND
A_REQUEST = 500
LEASE_SECONDS = 5.0
"""The lease after which another replica takes over the partitions of a dead one."""
SETTLES_SECONDS = 30.0


@dataclass(frozen=True)
class Punctuality:
    """The results for many deadlines; lateness in seconds."""

    tickets: int
    lateness: Sequence[float]
    told: Counter[str]
    """Ticket → number of ids under which its breach was published."""

    @property
    def lost(self) -> int:
        return self.tickets - len(self.told)

    @property
    def doubled(self) -> int:
        return sum(count - 1 for count in self.told.values())

    def __str__(self) -> str:
        return (
            f"{milliseconds(self.lateness)} ms; {self.tickets:,} deadlines in a minute, {self.lost} lost, "
            f"{self.doubled} doubled; {circumstances()}"
        )


async def measure(tickets: int, *, kill: bool = False, warn: bool = True, spread: int = SPREAD) -> Punctuality:
    """Start two replicas, open the tickets, wait for their deadlines, and see when each breach was told."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slm-bench-")))
        server = PrivatePostgres.start(folder / "postgres")
        stack.callback(server.stop)
        url, log_url = server.url("slm_monitor"), server.url("slm_log")
        await migrate(url, "slm_monitor")
        log = await open_log(log_url, clock=parse_clock(""), client="bench")
        stack.push_async_callback(log.close)
        await log.ensure_topics(topic_specs(PARTITIONS))
        agreed = finalized(_promised(warn), effective_at="2020-01-01T00:00:00Z", agreement_key="timers")
        await publish(log, agreed)
        replicas = [await _replica(stack, folder, number, url, log_url) for number in range(2)]
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        await _until(connection, "SELECT count(*) FROM target WHERE NOT EXISTS (SELECT FROM judge_inbox)", 1)
        first = real_now() + (20 + tickets // 400) * SECOND
        await _open_all(replicas[0], tickets, first, spread)
        await _until(connection, "SELECT count(*) FROM clock", tickets)
        assert real_now() < first, "opening took too long: deadlines have passed before all tickets were in"
        await asyncio.sleep((first + spread // 2 - real_now()) / SECOND)
        if kill:
            await replicas[1].stop(SIGKILL)
        await asyncio.sleep(max(0.0, (first + spread - real_now()) / SECOND))
        await _until(connection, "SELECT count(*) FROM breach WHERE standing", tickets)
        # What is told a second time is told soon after the first.
        await asyncio.sleep(2.0)
        return await _punctuality(log, tickets)


def _promised(warn: bool) -> dict[str, Any]:
    target = resolved(warn_at={"elapsed": [50, 75, 90] if warn else []}, pause=[])
    return {**target, "objective": {"within": {"calendar": "PT10M"}}}


async def _replica(stack: AsyncExitStack, folder: Path, number: int, url: str, log_url: str) -> Running:
    port = free_port()
    environment = {
        "SLM_LOG": log_url,
        "SLM_MONITOR_DATABASE_URL": url,
        "SLM_MONITOR_PORT": str(port),
        "SLM_BOOTSTRAP_KEY": KEY,
        "SLM_PARTITIONS": str(PARTITIONS),
    }
    running = await stack.enter_async_context(started(["slm_monitor"], folder / f"{number}", port, environment))
    await running.ready()
    return running


async def _open_all(replica: Running, tickets: int, first: int, spread: int) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=replica.url, headers=headers, timeout=60) as client:
        for start in range(0, tickets, A_REQUEST):
            items = [_opened(number, first + number * spread // tickets) for number in range(start, start + A_REQUEST)]
            answer = await client.post("/api/v1/ticket-events", json=items[: tickets - start])
            assert answer.json()["rejected"] == 0, answer.text


def _opened(number: int, deadline: int) -> dict[str, Any]:
    at = to_text(deadline - WITHIN)
    return {
        "source": "desk",
        "ticket": f"{number:06d}",
        "owner": PROVIDER,
        "event": "opened",
        "at": at,
        "type": "incident",
        "priority": "P1",
    }


async def _until(connection: asyncpg.Connection, query: str, wanted: int) -> None:
    async with asyncio.timeout(SETTLES_SECONDS + LEASE_SECONDS):
        while await connection.fetchval(query) < wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.25)


async def _punctuality(log: Any, tickets: int) -> Punctuality:
    lateness: dict[str, float] = {}
    ids: dict[str, set[str]] = {}
    for record in await read_all(log, [BREACHES.name]):
        if record.headers["ce_type"].endswith("target-breached.v1"):
            data = json.loads(record.value)
            ticket = data["ticket"]["number"]
            ids.setdefault(ticket, set()).add(f"{record.headers['ce_id']}")
            late = from_text(data["published_at"]) - from_text(data["certain_at"])
            lateness[ticket] = max(lateness.get(ticket, 0.0), late / SECOND)
    return Punctuality(tickets, list(lateness.values()), Counter({ticket: len(each) for ticket, each in ids.items()}))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.timers", description=__doc__)
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--kill", action="store_true", help="kill one replica in the middle of the minute")
    parser.add_argument("--no-warnings", action="store_true", help="without warnings at 50, 75 and 90 percent")
    given = parser.parse_args()
    found = asyncio.run(measure(given.tickets, kill=given.kill, warn=not given.no_warnings))
    print(found)


if __name__ == "__main__":
    main()
