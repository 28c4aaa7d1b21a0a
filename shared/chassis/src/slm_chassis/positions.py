"""A consumer's positions in the log, stored in its own database, and the fence that stops a former owner's writes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from slm_chassis.database import Database, Transaction
from slm_chassis.log.port import Consumer, EventLog, TopicPartition
from slm_chassis.tables import consumer_position as table

RECLAIM_SECONDS = 5.0
"""Seconds from the loss of a partition's fence until the consumer claims the partition again, if the group still
assigns the partition to it.
"""


class FenceLost(Exception):
    """Another process has taken the partition over, so nothing that this process remembers about the partition is
    valid.
    """


@dataclass(slots=True, eq=False)
class PartitionOwnership:
    """One period in which a process owns a partition: the epoch of its fence, and the next offset to handle."""

    source: TopicPartition
    epoch: int
    position: int
    stale: bool = False
    """The outcome of the last transaction is unknown: read the stored position before reading more of the log."""


class OwnedPartitions:
    """The partitions that a consumer owns, with their positions. The log's group calls ``assigned`` and ``revoked``."""

    def __init__(self, consumer: str, database: Database, log: EventLog) -> None:
        self._consumer = consumer
        self._database = database
        self._log = log
        self._owned: dict[TopicPartition, PartitionOwnership] = {}
        self._lost_at: dict[TopicPartition, float] = {}

    def of(self, source: TopicPartition) -> PartitionOwnership | None:
        """Return the ownership of a partition; None if it is not owned."""
        return self._owned.get(source)

    async def assigned(self, partitions: frozenset[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Take partitions over and return the positions from which to read.

        From then on, no former owner of a partition can move its position.
        """
        begins = {topic: await self._log.begin_offsets(topic) for topic in {source.topic for source in partitions}}
        async with self._database.begin() as transaction:
            # Sorted, to prevent deadlocks between two members.
            claimed = [
                await self._claim(transaction, source, begins[source.topic][source.partition])
                for source in sorted(partitions)
            ]
        for ownership in claimed:
            self._owned[ownership.source] = ownership
            self._lost_at.pop(ownership.source, None)
        return {ownership.source: ownership.position for ownership in claimed}

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Forget partitions that the group has taken away."""
        for source in partitions:
            self._owned.pop(source, None)
            self._lost_at.pop(source, None)

    async def move(self, transaction: Transaction, ownership: PartitionOwnership, position: int) -> None:
        """Store the new position of a partition, as the first statement of every transaction that handles its records.

        Raises FenceLost; the transaction must then not commit. Set ``ownership.position`` after the commit.
        """
        moved = await transaction.execute(
            update(table)
            .where(self._is(ownership.source))
            .where(table.c.epoch == ownership.epoch, table.c.position == ownership.position)
            .values(position=position)
        )
        if moved.rowcount == 0:
            raise FenceLost(f"{self._consumer} no longer owns {ownership.source} in epoch {ownership.epoch}")

    def drop(self, ownership: PartitionOwnership) -> None:
        """Forget a partition after FenceLost. ``recover`` claims it again later if the group still assigns it."""
        if self._owned.get(ownership.source) is ownership:
            del self._owned[ownership.source]
            self._lost_at[ownership.source] = time.monotonic()

    async def recover(self, consumer: Consumer) -> None:
        """Correct the positions in memory before a poll.

        A position is read again from the database if the outcome of its last write is unknown. A partition whose fence
        was lost, although the group still assigns it to the consumer, is claimed again.
        """
        for ownership in [each for each in self._owned.values() if each.stale]:
            await self._reread(ownership, consumer)
        # Otherwise a claim that reached the database late would leave the partition without an owner.
        rested = time.monotonic() - RECLAIM_SECONDS
        lost = frozenset(source for source, at in self._lost_at.items() if at <= rested) & consumer.assignment
        if lost:
            for source, position in (await self.assigned(lost)).items():
                consumer.seek(source, position)

    async def _reread(self, ownership: PartitionOwnership, consumer: Consumer) -> None:
        async with self._database.read() as connection:
            row = await connection.execute(
                select(table.c.position).where(self._is(ownership.source), table.c.epoch == ownership.epoch)
            )
            position = row.scalar_one_or_none()
        if position is None:
            self.drop(ownership)
            return
        ownership.position, ownership.stale = position, False
        consumer.seek(ownership.source, position)

    async def _claim(self, transaction: Transaction, source: TopicPartition, begin: int) -> PartitionOwnership:
        fresh = insert(table).values(
            consumer=self._consumer, topic=source.topic, partition=source.partition, epoch=1, position=begin
        )
        claim = fresh.on_conflict_do_update(
            index_elements=list(table.primary_key.columns), set_={"epoch": table.c.epoch + 1}
        ).returning(table.c.epoch, table.c.position)
        row = (await transaction.execute(claim)).one()
        return PartitionOwnership(source, row.epoch, row.position)

    def _is(self, source: TopicPartition) -> ColumnElement[bool]:
        return and_(
            table.c.consumer == self._consumer,
            table.c.topic == source.topic,
            table.c.partition == source.partition,
        )
