"""The way of an event through database, outbox, log and inbox, while the server is killed under it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from sqlalchemy import text

from slm_chassis import tables
from slm_chassis.clock import SystemClock
from slm_chassis.database import Database
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import TopicSpec
from slm_chassis.outbox import OutboxRelay
from slm_chassis.subscriptions import Subscriptions
from slm_chassis.workers import Supervisor
from slm_events.agreement import PartyRegistered
from slm_events.catalogue import TOPICS
from tests.support.postgres import PostgresForTests
from tests.support.real import unavailable
from tests.support.service import count, effects, keep, party, until

KEYS, PER_KEY, CRASHES = 4, 60, 3


@pytest.fixture
def server() -> Iterator[PostgresForTests]:
    try:
        server = PostgresForTests()
    except Exception as cause:
        unavailable("PostgreSQL", cause)
    yield server
    server.remove()


async def open_database(server: PostgresForTests) -> Database:
    database = await Database.open(server.url("service"), clock=SystemClock(), source="/slm/test/agreement")
    async with database.begin() as transaction:
        await transaction.connection.run_sync(tables.create_technical_tables)
        await transaction.execute(text("CREATE TABLE effect (seq bigserial, event_id text, key text, name text)"))
        await transaction.execute(text("CREATE TABLE written (key text PRIMARY KEY, number int)"))
    return database


async def write(database: Database, key: str) -> None:
    """Publish a key's events one by one; after a fault, look how far it got: the outcome is unknown."""
    number = 0
    while number < PER_KEY:
        try:
            async with database.begin() as transaction:
                done = await transaction.execute(
                    text(
                        "INSERT INTO written VALUES (:key, 1)"
                        " ON CONFLICT (key) DO UPDATE SET number = written.number + 1 RETURNING number"
                    ),
                    {"key": key},
                )
                number = done.scalar_one()
                if number <= PER_KEY:
                    transaction.publish(party(key, f"{key}:{number}"))
        except Exception as error:
            assert is_infrastructure_fault(error), repr(error)
            number = 0
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.02)


async def test_a_server_killed_under_load_loses_no_event_and_doubles_no_effect(server: PostgresForTests) -> None:
    admin = await asyncpg.connect(server.url())
    for name in ("service", "log"):
        await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    database = await open_database(server)
    log = await open_log(server.url("log"), clock=SystemClock(), client="test")
    await log.ensure_topics([TopicSpec(topic, partitions=2) for topic in TOPICS])
    members = [Subscriptions("slm-test", database, log, {PartyRegistered: keep}, max_records=9) for _ in range(2)]
    supervisor = Supervisor([OutboxRelay(database, log, max_rows=13), *members], SystemClock())
    supervisor.start()
    writers = [asyncio.create_task(write(database, f"key-{number}")) for number in range(KEYS)]
    for _ in range(CRASHES):
        await asyncio.sleep(0.5)
        await asyncio.to_thread(server.crash)
        await asyncio.sleep(0.1)
        await asyncio.to_thread(server.start)
    await asyncio.gather(*writers)

    async def all_made() -> bool:
        return await count(database, "effect") >= KEYS * PER_KEY

    await until(all_made, 60.0)
    assert supervisor.healthy() == []
    await supervisor.stop()
    found = await effects(database)
    assert len(found) == KEYS * PER_KEY
    for number in range(KEYS):
        prefix = f"key-{number}:"
        mine = [name for name in found if name.startswith(prefix)]
        assert mine == [f"{prefix}{each}" for each in range(1, PER_KEY + 1)]
    assert await count(database, "dead_letter") == 0
    await log.close()
    await database.close()
