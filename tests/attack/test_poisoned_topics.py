"""Poisoned topics: every service stays ready, and processes the good records behind any bad one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from slm.contexts import CONTEXTS, package_of
from slm.demo import doors, negotiation, terms
from slm_chassis.clock import SystemClock
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import EventLog, Record
from slm_events.catalogue import ACCESS, MEASUREMENTS, TICKETS, TOPICS
from slm_events.instants import to_text
from tests.attack.conftest import WHOLE, Effort
from tests.attack.hostile_records import intake_records, records_of
from tests.support import postgres as postgres_support
from tests.support.installation import apart
from tests.support.killable import embedded
from tests.support.operator_key import KEY

SETTLES_SECONDS = 120.0
DAY = 86_400_000_000
WRITER = "/attack/source"


@dataclass
class World:
    """An installation with a signed agreement; ``client`` asks any service, ``database`` gives each one's URL."""

    client: httpx.AsyncClient
    health: Sequence[str]
    log: EventLog
    database: dict[str, str]
    cast: negotiation.Cast

    async def not_ready(self) -> list[str]:
        """The services that are not ready, with their reasons, and those that do not answer."""
        found = []
        for url in self.health:
            try:
                async with httpx.AsyncClient(base_url=url, timeout=10) as asking:
                    answer = (await asking.get("/readyz")).json()
            except httpx.TransportError as error:
                found.append(f"{url}: {error!r}")
            else:
                found += answer["reasons"]
        return found


@asynccontextmanager
async def in_one_process(folder: Path) -> AsyncIterator[World]:
    """``slm up`` on its own PostgreSQL."""
    async with embedded(folder, "") as server:
        await server.start()
        log = await open_log(server.log_url, clock=SystemClock(), client="attack")
        databases = {context: server.other_database_url(package_of(context)) for context in CONTEXTS}
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            cast, _ = await negotiation.negotiate_and_sign(client, KEY, to_text(SystemClock().now() - 70 * DAY))
            yield World(client, [server.url], log, databases, cast)
        await log.close()


@asynccontextmanager
async def in_four_processes(folder: Path, broker: str) -> AsyncIterator[World]:
    """Each service as a process of its own, on Kafka."""
    names = {context: postgres_support.fresh_name(package_of(context)) for context in CONTEXTS}
    databases = {context: postgres_support.session().url(name) for context, name in names.items()}
    async with apart(folder, log=f"kafka://{broker}", database=databases.__getitem__) as installation:
        urls = [installation.urls(context) for context in CONTEXTS]
        found = await doors.connect_to_each_service(urls, 60.0)
        log = await open_log(f"kafka://{broker}", clock=SystemClock(), client="attack")
        async with found.client as client:
            cast, _ = await negotiation.negotiate_and_sign(client, KEY, to_text(SystemClock().now() - 70 * DAY))
            yield World(client, [url for replicas in urls for url in replicas], log, databases, cast)
        await log.close()


@pytest.fixture(scope="module", params=["one process", "kafka"])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """An installation with the log in PostgreSQL; with ``make attack`` one on Kafka too."""
    folder = tmp_path_factory.mktemp("world")
    if request.param == "one process":
        async with in_one_process(folder) as world:
            yield world
        return
    if not WHOLE:
        pytest.skip("on Kafka by make attack")
    request.getfixturevalue("postgres")
    async with in_four_processes(folder, request.getfixturevalue("kafka")) as world:
        yield world


def chosen(records: Sequence[Record], effort: Effort, share: int) -> list[Record]:
    """The first bytes record of each topic, and as many of the others as this run tries."""
    rest = list(records[20:])
    effort.random().shuffle(rest)
    return [*records[:20], *rest[: effort.cases(share, len(rest))]]


async def all_read(world: World) -> None:
    """Wait until every consumer has passed everything that is in the log now; none may stand still for long."""
    loop = asyncio.get_running_loop()
    for context in CONTEXTS:
        connection = await asyncpg.connect(world.database[context])
        before: list[str] = []
        try:
            async with asyncio.timeout(SETTLES_SECONDS) as patience:
                while behind := await _behind(world.log, connection):
                    if behind != before:
                        patience.reschedule(loop.time() + SETTLES_SECONDS)
                    before = behind
                    await asyncio.sleep(0.25)
        except TimeoutError:
            raise AssertionError(f"{context} stands before {behind}; {await world.not_ready()}") from None
        finally:
            await connection.close()


