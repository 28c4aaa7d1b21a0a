"""A member of a Kafka consumer group. Kafka assigns partitions; ``Rebalance.assigned`` returns where to read them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, errors
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from slm_chassis.log.kafka_clients import KafkaCluster, drop_consumer, start_client
from slm_chassis.log.kafka_errors import translate_kafka_errors
from slm_chassis.log.port import Batch, Rebalance, StoredRecord, TopicPartition
from slm_chassis.log.wakeups import Bell

SESSION_MILLISECONDS = 6_000
HINT_SECONDS = 1.0
RETRY_SECONDS = 0.2

KafkaRecords = Mapping[KafkaPartition, Sequence[ConsumerRecord]]


def to_stored_record(record: ConsumerRecord) -> StoredRecord:
    """Convert a Kafka record to a ``StoredRecord``. Other programs may send no key, no value, or headers that are not
    text.
    """
    return StoredRecord(
        record.topic,
        record.partition,
        record.offset,
        (record.key or b"").decode(errors="replace"),
        record.value or b"",
        {name: (value or b"").decode(errors="replace") for name, value in record.headers},
        record.timestamp * 1_000,
    )


async def batches_of(
    consumer: AIOKafkaConsumer, found: KafkaRecords, before: Mapping[TopicPartition, int]
) -> list[Batch]:
    """Return the records that a consumer fetched as batches, one for each partition.

    A batch is empty if the position only moved, for example past a transaction marker. ``before`` holds the positions
    from which the consumer read; partitions missing in it are left out.
    """
    batches = []
    for source, at in before.items():
        records = [to_stored_record(record) for record in found.get(KafkaPartition(*source), ())]
        after = records[-1].offset + 1 if records else at
        with suppress(errors.IllegalStateError):
            after = max(after, await consumer.position(KafkaPartition(*source)))
        if after > at:
            batches.append(Batch(source, records, after))
    return batches


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Records which partitions Kafka assigns between two polls. ``KafkaConsumer`` acts on that at its next poll."""

    def __init__(self, consumer: AIOKafkaConsumer, bell: Bell) -> None:
        self._consumer = consumer
        self._bell = bell
        self.changed = False
        self.dealt: frozenset[TopicPartition] = frozenset()

    def on_partitions_revoked(self, revoked: Sequence[KafkaPartition]) -> None:
        self.changed, self.dealt = True, frozenset()
        self._bell.ring()

    def on_partitions_assigned(self, assigned: Sequence[KafkaPartition]) -> None:
        for partition in assigned:
            # Must happen before the fetcher's next turn, which would start at the offset committed in Kafka.
            self._consumer.pause(partition)
            self._consumer.seek(partition, 0)
        self.changed, self.dealt = True, frozenset(TopicPartition(*partition) for partition in assigned)
        self._bell.ring()


