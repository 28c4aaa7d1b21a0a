"""Consumer groups of the PostgreSQL log: the live members share the partitions, and each member leases its own.

Leases expire by the clock of the database.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from slm_chassis.identity import new_id
from slm_chassis.log.port import Batch, LogUnavailable, Rebalance, TopicPartition
from slm_chassis.log.postgres_pool import Pool
from slm_chassis.log.postgres_reader import SAFETY_SECONDS, PartitionPlace, PositionReader
from slm_chassis.log.sharing import share_of
from slm_chassis.log.wakeups import Bell

BEAT_SECONDS = 1.0
# A member that has stopped polling for so long loses its partitions, as with Kafka's max.poll.interval.
STUCK_SECONDS = 300.0

BEAT = """
WITH alive AS (
    INSERT INTO member ("group", id, topics, alive_until) VALUES ($1, $2, $3, clock_timestamp() + interval '5 s')
    ON CONFLICT ("group", id) DO UPDATE SET alive_until = excluded.alive_until
), renewed AS (
    UPDATE lease SET expires_at = clock_timestamp() + interval '5 s'
    WHERE "group" = $1 AND member = $2 RETURNING partition
)
SELECT partition, NULL AS id, NULL AS topics FROM renewed
UNION ALL SELECT NULL, id, topics FROM member WHERE "group" = $1 AND id <> $2 AND alive_until > clock_timestamp()
"""
CLAIM = """
INSERT INTO lease ("group", partition, member, expires_at)
SELECT $1, id, $2, clock_timestamp() + interval '5 s' FROM unnest($3::integer[]) AS id ORDER BY id
ON CONFLICT ("group", partition) DO UPDATE
SET member = excluded.member, epoch = lease.epoch + 1, expires_at = excluded.expires_at
WHERE lease.member IS NULL OR lease.expires_at < clock_timestamp()
RETURNING partition
"""
RELEASE = 'UPDATE lease SET member = NULL WHERE "group" = $1 AND member = $2 AND partition = ANY($3::integer[])'
LEAVE = 'DELETE FROM member WHERE "group" = $1 AND id = $2'
HINT = """
UPDATE lease SET read_up_to = given.at FROM unnest($3::integer[], $4::bigint[]) AS given(partition, at)
WHERE lease."group" = $1 AND lease.member = $2 AND lease.partition = given.partition
"""


def group_signal(group: str) -> str:
    """Return the name of the NOTIFY signal for changes in a consumer group."""
    return f"group {group}"


class Leases:
    """The leases of one group member on its partitions.

    ``beat`` renews them; ``give_up`` and ``claim`` adjust them to the member's share of the partitions.
    """

    def __init__(self, pool: Pool, group: str, places: Mapping[TopicPartition, PartitionPlace]) -> None:
        self._pool = pool
        self._group = group
        self._id = new_id()
        self._places = places
        self._sources = {place.id: source for source, place in places.items()}
        self._counts: dict[str, int] = {}
        for source in places:
            self._counts[source.topic] = self._counts.get(source.topic, 0) + 1
        self._lock = asyncio.Lock()
        self.share: frozenset[TopicPartition] = frozenset()
        self.held: frozenset[TopicPartition] = frozenset()

    async def beat(self) -> None:
        """Renew the leases, note which are lost, and compute this member's share of the partitions among the living
        members.
        """
        async with self._lock:
            rows = await self._pool.rows(BEAT, self._group, self._id, list(self._counts))
            # Everything renewed counts as held, even leases that this member does not know. The answer to a claim or a
            # release may have been lost, and a lease that is renewed but not used would leave its partition unread.
            self.held = frozenset(self._sources[row[0]] for row in rows if row[0] in self._sources)
            # Two that join at the same moment see each other at the next beat, which each one's signal rings.
            members = {self._id: list(self._counts)} | {row[1]: row[2] for row in rows if row[1] is not None}
            # In one order for all members, as ``share_of`` demands.
            self.share = share_of(self._id, dict(sorted(members.items())), self._counts)

    async def claim(self) -> None:
        """Claim the partitions of this member's share that nobody holds or whose lease has expired."""
        async with self._lock:
            wanted = [self._places[source].id for source in self.share - self.held]
            taken = await self._pool.rows(CLAIM, self._group, self._id, wanted) if wanted else []
            self.held |= {self._sources[row[0]] for row in taken}

    async def give_up(self, sources: frozenset[TopicPartition]) -> None:
        """Release the leases on these partitions."""
        async with self._lock:
            self.held -= sources
            await self._pool.rows(RELEASE, self._group, self._id, [self._places[source].id for source in sources])

    async def leave(self) -> None:
        """Release all leases and leave the group."""
        await self.give_up(frozenset(self._places))
        await self._pool.rows(LEAVE, self._group, self._id)

    async def hint(self, positions: Mapping[TopicPartition, int]) -> None:
        """Store how far the member has read, for tools that show the lag."""
        known = {self._places[source].id: at for source, at in positions.items() if source in self._places}
        await self._pool.rows(HINT, self._group, self._id, list(known), list(known.values()))