async def _behind(log: EventLog, connection: asyncpg.Connection) -> list[str]:
    found = []
    rows = await connection.fetch("SELECT topic, partition, position FROM consumer_position")
    for topic in {row["topic"] for row in rows}:
        ends = await log.end_offsets(topic)
        found += [
            f"{topic}/{row['partition']}@{row['position']} of {ends[row['partition']]}"
            for row in rows
            if row["topic"] == topic and row["position"] < ends[row["partition"]]
        ]
    return found


async def good_ones_arrive(world: World, name: str) -> None:
    """Check that an agreement signed after the poison is evaluated, reported and reviewed, with later keys."""
    now = SystemClock().now()
    cast = await negotiation.gather_cast(world.client, KEY, name)
    agreement = await _signed(world, cast, name, to_text(now - 70 * DAY))
    indicator = {"key": terms.AVAILABILITY_INDICATOR, "kind": "availability", "initial_state": "up"}
    await negotiation.post(world.client, cast.integrator_key, "/api/v1/indicators", indicator)
    outage = {"from": to_text(now - 3 * DAY), "to": to_text(now - 2 * DAY)}
    sent = [{"indicator": terms.AVAILABILITY_INDICATOR, "outage": outage, "id": name}]
    await negotiation.post(world.client, cast.integrator_key, "/api/v1/measurements", sent)
    for listed in ("targets", "breaches", "reviews", "reports"):
        await _listed(world, cast.provider_manager_key, f"/api/v1/{listed}?agreement_id={agreement}")


async def _signed(world: World, cast: negotiation.Cast, name: str, effective_at: str) -> str:
    await negotiation.record_requirement(world.client, cast)
    drafted = await negotiation.draft_agreement(
        world.client, cast, terms.agreement_document(effective_at), f"after-{name}"
    )
    proposed = await negotiation.propose_draft(world.client, cast, drafted)
    countered = await negotiation.make_counter_proposal(
        world.client, cast, proposed, terms.counter_proposal(proposed["document"])
    )
    signed = await negotiation.sign_for_both_parties(
        world.client, cast, await negotiation.accept_counter_proposal(world.client, cast, countered)
    )
    return str(signed["agreement_id"])


async def _listed(world: World, key: str, path: str) -> None:
    try:
        async with asyncio.timeout(SETTLES_SECONDS):
            while not (await negotiation.get(world.client, key, path))["items"]:  # noqa: ASYNC110
                await asyncio.sleep(0.25)
    except TimeoutError:
        raise AssertionError(f"{path} shows nothing; {await world.not_ready()}") from None


@pytest.mark.timeout(1800)
async def test_poison_on_every_topic_stops_nobody(world: World, effort: Effort) -> None:
    written = 0
    for topic in TOPICS:
        if topic in (MEASUREMENTS.name, TICKETS.name):
            records = list(intake_records("poison", WRITER))
        else:
            records = list(records_of(topic, f"poison on {topic}"))
        for record in chosen(records, effort, 20):
            await world.log.append(topic, [record], 0)
            written += 1
    print(f"{written} hostile records written")
    await all_read(world)
    assert await world.not_ready() == []
    await good_ones_arrive(world, "poison")
    assert await world.not_ready() == []


async def test_a_key_is_void_from_an_unreadable_record_of_its_principal_on(world: World) -> None:
    key = world.cast.viewer_key
    mine = await negotiation.get(world.client, KEY, "/api/v1/principals?limit=500")
    [viewer] = [
        each
        for each in mine["items"]
        if each["party_id"] == world.cast.customer_party_id and each["roles"] == ["viewer"]
    ]
    path = "/api/v1/breaches"
    assert (await world.client.get(path, headers={"X-API-Key": key})).status_code == 200
    deep = b"[" * 200_000
    headers = {"ce_id": "1", "ce_source": "/slm/local/agreement", "ce_type": "slm.agreement.key-revoked.v1"}
    await world.log.append(ACCESS.name, [Record(viewer["principal_id"], deep, headers)])
    began = time.monotonic()
    async with asyncio.timeout(2.0):
        while (await world.client.get(path, headers={"X-API-Key": key})).status_code != 401:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    print(f"void after {time.monotonic() - began:.2f} s")
    assert (await world.client.get(path, headers={"X-API-Key": world.cast.integrator_key})).status_code == 200
    issued = await negotiation.post(world.client, KEY, f"/api/v1/principals/{viewer['principal_id']}/keys", {})
    for good in (issued["key"], key):
        async with asyncio.timeout(2.0):
            while (await world.client.get(path, headers={"X-API-Key": good})).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