class KafkaConsumer:
    """A member of a consumer group. If its Kafka client fails, the next poll makes a new one."""

    def __init__(self, cluster: KafkaCluster, group: str, topics: Sequence[str], rebalance: Rebalance) -> None:
        self._cluster = cluster
        self._group = group
        self._topics = topics
        self._rebalance = rebalance
        self._bell = Bell()
        self._woken = False
        self._consumer: AIOKafkaConsumer | None = None
        self._listener: _Listener | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._hints: dict[TopicPartition, int] = {}
        self._hinting: asyncio.Task[None] | None = None

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._positions)

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Batch]:
        deadline = time.monotonic() + wait_seconds
        while True:
            self._bell.clear()
            with translate_kafka_errors():
                batches = await self._turn(max_records, deadline - time.monotonic())
            if batches or self._woken or time.monotonic() >= deadline:
                self._woken = False
                return batches

    def seek(self, source: TopicPartition, offset: int) -> None:
        if source in self._positions and self._consumer is not None:
            self._positions[source] = offset
            with suppress(errors.IllegalStateError):
                self._consumer.seek(KafkaPartition(*source), offset)

    async def commit_hint(self, positions: Mapping[TopicPartition, int]) -> None:
        self._hints.update(positions)
        if self._hinting is None or self._hinting.done():
            self._hinting = asyncio.create_task(self._commit_hints(), name="log hints")

    def wake(self) -> None:
        self._woken = True
        self._bell.ring()

    async def join(self) -> None:
        """Start the client and subscribe to the topics; raises LogUnavailable."""
        with translate_kafka_errors():
            await self._start()

    async def leave(self) -> None:
        """Give up all partitions and close the client."""
        if self._hinting is not None:
            self._hinting.cancel()
            await asyncio.gather(self._hinting, return_exceptions=True)
        try:
            await self._revoke_all()
        finally:
            await self._stop()

    async def _start(self) -> None:
        consumer = self._cluster.consumer(
            group_id=self._group,
            partition_assignment_strategy=[RangePartitionAssignor],
            session_timeout_ms=SESSION_MILLISECONDS,
            heartbeat_interval_ms=SESSION_MILLISECONDS // 4,
        )
        await start_client(consumer, drop_consumer)
        self._consumer, self._listener = consumer, _Listener(consumer, self._bell)
        # After the start, which would otherwise wait for the first assignment.
        consumer.subscribe(topics=self._topics, listener=self._listener)

    async def _stop(self) -> None:
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await drop_consumer(consumer)

    async def _turn(self, max_records: int, seconds: float) -> list[Batch]:
        if self._consumer is None:
            await self._start()
        try:
            await self._settle()
            if not self._positions:
                assert self._consumer is not None
                # There is nothing to fetch, but polling keeps us in the group and raises its coordination errors.
                await self._fetch(max_records, 0.0)
                await self._bell.wait(seconds)
                return []
            return await self._fetch(max_records, seconds)
        except (errors.OffsetOutOfRangeError, errors.NoOffsetForPartitionError):
            raise
        except errors.KafkaError:
            await self._revoke_all()
            await self._stop()
            raise

    async def _settle(self) -> None:
        """If Kafka has assigned partitions since the last poll, give up the old ones and take over the new ones."""
        assert self._consumer is not None and self._listener is not None
        if not self._listener.changed:
            return
        self._listener.changed = False
        await self._revoke_all()
        dealt = self._listener.dealt
        if not dealt:
            return
        try:
            positions = await self._rebalance.assigned(dealt)
        except BaseException:
            self._listener.changed = True
            raise
        if self._listener.changed:
            # Kafka assigned again in the meantime: the next turn gives up what was just taken over.
            self._positions = {source: positions[source] for source in dealt}
            return
        for source in dealt:
            self._positions[source] = positions[source]
            self._consumer.seek(KafkaPartition(*source), positions[source])
            self._consumer.resume(KafkaPartition(*source))

    async def _revoke_all(self) -> None:
        revoked, self._positions = frozenset(self._positions), {}
        if revoked:
            await self._rebalance.revoked(revoked)

    async def _fetch(self, max_records: int, seconds: float) -> list[Batch]:
        assert self._consumer is not None and self._listener is not None
        fetching = asyncio.ensure_future(
            self._consumer.getmany(timeout_ms=max(0, round(seconds * 1_000)), max_records=max_records)
        )
        ringing = asyncio.ensure_future(self._bell.wait(max(seconds, RETRY_SECONDS)))
        try:
            await asyncio.wait((fetching, ringing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ringing.cancel()
            if not fetching.done():
                # While the group is rebalancing it waits longer than its timeout.
                fetching.cancel()
        await asyncio.wait((fetching,))
        if fetching.cancelled() or self._listener.changed:
            return []
        batches = await batches_of(self._consumer, fetching.result(), self._positions)
        self._positions.update({batch.source: batch.next_offset for batch in batches})
        return batches

    async def _commit_hints(self) -> None:
        await asyncio.sleep(HINT_SECONDS)
        hints, self._hints = self._hints, {}
        offsets = {KafkaPartition(*source): at for source, at in hints.items() if source in self._positions}
        if self._consumer is None or not offsets:
            return
        with suppress(errors.KafkaError, OSError):
            async with asyncio.timeout(HINT_SECONDS):
                await self._consumer.commit(offsets)
