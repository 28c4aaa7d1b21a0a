"""PostgreSQL, a backend of it, the server and the broker die in turn under load: nothing is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from slm.contexts import CONTEXTS, package_of
from slm.demo import doors
from slm_chassis.clock import SystemClock
from slm_chassis.log.connect import open_log
from slm_events.catalogue import CATALOGUE
from slm_events.instants import to_text
from tests.attack.conftest import WHOLE, Effort
from tests.support import aftermath, kafka, real
from tests.support.installation import apart
from tests.support.killable import Killable, embedded
from tests.support.operator_key import KEY
from tests.support.postgres import PostgresForTests

SENDERS = 4
BATCH = 20
PATIENCE_SECONDS = 120.0
INDICATOR = "attacked.checkout"
SECOND = 1_000_000
Kill = Callable[[], Awaitable[None]]


@dataclass
class Besieged:
    """An installation and the processes of it that can be killed. A kill returns once the restart began."""

    client: httpx.AsyncClient
    log_url: str
    monitor_url: Callable[[], str]
    kills: Mapping[str, Kill]
    said: list[str] = field(default_factory=list)


@asynccontextmanager
async def in_one_process(folder: Path) -> AsyncIterator[Besieged]:
    async with embedded(folder, "") as server:
        await server.start()
        file = folder / "data" / "postgres" / "postmaster.pid"

        async def postmaster() -> None:
            os.kill(int(file.read_text().split()[0]), signal.SIGKILL)

        async def backend() -> None:
            await kill_a_backend(int(file.read_text().split()[0]))

        kills = {"postmaster": postmaster, "backend": backend, "server": _restart(server)}
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            yield Besieged(client, server.log_url, lambda: server.database_url, kills)


def _restart(server: Killable) -> Kill:
    async def kill() -> None:
        await server.kill(with_postgres=False)
        await server.start()

    return kill


@asynccontextmanager
async def in_four_processes(folder: Path) -> AsyncIterator[Besieged]:
    """On Kafka, with a PostgreSQL of its own, both of which may be killed."""
    try:
        broker, postgres = kafka.private(), PostgresForTests()
    except Exception as cause:
        real.unavailable("Kafka and PostgreSQL", cause)

    async def crash_broker() -> None:
        await asyncio.to_thread(broker.crash)
        await asyncio.sleep(1.0)
        await asyncio.to_thread(broker.start)

    async def crash_postgres() -> None:
        await asyncio.to_thread(postgres.crash)
        await asyncio.to_thread(postgres.start)

    async def backend() -> None:
        assert postgres._server.process_id is not None
        await kill_a_backend(postgres._server.process_id)

    def database(context: str) -> str:
        return postgres.url(package_of(context))

    log = f"kafka://{broker.address}"
    try:
        async with apart(folder, log=log, database=database) as installation:

            async def monitor() -> None:
                await installation.kill9("monitor")
                await installation.start("monitor")
                await installation.ready()

            kills = {"broker": crash_broker, "postmaster": crash_postgres, "backend": backend, "server": monitor}
            found = await doors.connect_to_each_service([installation.urls(context) for context in CONTEXTS], 60.0)
            async with found.client as client:
                yield Besieged(client, log, lambda: database("monitor"), kills)
    finally:
        postgres.remove()
        broker.remove()


async def kill_a_backend(postmaster: int) -> None:
    children = psutil.Process(postmaster).children()
    sessions = [each for each in children if "slm_" in " ".join(each.cmdline())]
    if sessions:
        random.choice(sessions).kill()


async def ask(besieged: Besieged, method: str, path: str, body: Any) -> Any:
    """Repeat a request until it is accepted, as the documentation advises clients; return the answer."""
    headers = {"Authorization": f"Bearer {KEY}"}
    said = ""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    answer = await besieged.client.request(method, path, json=body, headers=headers)
                except httpx.TransportError as error:
                    said = repr(error)
                else:
                    if answer.is_success:
                        return answer.json()
                    said = answer.text
                    assert answer.status_code in (429, 502, 503, 504), said
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{method} {path}: {said}") from None


async def send(besieged: Besieged, owner: str, batches: AsyncIterator[int], done: list[int]) -> None:
    """Measurements with ids, and now and then a party."""
    began = SystemClock().now() - 3_600 * SECOND
    async for number in batches:
        items = [
            {
                "indicator": INDICATOR,
                "owner": owner,
                "id": f"{number}-{each}",
                "source": "attack",
                "at": to_text(began + (number * BATCH + each) * 1_000),
                "state": "down" if each % 2 else "up",
            }
            for each in range(BATCH)
        ]
        answer = await ask(besieged, "POST", "/api/v1/measurements", items)
        assert answer["accepted"] == BATCH, answer
        await ask(besieged, "POST", "/api/v1/parties", {"key": f"party-{number}", "name": f"Party {number}"})
        done.append(number)


async def load(besieged: Besieged, owner: str, stop: asyncio.Event, done: list[int]) -> None:
    """Send until told to stop."""
    counter = iter(range(1_000_000))

    async def batches() -> AsyncIterator[int]:
        while not stop.is_set():
            yield next(counter)
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(send(besieged, owner, batches(), done))


async def settled(besieged: Besieged, expected: int) -> tuple[int, int]:
    """Wait until as many facts are stored as were acknowledged; return their number, and that of different ones."""
    rows = (0, 0)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while rows[0] < expected:
                try:
                    connection = await asyncpg.connect(besieged.monitor_url())
                    query = "SELECT count(*), count(DISTINCT key) FROM fact WHERE subject LIKE $1"
                    row = await connection.fetchrow(query, f"%/{INDICATOR}")
                    await connection.close()
                    rows = (row[0], row[1])
                except (OSError, asyncpg.PostgresError):
                    pass
                await asyncio.sleep(0.5)
            # Whatever is doubled comes after what was missing.
            await asyncio.sleep(2.0)
    except TimeoutError:
        raise AssertionError(f"{rows[0]} of {expected} acknowledged facts are kept") from None
    return rows


async def registered(besieged: Besieged) -> Counter[str]:
    """Name of a party → number of event ids under which it was published."""
    log = await open_log(besieged.log_url, clock=SystemClock(), client="attack")
    try:
        records = await aftermath.read_all(log, [CATALOGUE.name])
    finally:
        await log.close()
    told = {(each.key, each.headers["ce_id"]) for each in records if "party-registered" in each.headers["ce_type"]}
    return Counter(key for key, _ in told)


async def besiege(besieged: Besieged, effort: Effort) -> None:
    """Kill in turn under load; then count."""
    owner = (await ask(besieged, "POST", "/api/v1/parties", {"key": "owner", "name": "Owner"}))["party_id"]
    indicator = {"key": INDICATOR, "kind": "availability", "initial_state": "up", "owner_party_id": owner}
    await ask(besieged, "POST", "/api/v1/indicators", indicator)
    stop, done, chance = asyncio.Event(), list[int](), effort.random()
    sending = asyncio.create_task(load(besieged, owner, stop, done))
    try:
        for _ in range(effort.cases(1, 8)):
            for name, kill in besieged.kills.items():
                await asyncio.sleep(chance.uniform(0.5, 2.0))
                before = len(done)
                await kill()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while len(done) < before + SENDERS + 1 and not sending.done():  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
                besieged.said.append(f"{name}: {len(done)} batches so far")
    finally:
        stop.set()
        await sending
    print(*besieged.said, sep="\n")
    kept, distinct = await settled(besieged, len(done) * BATCH)
    assert (kept, distinct) == (len(done) * BATCH, len(done) * BATCH)
    told = await registered(besieged)
    assert len(told) == len(done) + 1, "a party that was acknowledged was never told of"
    assert set(told.values()) == {1}, "a party was told of under two ids"


async def test_everything_in_one_process_loses_and_doubles_nothing(tmp_path: Path, effort: Effort) -> None:
    async with in_one_process(tmp_path) as besieged:
        await besiege(besieged, effort)


@pytest.mark.skipif(not WHOLE, reason="on Kafka by make attack")
@pytest.mark.timeout(1800)
async def test_four_processes_on_kafka_lose_and_double_nothing(tmp_path: Path, effort: Effort) -> None:
    async with in_four_processes(tmp_path) as besieged:
        await besiege(besieged, effort)
