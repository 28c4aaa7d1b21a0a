"""The log as its users see it: topics of partitions of records, appended durably and read from a position.

Every adapter passes ``tests/conformance/test_event_log.py``.

    LogError
      UnknownTopic        the topic was never created, or with another number of partitions than asked for
      OffsetVanished      a position points before what the log still holds: stop, never skip
      RecordRefused       the log will never take a record of this append: it is too large, say
      LogUnavailable      the log's server is away; the same call may succeed later
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class LogError(Exception):
    """Anything the log cannot do."""


class UnknownTopic(LogError):
    """The topic does not exist; create it at start with ``ensure_topics``."""


class RecordRefused(LogError):
    """A record of this append is one that the log never takes; the others may be appended already, or not."""


class OffsetVanished(LogError):
    """The position lies before the oldest record the log still holds: records were lost to the reader."""


class LogUnavailable(LogError):
    """The log's server cannot be reached or did not answer in time."""


class TopicPartition(NamedTuple):
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record to append. The key decides the partition (murmur2, as Kafka's default) unless one is named."""

    key: str
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the log holds it. ``appended_at`` is the log's own real time, microseconds UTC."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]
    appended_at: int


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic to create. ``retention_days`` None keeps for ever."""

    name: str
    partitions: int
    compacted: bool = False
    retention_days: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition, in order; ``next_offset`` is the position after them.

    May hold no records where the position moved all the same: over marks of transactions, say.
    """

    source: TopicPartition
    records: Sequence[StoredRecord]
    next_offset: int


class Rebalance(Protocol):
    """What a member of a group does when partitions come and go. Must not block longer than a few seconds.

    Called within ``poll`` alone and when leaving, so never beside the member's own work.
    """

    async def assigned(self, partitions: frozenset[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Partitions newly owned → the position to read each from. Positions live with the effects, not in the log."""
        ...

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Partitions owned no longer; perhaps already owned by another. Never called for partitions not assigned."""
        ...


class Consumer(Protocol):
    """One member of a consumer group. Not safe for concurrent use but for ``wake``."""

    @property
    def assignment(self) -> frozenset[TopicPartition]: ...

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Batch]:
        """Records at the positions of the owned partitions, at most one batch a partition; empty after the wait.

        The position moves past what is returned. Raises OffsetVanished, UnknownTopic, LogUnavailable.
        """
        ...

    def seek(self, source: TopicPartition, offset: int) -> None:
        """Read from here at the next poll; ignored for a partition not owned."""
        ...

    async def commit_hint(self, positions: Mapping[TopicPartition, int]) -> None:
        """Tell lag tools how far the group is. Never raises; never decides where a member starts."""
        ...

    def wake(self) -> None:
        """End a waiting poll early (another source of work has something)."""
        ...


class EventLog(Protocol):
    """The log."""

    async def ensure_topics(self, specs: Sequence[TopicSpec]) -> None:
        """Create what does not exist. Raises UnknownTopic where a topic exists with another number of partitions."""
        ...

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has. Raises UnknownTopic."""
        ...

    async def append(
        self, topic: str, records: Sequence[Record], partition: int | None = None
    ) -> Sequence[tuple[int, int]]:
        """Append durably; returns (partition, offset) of each record, in the order given.

        Records of one key keep their order. All of a call is durable when it returns; on an error any part may be.
        """
        ...

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        """Partition → the offset after its last record. Whatever was appended before the call lies below."""
        ...

    async def begin_offsets(self, topic: str) -> Mapping[int, int]:
        """Partition → the offset of its oldest record still held."""
        ...

    def consume(self, group: str, topics: Sequence[str], rebalance: Rebalance) -> AbstractAsyncContextManager[Consumer]:
        """Join a group: its members share the topics' partitions, a dead member's move within some seconds.

        Topics with equal partition counts are assigned alike: partition n of each goes to the same member.
        """
        ...

    def tail(self, topics: Sequence[str], positions: Mapping[TopicPartition, int]) -> AsyncIterator[Batch]:
        """All partitions without a group, for ever, from the positions given (others: from the end as of now).

        An outage of the server is but a delay. Raises OffsetVanished, UnknownTopic.
        """
        ...

    async def close(self) -> None: ...
