"""The port of the event log: topics are divided into partitions of records, appended durably and read from a position.

Every adapter passes ``tests/conformance/test_event_log.py``.

    LogError
      UnknownTopic        the topic or partition does not exist, or the number of partitions is not the demanded one
      OffsetVanished      the log no longer holds the position: the reader must stop and never skip
      RecordRefused       the log will never accept a record of this append, for example because it is too large
      LogUnavailable      the log's server cannot be reached; the same call may succeed later
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from slm_events.instants import UtcMicroseconds


class LogError(Exception):
    """The base of all errors of the log."""


class UnknownTopic(LogError):
    """The topic or the partition does not exist, or the topic has not the demanded number of partitions.

    ``ensure_topics`` creates missing topics at the start.
    """


class RecordRefused(LogError):
    """The log will never accept one of the append's records. The others may have been appended or not."""


class OffsetVanished(LogError):
    """The position lies before the oldest record in the log: the reader has missed records."""


class LogUnavailable(LogError):
    """The log's server cannot be reached or did not answer in time."""


class TopicPartition(NamedTuple):
    """One partition of a topic, by its number."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record to append. Its key decides the partition (murmur2, as in Kafka) unless the append names one."""

    key: str
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record in the log. ``appended_at`` is real time on the log's own clock, microseconds UTC."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]
    appended_at: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic to create. If ``retention_days`` is None, the log keeps the topic's records for ever."""

    name: str
    partitions: int
    compacted: bool = False
    retention_days: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition, in order. ``next_offset`` is the position after them.

    A batch without records means that only the position moved, for example past a transaction marker in Kafka.
    """

    source: TopicPartition
    records: Sequence[StoredRecord]
    next_offset: int


class Rebalance(Protocol):
    """The reaction of a group's member when it gains or loses partitions. It must not block for more than a few
    seconds.

    It is called only during ``poll`` and when the member leaves, so never in parallel with the member's own work.
    """

    async def assigned(self, partitions: frozenset[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the position from which to read each gained partition.

        Positions are stored with the effects of the records, not in the log.
        """
        ...

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Stop working on lost partitions, which another member may own already. Called only for partitions that
        ``assigned`` got before.
        """
        ...


class Consumer(Protocol):
    """One member of a consumer group. Only ``wake`` may be called concurrently."""

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that this member owns."""

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Batch]:
        """Return new records of the owned partitions, at most one batch for each; empty if none came within the wait.

        Each position moves past the returned records. Raises OffsetVanished, UnknownTopic and LogUnavailable.
        """
        ...

    def seek(self, source: TopicPartition, offset: int) -> None:
        """Read the partition from this offset at the next poll; ignored if it is not owned."""
        ...

    async def commit_hint(self, positions: Mapping[TopicPartition, int]) -> None:
        """Publish, for tools that show the lag, how far the group has read.

        It never raises, and no member starts reading from these positions.
        """
        ...

    def wake(self) -> None:
        """End a waiting poll early, because the caller has other work."""
        ...


class EventLog(Protocol):
    """An append-only log of records in topics."""

    async def ensure_topics(self, specs: Sequence[TopicSpec]) -> None:
        """Create the missing topics; raises UnknownTopic if a topic exists and its number of partitions is not the
        specified one.
        """
        ...

    async def partitions(self, topic: str) -> int:
        """Return the number of a topic's partitions; raises UnknownTopic."""
        ...

    async def append(
        self, topic: str, records: Sequence[Record], partition: int | None = None
    ) -> Sequence[tuple[int, int]]:
        """Append records durably; return (partition, offset) of each, in the given order.

        Records with the same key keep their order. When the call returns, all its records are durable. If it
        raises an error, any of them may have been appended.
        """
        ...

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        """Return for each partition the offset after its last record.

        Every record appended before the call has a lower offset.
        """
        ...

    async def begin_offsets(self, topic: str) -> Mapping[int, int]:
        """Return for each partition the offset of its oldest record that the log still holds."""
        ...

    def consume(self, group: str, topics: Sequence[str], rebalance: Rebalance) -> AbstractAsyncContextManager[Consumer]:
        """Join a consumer group, whose members share the partitions of the topics.

        The partitions of a member that died move to others within some seconds. Topics with equal numbers of partitions
        are assigned alike: partition n of each goes to the same member.
        """
        ...

    def tail(self, topics: Sequence[str], positions: Mapping[TopicPartition, int]) -> AsyncIterator[Batch]:
        """Yield the records of all partitions for ever, without a group.

        A partition is read from its given position on or, if it has none, from its present end on. During an outage of
        the server the iterator waits. Raises OffsetVanished and UnknownTopic.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
