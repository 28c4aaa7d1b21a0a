"""The adapters of the log as the conformance suite sees them: one small class each, and what the tests do with them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import asyncpg
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from slm_chassis.clock import SystemClock
from slm_chassis.identity import new_id
from slm_chassis.log.connect import open_log
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Consumer, EventLog, Record, StoredRecord, TopicPartition


class Adapter(Protocol):
    """How a log is opened (twice: like two processes on one log), and made to forget."""

    url: str

    async def open(self) -> EventLog: ...

    async def forget(self, log: EventLog, source: TopicPartition, before: int) -> None: ...


class MemoryAdapter:
    url = "memory://"

    def __init__(self) -> None:
        self._log = MemoryEventLog()

    async def open(self) -> EventLog:
        return self._log

    async def forget(self, log: EventLog, source: TopicPartition, before: int) -> None:
        self._log.forget(source, before)


class PostgresAdapter:
    def __init__(self, url: str) -> None:
        self.url = url

    async def open(self) -> EventLog:
        return await open_log(self.url, clock=SystemClock(), client="conformance")

    async def forget(self, log: EventLog, source: TopicPartition, before: int) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("UPDATE topic SET retention_days = 1 WHERE name = $1", source.topic)
            await connection.execute(
                "UPDATE record SET appended_at = 0 FROM partition JOIN topic ON topic.id = partition.topic "
                'WHERE name = $1 AND number = $2 AND record.partition = partition.id AND "offset" < $3',
                *source,
                before,
            )
        finally:
            await connection.close()
        await log.tidy()  # type: ignore[attr-defined]


class KafkaAdapter:
    def __init__(self, address: str) -> None:
        self._address = address
        self.url = f"kafka://{address}"

    async def open(self) -> EventLog:
        return await open_log(self.url, clock=SystemClock(), client="conformance")

    async def forget(self, log: EventLog, source: TopicPartition, before: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._address)
        await admin.start()
        try:
            await admin.delete_records({KafkaPartition(*source): RecordsToDelete(before)})
        finally:
            await admin.close()


class Member:
    """What a member of a group was given and lost; reads each partition from where it is told, else from its start."""

    def __init__(self, positions: Mapping[TopicPartition, int] | None = None) -> None:
        self._positions = positions or {}
        self.owned: set[TopicPartition] = set()

    async def assigned(self, partitions: frozenset[TopicPartition]) -> Mapping[TopicPartition, int]:
        assert not self.owned & partitions
        self.owned |= partitions
        return {source: self._positions.get(source, 0) for source in partitions}

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        assert partitions <= self.owned
        self.owned -= partitions


def unique(prefix: str) -> str:
    return f"{prefix}-{new_id()}"


def records(*values: str, key: str = "key") -> list[Record]:
    return [Record(key, value.encode()) for value in values]


def values(found: Sequence[StoredRecord]) -> list[str]:
    return [record.value.decode() for record in found]


async def read(consumer: Consumer, count: int, seconds: float = 15.0) -> list[StoredRecord]:
    """Poll until there are ``count`` records; fail the test if they do not come."""
    found: list[StoredRecord] = []
    deadline = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records after {seconds} s"
        for batch in await consumer.poll(10_000, 0.5):
            found.extend(batch.records)
    return found


async def settle(*consumers: Consumer, partitions: int, seconds: float = 20.0) -> None:
    """Poll all consumers until together they own ``partitions`` partitions, and each owns at least one."""
    deadline = time.monotonic() + seconds
    while True:
        sizes = [len(consumer.assignment) for consumer in consumers]
        if sum(sizes) == partitions and all(sizes):
            return
        assert time.monotonic() < deadline, f"{sizes} of {partitions} partitions owned after {seconds} s"
        await asyncio.gather(*(consumer.poll(1, 0.1) for consumer in consumers))
