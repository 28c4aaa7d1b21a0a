"""The event log in a PostgreSQL database of its own. This is the default log; it needs no broker.

Its parts: ``postgres_writer`` (group commit, offsets without gaps), ``postgres_reader``, ``postgres_recent``
(read-your-writes cache), ``postgres_group`` (leases), ``postgres_signals`` (wake-ups) and ``postgres_tidy`` (retention
and compaction).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from slm_chassis.log.partitioner import partition_of
from slm_chassis.log.port import (
    Batch,
    Consumer,
    LogUnavailable,
    Rebalance,
    Record,
    StoredRecord,
    TopicPartition,
    TopicSpec,
    UnknownTopic,
)
from slm_chassis.log.postgres_group import Leases, PostgresConsumer, group_signal
from slm_chassis.log.postgres_offsets import Offsets, OffsetsReader
from slm_chassis.log.postgres_pool import Pool, raise_log_unavailable
from slm_chassis.log.postgres_reader import SAFETY_SECONDS, PartitionPlace, PositionReader
from slm_chassis.log.postgres_recent import RecentRecords
from slm_chassis.log.postgres_schema import CREATE_LOCK, create_log_database
from slm_chassis.log.postgres_signals import LogSignals
from slm_chassis.log.postgres_tidy import LogCleaner
from slm_chassis.log.postgres_writer import GroupCommitWriter, RecordToAppend
from slm_chassis.log.wakeups import Wakeups

TAIL_RECORDS = 1_000
_RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Topic:
    name: str
    places: tuple[PartitionPlace, ...]

    def by_source(self) -> dict[TopicPartition, PartitionPlace]:
        return {TopicPartition(self.name, number): place for number, place in enumerate(self.places)}


class PostgresEventLog:
    """The ``EventLog`` port on PostgreSQL tables. Create it with ``open``, which creates a missing database and its
    tables.
    """

    def __init__(self, pool: Pool, url: str, client: str) -> None:
        self._pool = pool
        self._wakeups = Wakeups()
        self._recent = RecentRecords()
        self._signals = LogSignals(url, client, self._wakeups, self._recent)
        self._writer = GroupCommitWriter(url, client, self._appended)
        self._ends = OffsetsReader(pool)
        self._tidy = LogCleaner(pool)
        self._tidying: asyncio.Task[None] | None = None
        self._topics: dict[str, _Topic] = {}

    @classmethod
    async def open(cls, url: str, *, client: str) -> PostgresEventLog:
        """Open the log; raises LogUnavailable if the server cannot be reached."""
        with raise_log_unavailable():
            await create_log_database(url, client)
            log = cls(await Pool.open(url, client), url, client)
        log._signals.start()
        log._writer.start()
        log._tidying = asyncio.create_task(log._tidy.run(), name="log tidy")
        return log

    async def close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        await self._writer.stop()
        await self._signals.stop()
        await self._pool.close()

    async def ensure_topics(self, specs: Sequence[TopicSpec]) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", CREATE_LOCK)
            for spec in specs:
                topic = await connection.fetchval(
                    "INSERT INTO topic (name, compacted, retention_days) VALUES ($1, $2, $3) "
                    "ON CONFLICT (name) DO NOTHING RETURNING id",
                    spec.name,
                    spec.compacted,
                    spec.retention_days,
                )
                if topic is not None:
                    await connection.execute(
                        "INSERT INTO partition (topic, number) SELECT $1, generate_series(0, $2 - 1)",
                        topic,
                        spec.partitions,
                    )
        for spec in specs:
            held = await self.partitions(spec.name)
            if held != spec.partitions:
                raise UnknownTopic(f"topic {spec.name} has {held} partitions, not {spec.partitions}")

    async def partitions(self, topic: str) -> int:
        return len((await self._topic(topic)).places)

    async def append(
        self, topic: str, records: Sequence[Record], partition: int | None = None
    ) -> Sequence[tuple[int, int]]:
        places = (await self._topic(topic)).places
        if partition is not None and not 0 <= partition < len(places):
            raise UnknownTopic(f"topic {topic} has no partition {partition}")
        if not records:
            return []
        numbers = [partition_of(r.key, len(places)) if partition is None else partition for r in records]
        rows = [
            RecordToAppend(places[number].id, number, record, msgspec.json.encode(record.headers))
            for number, record in zip(numbers, records, strict=True)
        ]
        return list(zip(numbers, await self._writer.append(topic, rows), strict=True))

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        return {row[0]: row[2] for row in await self._offsets(topic)}

    async def begin_offsets(self, topic: str) -> Mapping[int, int]:
        return {row[0]: row[1] for row in await self._offsets(topic)}

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str], rebalance: Rebalance) -> AsyncIterator[Consumer]:
        places = await self._places(topics)
        signal = group_signal(group)
        with self._wakeups.bell(topics) as bell, self._wakeups.bell([signal]) as group_bell:
            consumer = PostgresConsumer(
                Leases(self._pool, group, places),
                PositionReader(self._pool, self._recent),
                places,
                rebalance,
                (bell, group_bell),
                lambda: self._signals.ring([signal]),
            )
            await consumer.join()
            try:
                yield consumer
            finally:
                await consumer.leave()

    async def tail(self, topics: Sequence[str], positions: Mapping[TopicPartition, int]) -> AsyncIterator[Batch]:
        places = await self._places(topics)
        ends = {TopicPartition(t, n): end for t in topics for n, end in (await self.end_offsets(t)).items()}
        reader = PositionReader(self._pool, self._recent)
        reader.add(places, ends | {source: at for source, at in positions.items() if source in places})
        with self._wakeups.bell(topics) as bell:
            while True:
                bell.clear()
                try:
                    batches = await reader.read(TAIL_RECORDS)
                except LogUnavailable:
                    # No caller waits for an answer here, so an outage is only a delay.
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                for batch in batches:
                    yield batch
                if not batches:
                    await bell.wait(SAFETY_SECONDS)

    async def tidy(self) -> None:
        """Apply retention and compaction now instead of at the next minute."""
        await self._tidy.step()
        self._recent.forget()

    def _appended(self, records: Sequence[StoredRecord]) -> None:
        self._recent.keep(records)
        self._signals.ring({record.topic for record in records})

    async def _places(self, topics: Sequence[str]) -> dict[TopicPartition, PartitionPlace]:
        return {source: place for topic in topics for source, place in (await self._topic(topic)).by_source().items()}

    async def _topic(self, name: str) -> _Topic:
        if name not in self._topics:
            rows = await self._pool.rows(
                "SELECT partition.id, compacted FROM partition JOIN topic ON topic.id = partition.topic "
                "WHERE name = $1 ORDER BY number",
                name,
            )
            if not rows:
                raise UnknownTopic(f"topic {name} does not exist; create it at start")
            self._topics[name] = _Topic(name, tuple(PartitionPlace(row[0], row[1]) for row in rows))
        return self._topics[name]

    async def _offsets(self, topic: str) -> Offsets:
        await self._topic(topic)
        return await self._ends.read(topic)
