"""A read-your-writes cache: the records that this process appended last, for its own readers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from slm_chassis.log.port import StoredRecord, TopicPartition

RECENT_BYTES = 8 << 20


class RecentRecords:
    """This process's newest records by offset, up to a number of bytes. They are durable before they are kept here.

    ``foreign`` increases when another process has, or may have, appended. Then only the tables hold all records.
    """

    def __init__(self, most_bytes: int = RECENT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._held: dict[TopicPartition, dict[int, StoredRecord]] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._order: deque[StoredRecord] = deque()
        self._bytes = 0
        self.foreign = 0

    def keep(self, records: Iterable[StoredRecord]) -> None:
        """Add records, and drop the oldest ones if the limit of bytes is exceeded."""
        for record in records:
            source = TopicPartition(record.topic, record.partition)
            self._held.setdefault(source, {})[record.offset] = record
            self._ends[source] = record.offset + 1
            self._order.append(record)
            self._bytes += len(record.value)
        while self._bytes > self._most_bytes:
            oldest = self._order.popleft()
            self._bytes -= len(oldest.value)
            del self._held[TopicPartition(oldest.topic, oldest.partition)][oldest.offset]

    def forget(self) -> None:
        """Drop all records, because retention or compaction may have deleted some of them."""
        self._held.clear()
        self._order.clear()
        self._bytes = 0

    def run(self, source: TopicPartition, at: int, most: int, most_bytes: int) -> list[StoredRecord]:
        """Return consecutive records of a partition from the offset ``at`` on, within both limits.

        The first record is returned whatever its size.
        """
        held = self._held.get(source)
        found: list[StoredRecord] = []
        while held and len(found) < most and most_bytes > 0 and (record := held.get(at)) is not None:
            found.append(record)
            most_bytes -= len(record.value)
            at += 1
        return found

    def is_past(self, source: TopicPartition, at: int) -> bool:
        """Whether this process has appended a record to the partition at or after the offset ``at``."""
        return self._ends.get(source, 0) > at
