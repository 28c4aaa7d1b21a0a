"""What the PostgreSQL log promises beyond the port: group commit, leases on the database's clock, retention."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from slm_chassis.log.port import LogError, LogUnavailable, Record, TopicPartition, TopicSpec
from slm_chassis.log.postgres import PostgresEventLog
from slm_chassis.log.postgres_group import CLAIM, RELEASE, Leases
from slm_chassis.log.postgres_pool import Pool
from slm_chassis.log.postgres_reader import PartitionPlace
from tests.conformance.logs import Member, read, records, settle, values


@pytest.fixture
async def log(database_url: str) -> AsyncIterator[PostgresEventLog]:
    log = await PostgresEventLog.open(database_url, client="test")
    await log.ensure_topics([TopicSpec("topic", 2), TopicSpec("state", 1, compacted=True)])
    yield log
    await log.close()


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_processes_may_create_the_log_together(database_url: str) -> None:
    logs = await asyncio.gather(*(PostgresEventLog.open(database_url, client="test") for _ in range(4)))
    await asyncio.gather(*(log.ensure_topics([TopicSpec("topic", 2)]) for log in logs))
    await asyncio.gather(*(log.close() for log in logs))


async def test_appends_that_wait_are_committed_together(log: PostgresEventLog, connection: asyncpg.Connection) -> None:
    await asyncio.gather(*(log.append("topic", records("x")) for _ in range(200)))
    transactions = await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM record")
    assert transactions <= 3


async def test_a_bad_append_does_not_fail_those_beside_it(
    log: PostgresEventLog, connection: asyncpg.Connection
) -> None:
    await connection.execute("ALTER TABLE record ADD CHECK (key <> 'bad')")
    outcomes = await asyncio.gather(
        *(log.append("topic", records("x", key=key)) for key in ("good", "bad", "fine")), return_exceptions=True
    )
    assert [isinstance(outcome, LogError) for outcome in outcomes] == [False, True, False]
    assert sum((await log.end_offsets("topic")).values()) == 2


async def test_an_append_that_was_given_up_before_its_turn_is_never_made(
    log: PostgresEventLog, connection: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("SELECT FROM partition FOR UPDATE")
        busy = asyncio.create_task(log.append("state", records("first")))
        await asyncio.sleep(0.2)
        given_up = asyncio.create_task(log.append("state", records("never")))
        await asyncio.sleep(0.2)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
    await busy
    await log.append("state", records("second"))
    async with log.consume("group", ["state"], Member()) as consumer:
        assert values(await read(consumer, 2)) == ["first", "second"]


async def test_a_closed_log_says_so(log: PostgresEventLog) -> None:
    await log.close()
    with pytest.raises(LogUnavailable):
        await log.append("topic", records("late"))


async def test_a_live_members_lease_is_not_taken(log: PostgresEventLog, connection: asyncpg.Connection) -> None:
    owner, other = Member(), Member()
    async with log.consume("group", ["state"], owner) as owning:
        await settle(owning, partitions=1)
        # The owner is busy: it does not poll, but its lease is kept.
        async with log.consume("group", ["state"], other) as waiting:
            for _ in range(14):
                await waiting.poll(1, 0.5)
            assert (len(owner.owned), len(other.owned)) == (1, 0)
            assert await connection.fetchval("SELECT epoch FROM lease") == 1


async def test_an_expired_lease_moves_and_its_zombie_hears_of_it(
    log: PostgresEventLog, connection: asyncpg.Connection
) -> None:
    zombie, heir = Member(), Member()
    async with log.consume("group", ["state"], zombie) as dead, log.consume("group", ["state"], heir) as alive:
        await settle(dead, partitions=1)
        await connection.execute(
            """UPDATE lease SET expires_at = clock_timestamp() - interval '1 s';
            UPDATE member SET alive_until = clock_timestamp() - interval '1 s' WHERE id = (SELECT member FROM lease)"""
        )
        await settle(alive, partitions=1)
        await dead.poll(1, 2.0)
        assert not zombie.owned
        assert len(heir.owned) == 1
        assert await connection.fetchval("SELECT epoch FROM lease") == 2


class LosesOneAnswer(Pool):
    """A pool on which one statement takes effect and its answer never comes."""

    def __init__(self, pool: asyncpg.Pool, statement: str) -> None:
        super().__init__(pool)
        self._statement: str | None = statement

    async def rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        found = await super().rows(statement, *values)
        if statement == self._statement:
            self._statement = None
            raise LogUnavailable("the connection was lost")
        return found


@pytest.mark.parametrize("statement", [CLAIM, RELEASE])
async def test_a_lease_whose_answer_was_lost_is_not_lost_itself(
    statement: str, log: PostgresEventLog, database_url: str, connection: asyncpg.Connection
) -> None:
    source = TopicPartition("state", 0)
    row = await connection.fetchval("SELECT partition.id FROM partition JOIN topic ON topic.id = topic WHERE compacted")
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        leases = Leases(LosesOneAnswer(pool, statement), "group", {source: PartitionPlace(row, True)})
        await leases.beat()
        with pytest.raises(LogUnavailable):
            await leases.claim()
            await leases.give_up(leases.held)
        await leases.beat()
        taken = await connection.fetchval("SELECT member FROM lease") is not None
        assert bool(leases.held) == taken
        await leases.claim()
        assert leases.held == {source}


async def test_compaction_keeps_the_newest_of_each_key(log: PostgresEventLog) -> None:
    await log.append("state", records("1", "2", key="a") + records("3", key="b") + records("4", key="a"))
    await log.tidy()
    async with log.consume("group", ["state"], Member()) as consumer:
        found = await read(consumer, 2)
        assert [(r.offset, r.key) for r in found] == [(2, "b"), (3, "a")]
        assert values(found) == ["3", "4"]
        consumer.seek(TopicPartition("state", 0), 0)
        assert len(await read(consumer, 2)) == 2
    assert await log.begin_offsets("state") == {0: 0}


async def test_retention_drops_what_is_old_and_nothing_else(
    log: PostgresEventLog, connection: asyncpg.Connection
) -> None:
    await log.ensure_topics([TopicSpec("news", 1, retention_days=7)])
    await log.append("news", records("old", "old too"))
    await log.append("topic", records("kept for ever"), partition=0)
    await connection.execute("UPDATE record SET appended_at = appended_at - 8 * 86400000000::bigint")
    await log.append("news", records("young"))
    await log.tidy()
    assert (await log.begin_offsets("news"), await log.end_offsets("news")) == ({0: 2}, {0: 3})
    assert await log.begin_offsets("topic") == {0: 0, 1: 0}
    async with log.consume("group", ["news"], Member({TopicPartition("news", 0): 2})) as consumer:
        assert values(await read(consumer, 1)) == ["young"]


async def test_a_poll_is_limited_in_bytes(log: PostgresEventLog) -> None:
    await log.append("state", [Record(f"key {number}", bytes(3_000_000)) for number in range(6)])
    async with log.consume("group", ["state"], Member()) as consumer:
        sizes: list[int] = []
        while sum(sizes) < 6:
            sizes += [len(batch.records) for batch in await consumer.poll(10_000, 1.0)]
        assert max(sizes) <= 3
