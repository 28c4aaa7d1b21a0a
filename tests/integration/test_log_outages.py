"""The log's server dies and comes back: callers hear of it, nothing acknowledged is lost, readers go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest

from slm_chassis.access_registry import FRESH_SECONDS, AccessRegistry, AccessUnavailable
from slm_chassis.log.kafka import KafkaEventLog
from slm_chassis.log.port import EventLog, LogUnavailable, Record, TopicPartition, TopicSpec
from slm_chassis.log.postgres import PostgresEventLog
from slm_events.catalogue import ACCESS
from tests.conformance.logs import Member
from tests.support import kafka as kafka_support
from tests.support import postgres as postgres_support
from tests.support import real
from tests.support.api import announce, enrolled, running

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


async def test_no_key_is_accepted_two_seconds_after_the_postgres_log_was_lost(postgres_outage: Outage) -> None:
    await _refuses_keys(*postgres_outage)


async def test_no_key_is_accepted_two_seconds_after_the_broker_was_lost(kafka_outage: Outage) -> None:
    await _refuses_keys(*kafka_outage)


async def _refuses_keys(log: EventLog, crash: Callable[[], None], start: Callable[[], None]) -> None:
    await log.ensure_topics([TopicSpec(ACCESS.name, 2, compacted=True)])
    await announce(log, enrolled("slm_a", "viewer"))
    registry = AccessRegistry(log)
    async with running(registry):
        assert await registry.identify("slm_a") is not None
        await asyncio.to_thread(crash)
        await asyncio.sleep(FRESH_SECONDS)
        for key in ("slm_a", "slm_unknown"):
            with pytest.raises(AccessUnavailable):
                await registry.identify(key)
        await asyncio.to_thread(start)
        async with asyncio.timeout(30):
            while not await _is_accepted(registry, "slm_a"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def _is_accepted(registry: AccessRegistry, key: str) -> bool:
    try:
        return await registry.identify(key) is not None
    except AccessUnavailable:
        return False


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