class PostgresConsumer:
    """A member of a consumer group. A task renews its leases; its partitions change only during ``poll``."""

    def __init__(
        self,
        leases: Leases,
        reader: PositionReader,
        places: Mapping[TopicPartition, PartitionPlace],
        rebalance: Rebalance,
        bells: tuple[Bell, Bell],
        announce: Callable[[], None],
    ) -> None:
        self._leases = leases
        self._reader = reader
        self._places = places
        self._rebalance = rebalance
        self._bell, self._group_bell = bells
        self._announce = announce
        self._polled_at = time.monotonic()
        self._woken = False
        self._hints: dict[TopicPartition, int] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        return self._reader.sources

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Batch]:
        deadline = time.monotonic() + wait_seconds
        while True:
            self._bell.clear()
            if self._task is not None and self._task.done():
                self._task.result()
            self._polled_at = time.monotonic()
            await self._settle()
            batches = await self._reader.read(max_records)
            left = deadline - time.monotonic()
            if batches or left <= 0 or self._woken:
                self._woken = False
                if not batches:
                    # Nothing may have been awaited so far: a caller that polls in a loop must let other tasks run.
                    await asyncio.sleep(0)
                return batches
            await self._bell.wait(min(left, SAFETY_SECONDS))

    def seek(self, source: TopicPartition, offset: int) -> None:
        self._reader.seek(source, offset)

    async def commit_hint(self, positions: Mapping[TopicPartition, int]) -> None:
        # Written with the next renewal of the leases: nobody waits for it.
        self._hints |= positions

    def wake(self) -> None:
        self._woken = True
        self._bell.ring()

    async def join(self) -> None:
        """Join the group and begin to renew leases; raises LogUnavailable."""
        await self._leases.beat()
        self._announce()
        self._task = asyncio.create_task(self._keep(), name="log leases")

    async def leave(self) -> None:
        """Give up all partitions at once. If the server cannot be reached, the leases expire instead."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._drop(self.assignment)
        finally:
            with suppress(LogUnavailable):
                await self._hint()
                await self._leases.leave()
            self._announce()

    async def _keep(self) -> None:
        while True:
            await self._group_bell.wait(BEAT_SECONDS)
            self._group_bell.clear()
            if time.monotonic() - self._polled_at < STUCK_SECONDS:
                with suppress(LogUnavailable):
                    await self._leases.beat()
                    await self._hint()
            if self._unsettled():
                self._bell.ring()

    async def _hint(self) -> None:
        if self._hints:
            hints, self._hints = self._hints, {}
            await self._leases.hint(hints)

    def _unsettled(self) -> bool:
        return not self._leases.share == self._leases.held == self.assignment

    async def _settle(self) -> None:
        if not self._unsettled():
            return
        await self._drop(self.assignment - self._leases.held)
        surplus = self._leases.held - self._leases.share
        if surplus:
            await self._drop(self.assignment & surplus)
            await self._leases.give_up(surplus)
            self._announce()
        await self._leases.claim()
        gained = self._leases.held - self.assignment
        if gained:
            positions = await self._rebalance.assigned(gained)
            self._reader.add({source: self._places[source] for source in gained}, positions)

    async def _drop(self, sources: frozenset[TopicPartition]) -> None:
        if sources:
            self._reader.remove(sources)
            await self._rebalance.revoked(sources)
