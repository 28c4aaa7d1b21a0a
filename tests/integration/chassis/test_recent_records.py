"""Readers of a process take what it appended itself from memory, and see all the others' records in their place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

import pytest

from slm_chassis.log import postgres_recent
from slm_chassis.log.port import Record, TopicPartition, TopicSpec
from slm_chassis.log.postgres import PostgresEventLog
from slm_chassis.log.postgres_pool import Pool
from tests.support import postgres as postgres_support
from tests.support.postgres import PostgresForTests

Opened = Callable[[], Awaitable[PostgresEventLog]]
TOPIC = "recent"
PARTITIONS = 3


@pytest.fixture
async def opened(postgres: PostgresForTests) -> AsyncIterator[Opened]:
    url, logs = postgres.url(postgres_support.fresh_name("slm_log")), []

    async def another() -> PostgresEventLog:
        log = await PostgresEventLog.open(url, client="recent")
        await log.ensure_topics([TopicSpec(TOPIC, PARTITIONS)])
        logs.append(log)
        return log

    yield another
    for log in logs:
        await log.close()


async def test_what_this_process_appended_is_read_without_asking_the_tables(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, asked = await opened(), []
    rows = Pool.rows

    async def noted(pool: Pool, statement: str, *values: object) -> object:
        asked.append(statement)
        return await rows(pool, statement, *values)

    tail = log.tail([TOPIC], {TopicPartition(TOPIC, number): 0 for number in range(PARTITIONS)})
    coming = asyncio.ensure_future(anext(tail))
    await asyncio.sleep(0.2)
    monkeypatch.setattr(Pool, "rows", noted)
    await log.append(TOPIC, [Record("a", b"one", {"h": "1"}), Record("a", b"two")])
    batch = await coming
    assert [(each.value, each.headers, each.offset) for each in batch.records] == [
        (b"one", {"h": "1"}, 0),
        (b"two", {}, 1),
    ]
    assert not asked
    monkeypatch.undo()
    again = await anext(log.tail([TOPIC], {batch.source: 0}))
    assert again.records == batch.records
    await tail.aclose()


@pytest.mark.parametrize("most_bytes", [0, 200, postgres_recent.RECENT_BYTES])
async def test_records_of_several_processes_are_read_in_order_without_gaps(opened: Opened, most_bytes: int) -> None:
    logs = [await opened() for _ in range(3)]
    for log in logs:
        log._recent._most_bytes = most_bytes
    start = {TopicPartition(TOPIC, number): 0 for number in range(PARTITIONS)}
    written, found = 3 * 200, []

    async def write(log: PostgresEventLog, random: Random) -> None:
        for number in range(200):
            await log.append(TOPIC, [Record(f"k{random.randrange(9)}", b"%d" % number)])
            if random.random() < 0.2:
                await asyncio.sleep(random.random() / 50)

    async def read(log: PostgresEventLog) -> dict[TopicPartition, list[object]]:
        held: dict[TopicPartition, list[object]] = {}
        async with asyncio.timeout(20):
            async for batch in log.tail([TOPIC], start):
                held.setdefault(batch.source, []).extend(batch.records)
                assert batch.records[-1].offset + 1 == batch.next_offset
                if sum(map(len, held.values())) >= written:
                    return held
        raise AssertionError

    reading = [asyncio.create_task(read(log)) for log in logs]
    await asyncio.gather(*(write(log, Random(place)) for place, log in enumerate(logs)))
    found = await asyncio.gather(*reading)
    assert found[0] == found[1] == found[2]
    for records in found[0].values():
        assert [each.offset for each in records] == list(range(len(records)))
