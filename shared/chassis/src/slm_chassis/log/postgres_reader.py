"""Reading from positions in the PostgreSQL log: one query for all partitions, limited in records and bytes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from slm_chassis.log.port import Batch, OffsetVanished, StoredRecord, TopicPartition
from slm_chassis.log.postgres_pool import Pool
from slm_chassis.log.postgres_recent import RecentRecords

SAFETY_SECONDS = 2.0
"""How often a reader looks for records although no signal came, because a signal may be lost."""
CERTAIN_SECONDS = SAFETY_SECONDS
"""How often the tables are read at least, whether signals come or not, because some may have been lost."""
POLL_BYTES = 8 << 20
FIRST_GUESS = 1_000

# A row without an offset means that the position is outside its partition.
READ = """
SELECT partition, at, first_offset, next_offset, "offset", key, value, headers, appended_at
FROM (
    SELECT wanted.partition, wanted.at, wanted.turn, held.first_offset, held.next_offset,
           record."offset", record.key, record.value, record.headers, record.appended_at,
           sum(octet_length(record.value)) OVER (ORDER BY wanted.turn, record."offset")
               - octet_length(record.value) AS size_before
    FROM unnest($1::integer[], $2::bigint[]) WITH ORDINALITY AS wanted(partition, at, turn)
    JOIN partition AS held ON held.id = wanted.partition
    LEFT JOIN LATERAL (
        SELECT * FROM record WHERE partition = wanted.partition AND "offset" >= wanted.at ORDER BY "offset" LIMIT $3
    ) AS record ON true
) AS found
WHERE size_before < $4 OR ("offset" IS NULL AND (at < first_offset OR at > next_offset))
ORDER BY turn, "offset"
LIMIT $3
"""

_headers = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class PartitionPlace:
    """A partition's row id in the tables, and whether its topic is compacted."""

    id: int
    compacted: bool


class PositionReader:
    """Reads some partitions of the log, each from a position. Reading moves the position past the returned records."""

    def __init__(self, pool: Pool, recent: RecentRecords) -> None:
        self._pool = pool
        self._recent = recent
        self._places: dict[TopicPartition, PartitionPlace] = {}
        self._sources: dict[int, TopicPartition] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._average = POLL_BYTES // FIRST_GUESS
        self._foreign = -1
        self._ended_at = 0.0
        """Monotonic time at which everything in the tables had been read; later records may be in the cache of this
        process.
        """

    @property
    def sources(self) -> frozenset[TopicPartition]:
        """The partitions that this reader reads."""
        return frozenset(self._positions)

    def add(self, places: Mapping[TopicPartition, PartitionPlace], positions: Mapping[TopicPartition, int]) -> None:
        """Begin to read these partitions from these positions."""
        for source, place in places.items():
            self._places[source] = place
            self._sources[place.id] = source
            self._positions[source] = positions[source]
        self.doubt()

    def remove(self, sources: Iterable[TopicPartition]) -> None:
        """Stop reading these partitions."""
        for source in sources:
            del self._sources[self._places.pop(source).id]
            del self._positions[source]

    def seek(self, source: TopicPartition, offset: int) -> None:
        """Read a partition from this offset next; ignored for a partition that this reader does not read."""
        if source in self._positions:
            self._positions[source] = offset
            self.doubt()

    def doubt(self) -> None:
        """Query the tables at the next read, because this process's cache may lack records."""
        self._ended_at = 0.0

    async def read(self, max_records: int) -> list[Batch]:
        """Return new records, at most one batch for each partition; raises OffsetVanished and LogUnavailable."""
        if not self._positions:
            return []
        if self._knows_all():
            found = self._remembered(max_records)
            if found or not any(self._recent.is_past(*each) for each in self._positions.items()):
                return self._moved_past(found)
        return self._moved_past(await self._fetched(max_records))

    def _knows_all(self) -> bool:
        """Whether this process itself has appended every record beyond the positions."""
        return self._foreign == self._recent.foreign and time.monotonic() - self._ended_at < CERTAIN_SECONDS

    def _remembered(self, max_records: int) -> dict[TopicPartition, list[StoredRecord]]:
        found: dict[TopicPartition, list[StoredRecord]] = {}
        left, bytes_left = max_records, POLL_BYTES
        for source, at in self._positions.items():
            records = self._recent.run(source, at, left, bytes_left)
            if records:
                found[source] = records
                left -= len(records)
                bytes_left -= sum(len(record.value) for record in records)
        return found

    async def _fetched(self, max_records: int) -> dict[TopicPartition, list[StoredRecord]]:
        # Fetching ten thousand rows to return the eighty that fit would be the most expensive part of catching up.
        limit = min(max_records, max(16, 2 * POLL_BYTES // max(1, self._average)))
        asked, self._foreign, asked_at = dict(self._positions), self._recent.foreign, time.monotonic()
        ids = [self._places[source].id for source in asked]
        rows = await self._pool.rows(READ, ids, list(asked.values()), limit, POLL_BYTES)
        is_all = len(rows) < limit and sum(len(row[6] or b"") for row in rows) < POLL_BYTES
        self._ended_at = asked_at if is_all else 0.0
        found: dict[TopicPartition, list[StoredRecord]] = {}
        for row in rows:
            source = self._sources[row[0]]
            self._check_held(source, row[1], row[2], row[3])
            found.setdefault(source, []).append(_stored(source, row))
        return found

    def _check_held(self, source: TopicPartition, at: int, first: int, end: int) -> None:
        if at > end or (at < first and not self._places[source].compacted):
            raise OffsetVanished(f"{source.topic}/{source.partition} holds {first} to {end}, not {at}")

    def _moved_past(self, found: Mapping[TopicPartition, list[StoredRecord]]) -> list[Batch]:
        batches = []
        for source, records in found.items():
            after = records[-1].offset + 1
            batches.append(Batch(source, records, after))
            # Move it to the end of the order, so that a busy partition does not starve the others.
            del self._positions[source]
            self._positions[source] = after
        count = sum(len(batch.records) for batch in batches)
        if count:
            self._average = sum(len(record.value) for batch in batches for record in batch.records) // count
        return batches


def _stored(source: TopicPartition, row: tuple[int, int, int, int, int, bytes, bytes, bytes, int]) -> StoredRecord:
    _, _, _, _, offset, key, value, headers, appended_at = row
    return StoredRecord(
        source.topic, source.partition, offset, key.decode(errors="replace"), value, _headers_of(headers), appended_at
    )


def _headers_of(written: bytes) -> dict[str, str]:
    """Return a record's headers.

    If another program wrote headers that cannot be read, the result is empty. The record is then not taken for an
    event.
    """
    try:
        return _headers.decode(written)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
