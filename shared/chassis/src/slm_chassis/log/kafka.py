"""The event log on Apache Kafka, for installations that scale out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from slm_chassis.log.kafka_clients import (
    MAX_RECORD_BYTES,
    KafkaCluster,
    KafkaSecurity,
    SharedClient,
    drop_admin,
    drop_consumer,
    drop_producer,
    start_client,
)
from slm_chassis.log.kafka_consumer import RETRY_SECONDS, KafkaConsumer, batches_of
from slm_chassis.log.kafka_errors import translate_kafka_errors
from slm_chassis.log.partitioner import partition_of
from slm_chassis.log.port import (
    Batch,
    Consumer,
    LogError,
    LogUnavailable,
    Rebalance,
    Record,
    TopicPartition,
    TopicSpec,
    UnknownTopic,
)

APPEND_SECONDS = 10.0
CREATE_SECONDS = 15.0
LOOKUP_SECONDS = 3.0
TAIL_RECORDS = 1_000
TAIL_MILLISECONDS = 60_000
DAY_MILLISECONDS = 86_400_000
BROKERS_DEFAULT = -1
NO_ERROR = 0
TOPIC_ALREADY_EXISTS = 36


class KafkaEventLog:
    """The ``EventLog`` port on Kafka topics. Create it with ``open``."""

    def __init__(self, cluster: KafkaCluster, append_seconds: float) -> None:
        self._cluster = cluster
        self._append_seconds = append_seconds
        self._producer = SharedClient(cluster.producer, drop_producer)
        self._admin = SharedClient(cluster.admin, drop_admin)
        self._lookup = SharedClient(cluster.consumer, drop_consumer)
        self._partitions: dict[str, int] = {}

    @classmethod
    async def open(
        cls, servers: str, *, client: str, append_seconds: float = APPEND_SECONDS, security: KafkaSecurity | None = None
    ) -> KafkaEventLog:
        """Connect to ``host:port[,host:port]``; raises LogUnavailable if no broker answers.

        ``append_seconds`` is how long an append waits for brokers that cannot be reached.
        """
        log = cls(KafkaCluster(servers, client, (security or KafkaSecurity()).options()), append_seconds)
        async with log._admin.use():
            return log

    async def close(self) -> None:
        for shared in (self._producer, self._admin, self._lookup):
            await shared.drop()

    async def ensure_topics(self, specs: Sequence[TopicSpec]) -> None:
        async with self._admin.use() as admin:
            held = await _counts(admin, [spec.name for spec in specs])
            missing = [spec for spec in specs if spec.name not in held]
            if missing:
                await _create(admin, missing)
                held = await _counts(admin, [spec.name for spec in specs])
        for spec in specs:
            if held[spec.name] != spec.partitions:
                raise UnknownTopic(f"topic {spec.name} has {held[spec.name]} partitions, not {spec.partitions}")

    async def partitions(self, topic: str) -> int:
        if topic not in self._partitions:
            async with self._admin.use() as admin:
                self._partitions.update(await _counts(admin, [topic]))
        if topic not in self._partitions:
            raise UnknownTopic(f"topic {topic} does not exist; create it at start")
        return self._partitions[topic]

    async def append(
        self, topic: str, records: Sequence[Record], partition: int | None = None
    ) -> Sequence[tuple[int, int]]:
        count = await self.partitions(topic)
        if partition is not None and not 0 <= partition < count:
            raise UnknownTopic(f"topic {topic} has no partition {partition}")
        async with self._producer.use() as producer, asyncio.timeout(self._append_seconds):
            sent = []
            for record in records:
                future = await producer.send(
                    topic,
                    record.value,
                    record.key.encode(),
                    partition_of(record.key, count) if partition is None else partition,
                    headers=[(name, value.encode()) for name, value in record.headers.items()],
                )
                future.add_done_callback(_seen)
                sent.append(future)
            return [(done.partition, done.offset) for done in await asyncio.gather(*sent)]

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        sources = [KafkaPartition(topic, number) for number in range(await self.partitions(topic))]
        async with self._lookup.use() as lookup, asyncio.timeout(LOOKUP_SECONDS):
            ends = await lookup.end_offsets(sources)
        return {source.partition: ends[source] for source in sources}

    async def begin_offsets(self, topic: str) -> Mapping[int, int]:
        sources = [KafkaPartition(topic, number) for number in range(await self.partitions(topic))]
        async with self._lookup.use() as lookup, asyncio.timeout(LOOKUP_SECONDS):
            begins = await lookup.beginning_offsets(sources)
        return {source.partition: begins[source] for source in sources}

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str], rebalance: Rebalance) -> AsyncIterator[Consumer]:
        for topic in topics:
            await self.partitions(topic)
        consumer = KafkaConsumer(self._cluster, group, topics, rebalance)
        await consumer.join()
        try:
            yield consumer
        finally:
            await consumer.leave()

    async def tail(self, topics: Sequence[str], positions: Mapping[TopicPartition, int]) -> AsyncIterator[Batch]:
        at = {TopicPartition(t, n): end for t in topics for n, end in (await self.end_offsets(t)).items()}
        at.update((source, offset) for source, offset in positions.items() if source in at)
        while True:
            try:
                async with aclosing(self._tail_once(at)) as batches:
                    async for batch in batches:
                        at[batch.source] = batch.next_offset
                        yield batch
            except LogUnavailable:
                # No caller waits for an answer here, so an outage is only a delay.
                await asyncio.sleep(RETRY_SECONDS)

    async def _tail_once(self, at: Mapping[TopicPartition, int]) -> AsyncGenerator[Batch, None]:
        consumer: AIOKafkaConsumer = self._cluster.consumer()
        with translate_kafka_errors():
            await start_client(consumer, drop_consumer)
            try:
                consumer.assign([KafkaPartition(*source) for source in at])
                for source, offset in at.items():
                    consumer.seek(KafkaPartition(*source), offset)
                while True:
                    found = await consumer.getmany(timeout_ms=TAIL_MILLISECONDS, max_records=TAIL_RECORDS)
                    for batch in await batches_of(consumer, found, dict(at)):
                        yield batch
            finally:
                await drop_consumer(consumer)


def _seen(future: asyncio.Future[object]) -> None:
    """Read the error of an append that went on after its caller had already got an error.

    Without this, asyncio would log that the error was never retrieved.
    """
    if not future.cancelled():
        future.exception()


def _new_topic(spec: TopicSpec) -> NewTopic:
    kept = -1 if spec.retention_days is None else spec.retention_days * DAY_MILLISECONDS
    return NewTopic(
        spec.name,
        spec.partitions,
        BROKERS_DEFAULT,
        # With None the client would demand a number of replicas.
        replica_assignments={},
        topic_configs={
            # The time of arrival decides which event times lie in the future, so it comes from the broker's clock.
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(MAX_RECORD_BYTES),
            # The broker decompresses what other clients send: this client reads only gzip and would stop at the rest.
            "compression.type": "uncompressed",
            "cleanup.policy": "compact" if spec.compacted else "delete",
            "retention.ms": str(kept),
            "retention.bytes": "-1",
        },
    )


async def _counts(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> dict[str, int]:
    """Return the number of partitions of each topic that exists."""
    described = await admin.describe_topics(list(topics))
    return {topic["topic"]: len(topic["partitions"]) for topic in described if topic["partitions"]}


async def _create(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    """Create topics and wait until every partition has a leader."""
    answer = await admin.create_topics([_new_topic(spec) for spec in specs])
    for topic, code, message in answer.topic_errors:
        if code not in (NO_ERROR, TOPIC_ALREADY_EXISTS):
            raise LogError(f"Kafka refuses to create topic {topic}: {message}")
    for _ in range(round(CREATE_SECONDS / RETRY_SECONDS)):
        topics = await admin.describe_topics([spec.name for spec in specs])
        if all(topic["partitions"] and not any(each["error_code"] for each in topic["partitions"]) for topic in topics):
            return
        await asyncio.sleep(RETRY_SECONDS)
    raise LogUnavailable(f"Kafka did not find leaders for new topics within {CREATE_SECONDS:.0f} s")
