"""An event log in the memory of one process, for tests. Apart from durability it behaves like the other adapters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from slm_chassis.clock import real_now
from slm_chassis.log.partitioner import partition_of
from slm_chassis.log.port import (
    Batch,
    Consumer,
    LogUnavailable,
    OffsetVanished,
    Rebalance,
    Record,
    StoredRecord,
    TopicPartition,
    TopicSpec,
    UnknownTopic,
)
from slm_chassis.log.sharing import share_of
from slm_chassis.log.wakeups import Bell, Wakeups

TAIL_RECORDS = 1_000
TAIL_SECONDS = 60.0


@dataclass(slots=True)
class _Partition:
    first: int = 0
    records: list[StoredRecord] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.first + len(self.records)


class MemoryEventLog:
    """The ``EventLog`` port on lists. ``fail_next`` simulates an outage and ``forget`` simulates retention."""

    def __init__(self) -> None:
        self._topics: dict[str, list[_Partition]] = {}
        self._groups: dict[str, list[MemoryConsumer]] = {}
        self._wakeups = Wakeups()
        self._failures = 0

    async def ensure_topics(self, specs: Sequence[TopicSpec]) -> None:
        for spec in specs:
            held = self._topics.setdefault(spec.name, [_Partition() for _ in range(spec.partitions)])
            if len(held) != spec.partitions:
                raise UnknownTopic(f"topic {spec.name} has {len(held)} partitions, not {spec.partitions}")

    async def partitions(self, topic: str) -> int:
        return len(self._held(topic))

    async def append(
        self, topic: str, records: Sequence[Record], partition: int | None = None
    ) -> Sequence[tuple[int, int]]:
        held = self._held(topic)
        if self._failures:
            self._failures -= 1
            raise LogUnavailable("the test makes this append fail")
        positions = []
        for record in records:
            number = partition_of(record.key, len(held)) if partition is None else partition
            if not 0 <= number < len(held):
                raise UnknownTopic(f"topic {topic} has no partition {number}")
            at = held[number].end
            held[number].records.append(
                StoredRecord(topic, number, at, record.key, record.value, dict(record.headers), real_now())
            )
            positions.append((number, at))
        self._wakeups.ring(topic)
        return positions

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        return {number: held.end for number, held in enumerate(self._held(topic))}

    async def begin_offsets(self, topic: str) -> Mapping[int, int]:
        return {number: held.first for number, held in enumerate(self._held(topic))}

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str], rebalance: Rebalance) -> AsyncIterator[Consumer]:
        for topic in topics:
            self._held(topic)
        members = self._groups.setdefault(group, [])
        with self._wakeups.bell(topics) as bell:
            consumer = MemoryConsumer(self, members, topics, rebalance, bell)
            members.append(consumer)
            self.ring(topics)
            try:
                yield consumer
            finally:
                members.remove(consumer)
                await consumer.release(consumer.assignment)
                self.ring(topics)

    async def tail(self, topics: Sequence[str], positions: Mapping[TopicPartition, int]) -> AsyncIterator[Batch]:
        at = {TopicPartition(t, n): held.end for t in topics for n, held in enumerate(self._held(t))}
        at.update((source, offset) for source, offset in positions.items() if source in at)
        with self._wakeups.bell(topics) as bell:
            while True:
                bell.clear()
                batches = [batch for source, offset in at.items() if (batch := self.read(source, offset, TAIL_RECORDS))]
                for batch in batches:
                    at[batch.source] = batch.next_offset
                    yield batch
                if not batches:
                    await bell.wait(TAIL_SECONDS)

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def fail_next(self, appends: int) -> None:
        """Make the next ``appends`` calls of ``append`` fail as if the log's server could not be reached."""
        self._failures = appends

    def forget(self, source: TopicPartition, before: int) -> None:
        """Delete a partition's records below an offset, as retention does."""
        held = self._held(source.topic)[source.partition]
        del held.records[: before - held.first]
        held.first = before

    def read(self, source: TopicPartition, offset: int, limit: int) -> Batch | None:
        """Return records of one partition from an offset; None if there are none yet. Raises OffsetVanished."""
        held = self._held(source.topic)[source.partition]
        if not held.first <= offset <= held.end:
            raise OffsetVanished(f"{source} holds {held.first}..{held.end}, not {offset}")
        records = held.records[offset - held.first : offset - held.first + limit]
        return Batch(source, records, offset + len(records)) if records else None

    def partition_counts(self, topics: Sequence[str]) -> dict[str, int]:
        """Return the number of partitions of each topic."""
        return {topic: len(self._held(topic)) for topic in topics}

    def ring(self, topics: Sequence[str]) -> None:
        """Wake the consumers of these topics."""
        for topic in topics:
            self._wakeups.ring(topic)

    def _held(self, topic: str) -> list[_Partition]:
        if topic not in self._topics:
            raise UnknownTopic(f"topic {topic} does not exist")
        return self._topics[topic]


class MemoryConsumer:
    """A member of a consumer group. As in the other adapters, its partitions change only during polls."""

    def __init__(
        self,
        log: MemoryEventLog,
        members: list[MemoryConsumer],
        topics: Sequence[str],
        rebalance: Rebalance,
        bell: Bell,
    ) -> None:
        self._log = log
        self._members = members
        self.topics = topics
        self._rebalance = rebalance
        self._positions: dict[TopicPartition, int] = {}
        self._bell = bell
        self._woken = False

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._positions)

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Batch]:
        deadline = asyncio.get_running_loop().time() + wait_seconds
        while True:
            self._bell.clear()
            await self._share()
            batches = self._read(max_records)
            left = deadline - asyncio.get_running_loop().time()
            if batches or left <= 0 or self._woken:
                self._woken = False
                return batches
            await self._bell.wait(left)

    def seek(self, source: TopicPartition, offset: int) -> None:
        if source in self._positions:
            self._positions[source] = offset

    async def commit_hint(self, positions: Mapping[TopicPartition, int]) -> None:
        """Do nothing: no lag tool can read this memory."""

    def wake(self) -> None:
        self._woken = True
        self._bell.ring()

    async def release(self, partitions: frozenset[TopicPartition]) -> None:
        """Give up these partitions after calling ``Rebalance.revoked`` for them."""
        if not partitions:
            return
        for source in partitions:
            del self._positions[source]
        await self._rebalance.revoked(partitions)
        self._log.ring(self.topics)

    async def _share(self) -> None:
        members = {member: member.topics for member in self._members}
        share = share_of(self, members, self._log.partition_counts(self.topics))
        await self.release(self.assignment - share)
        others = {source for member in self._members if member is not self for source in member.assignment}
        gained = frozenset(share - self.assignment - others)
        if gained:
            positions = await self._rebalance.assigned(gained)
            self._positions.update({source: positions[source] for source in gained})

    def _read(self, max_records: int) -> list[Batch]:
        batches = []
        for source, offset in list(self._positions.items()):
            batch = self._log.read(source, offset, max_records)
            if batch:
                batches.append(batch)
                max_records -= len(batch.records)
                # Move it to the end of the order, so that a busy partition does not starve the others.
                del self._positions[source]
                self._positions[source] = batch.next_offset
            if max_records <= 0:
                break
        return batches
