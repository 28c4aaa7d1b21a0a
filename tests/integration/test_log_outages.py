"""The log's server dies and comes back: callers hear of it, nothing acknowledged is lost, readers go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest

from slm_chassis.log.kafka import KafkaEventLog
from slm_chassis.log.port import EventLog, LogUnavailable, Record, TopicPartition, TopicSpec
from slm_chassis.log.postgres import PostgresEventLog
from tests.conformance.logs import Member
from tests.support import kafka as kafka_support
from tests.support import postgres as postgres_support
from tests.support import real

FROM_THE_START = {TopicPartition("topic", 0): 0, TopicPartition("topic", 1): 0}
Outage = tuple[EventLog, Callable[[], None], Callable[[], None]]


@pytest.fixture
async def postgres_outage() -> AsyncIterator[Outage]:
    try:
        server = postgres_support.PostgresForTests()
    except Exception as cause:
        real.unavailable("PostgreSQL", cause)
    log = await PostgresEventLog.open(server.url("slm_log"), client="outage")
    yield log, server.crash, server.start
    await log.close()
    server.remove()


@pytest.fixture
async def kafka_outage() -> AsyncIterator[Outage]:
    try:
        broker = kafka_support.private()
    except Exception as cause:
        real.unavailable("Kafka", cause)
    log = await KafkaEventLog.open(broker.address, client="outage", append_seconds=2.0)
    yield log, broker.crash, broker.start
    await log.close()
    broker.remove()


async def test_the_postgres_log_survives_its_server(postgres_outage: Outage) -> None:
    await _survives(*postgres_outage)


async def test_the_kafka_log_survives_its_broker(kafka_outage: Outage) -> None:
    await _survives(*kafka_outage)


async def _survives(log: EventLog, crash: Callable[[], None], start: Callable[[], None]) -> None:
    await log.ensure_topics([TopicSpec("topic", 2)])
    seen: set[str] = set()
    tailed: set[str] = set()
    reading = asyncio.create_task(_read(log, seen))
    tailing = asyncio.create_task(_tail(log, tailed))
    acknowledged = [await _append(log, f"before {number}") for number in range(20)]
    await _until(lambda: seen >= set(acknowledged))

    await asyncio.to_thread(crash)
    with pytest.raises(LogUnavailable):
        await log.append("topic", [Record("key", b"refused")])
    with pytest.raises(LogUnavailable):
        await log.end_offsets("topic")
    await asyncio.to_thread(start)

    acknowledged += [await _append(log, f"after {number}") for number in range(20)]
    assert sum((await log.end_offsets("topic")).values()) >= len(acknowledged)
    try:
        await _until(lambda: seen >= set(acknowledged) and tailed >= set(acknowledged))
    finally:
        for task in (reading, tailing):
            task.cancel()
        await asyncio.gather(reading, tailing, return_exceptions=True)


async def _append(log: EventLog, value: str) -> str:
    """Until it is acknowledged."""
    deadline = time.monotonic() + 30
    while True:
        try:
            await log.append("topic", [Record(value, value.encode())])
            return value
        except LogUnavailable:
            assert time.monotonic() < deadline, "the log did not come back"
            await asyncio.sleep(0.1)


async def _read(log: EventLog, seen: set[str]) -> None:
    async with log.consume("group", ["topic"], Member()) as consumer:
        while True:
            try:
                for batch in await consumer.poll(100, 0.5):
                    seen.update(record.value.decode() for record in batch.records)
            except LogUnavailable:
                await asyncio.sleep(0.1)


async def _tail(log: EventLog, seen: set[str]) -> None:
    async with aclosing(log.tail(["topic"], FROM_THE_START)) as batches:  # type: ignore[type-var]
        async for batch in batches:
            seen.update(record.value.decode() for record in batch.records)


async def _until(reached: Callable[[], bool]) -> None:
    for _ in range(600):
        if reached():
            return
        await asyncio.sleep(0.05)
    pytest.fail("not everything acknowledged was read within 30 s")
