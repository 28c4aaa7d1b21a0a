"""The judge at work: it owns partitions of the intake, and steps each through facts, news and timers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from slm_chassis.clock import Clock
from slm_chassis.dead_letters import REDRIVEN
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.port import Batch, Consumer, EventLog, LogUnavailable, StoredRecord, TopicPartition
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.application.partition import Partition, Work
from slm_monitor.application.ports import DeadRecord, InboxRow, JudgeStore, NotOwner, Step
from slm_monitor.application.reading import Reader

GROUP = "slm-monitor-judge"
MOST_RECORDS = 500
CHECKPOINT_SECONDS = 1.0
INBOX_SECONDS = 0.5
ATTEMPTS = 3
ORPHANED_SECONDS = 10.0
"""Twice the life of a lease: by then the new owner, if there is one, has been assigned what we lost."""
MOST_DEAD_IN_A_ROW = 100
_TOPICS = (MEASUREMENTS.name, TICKETS.name)
_logger = structlog.get_logger(__name__)


class TooManyPoisoned(Exception):
    """So many records in a row could not be judged that the fault is the judge's: stop, park nothing more."""


class Judge:
    """A worker: a member of the judge's consumer group. ``step`` is one turn; ``run`` turns until cancelled."""

    name = "judge"

    def __init__(
        self, store: JudgeStore, log: EventLog, clock: Clock, reader: Reader, partitions: int,
        stepped: Callable[[Step], None] = lambda step: None,
    ) -> None:  # fmt: skip
        self._store = store
        self._log = log
        self._clock = clock
        self._reader = reader
        self._partitions = partitions
        self._stepped = stepped
        self._owned: dict[int, Partition] = {}
        self._assigned: set[TopicPartition] = set()
        self._consumer: Consumer | None = None
        self._inbox_rings = True
        self._inbox_read_at = 0.0
        self._saved_at: dict[int, float] = {}
        self._waits_for: dict[int, tuple[int, dict[str, int]]] = {}
        self._dead_in_a_row = 0
        self._lost_at: dict[int, float] = {}

    # -- owning -------------------------------------------------------------------------------------------------

    async def assigned(self, partitions: frozenset[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Take over what both intake topics assign; the positions to read from are in the partition's row."""
        self._assigned |= partitions
        for number in sorted({each.partition for each in partitions}):
            loaded = await self._store.take_over(number)
            self._owned[number] = partition = Partition(loaded, self._store, self._partitions)
            self._lost_at.pop(number, None)
            await partition.recover(loaded)
        self._inbox_rings = True
        return {each: self._owned[each.partition].positions[each.topic] for each in partitions}

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        self._assigned -= partitions
        for number in {each.partition for each in partitions}:
            self._drop(number)
            self._lost_at.pop(number, None)

    def _drop(self, number: int) -> None:
        self._owned.pop(number, None)
        self._waits_for.pop(number, None)
        self._lost_at[number] = time.monotonic()

    def _rejoin_if_orphaned(self) -> None:
        """A partition lost to the fence but assigned to us still is judged by nobody: join the group anew."""
        now = time.monotonic()
        orphaned = [number for number, lost_at in self._lost_at.items() if now - lost_at > ORPHANED_SECONDS]
        if orphaned:
            raise LogUnavailable(f"partitions {orphaned} were taken over by nobody; joining again")

    async def _reload(self, number: int) -> Partition | None:
        """Forget a partition's memory and read it again; None where it is another's by now."""
        held = self._owned.pop(number)
        try:
            loaded = await self._store.reload(number, held.epoch)
        except NotOwner:
            _logger.warning("partition lost", partition=number)
            self._drop(number)
            return None
        self._owned[number] = partition = Partition(loaded, self._store, self._partitions)
        await partition.recover(loaded)
        return partition

    # -- turning ------------------------------------------------------------------------------------------------

    def ring(self) -> None:
        """News lie in the inbox."""
        self._inbox_rings = True
        if self._consumer is not None:
            self._consumer.wake()

    async def run(self) -> None:
        """Join the group and judge for ever. Infrastructure faults end it: a new start reads everything anew."""
        async with self._log.consume(GROUP, _TOPICS, self) as consumer:
            self.use(consumer)
            try:
                while True:
                    await self.step(self._pause())
            finally:
                self._consumer = None
                self._owned.clear()
                self._assigned.clear()
                self._waits_for.clear()
                self._lost_at.clear()

    def use(self, consumer: Consumer) -> None:
        """Judge what this member of the group is given; tests turn ``step`` themselves."""
        self._consumer = consumer

    def _pause(self) -> float:
        """How long nothing can happen unless a record comes, real seconds."""
        if self._inbox_rings or any(each.has_waiting for each in self._owned.values()):
            return 0.0
        dues = [due for each in self._owned.values() if (due := each.next_due()) is not None]
        wait = self._clock.real_seconds(min(dues) - self._clock.now()) if dues else INBOX_SECONDS
        # A due timer that waits for records to arrive must not turn in a busy loop.
        return min(INBOX_SECONDS, max(wait, 0.002 if self._waits_for else 0.0))

    async def step(self, wait_seconds: float = 0.0) -> int:
        """One turn: records, news and timers of every owned partition. Returns how many records it took."""
        assert self._consumer is not None
        batches = await self._consumer.poll(MOST_RECORDS, wait_seconds)
        self._rejoin_if_orphaned()
        await self._read_inbox()
        taken: dict[int, list[Batch]] = {}
        for batch in batches:
            taken.setdefault(batch.source.partition, []).append(batch)
        for number, theirs in taken.items():
            await self._take(number, theirs)
        await self._fire()
        # Sooner where there is nothing else to do: reads of figures wait for it.
        await self.save(CHECKPOINT_SECONDS if batches else CHECKPOINT_SECONDS / 10)
        if batches:
            await self._consumer.commit_hint({batch.source: batch.next_offset for batch in batches})
        return sum(len(batch.records) for batch in batches)

    async def _read_inbox(self) -> None:
        if not self._owned or not (self._inbox_rings or time.monotonic() - self._inbox_read_at > INBOX_SECONDS):
            return
        self._inbox_rings, self._inbox_read_at = False, time.monotonic()
        rows: dict[int, list[InboxRow]] = {}
        for row in await self._store.inbox(list(self._owned)):
            rows.setdefault(row.partition, []).append(row)
        for number, theirs in rows.items():
            if number in self._owned:
                await self._commit(self._owned[number], Work(inbox=theirs))

    async def _take(self, number: int, batches: Sequence[Batch]) -> None:
        """Judge a partition's records; a record that cannot be judged is found and set aside, the others are judged."""
        partition = self._owned.get(number)
        if partition is None:
            return
        try:
            await self._judge(partition, batches)
            self._dead_in_a_row = 0
        except NotOwner:
            self._drop(number)
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            _logger.warning("batch not judged", partition=number, exc_info=error)
            await self._one_by_one(number, batches)

    async def _judge(self, partition: Partition, batches: Sequence[Batch], dead: Sequence[DeadRecord] = ()) -> None:
        work = Work(positions={batch.source.topic: batch.next_offset for batch in batches})
        gone = {(each.record.topic, each.record.offset) for each in dead}
        records = [
            record
            for batch in batches
            for record in batch.records
            if (record.topic, record.offset) not in gone and record.offset >= partition.positions[record.topic]
        ]
        read = await self._reader.read(partition.number, records)
        work.values, work.facts = read.values, read.facts
        redriven = [record.headers[REDRIVEN] for record in records if REDRIVEN in record.headers]
        await self._commit(partition, work, read.forwards, read.quarantined, dead, redriven)

    async def _one_by_one(self, number: int, batches: Sequence[Batch]) -> None:
        for batch in batches:
            for record in batch.records:
                await self._patiently(number, Batch(batch.source, [record], record.offset + 1))

    async def _patiently(self, number: int, batch: Batch) -> None:
        """Three attempts, each from a fresh memory; then the record goes to the dead letters."""
        reason = ""
        for _ in range(ATTEMPTS):
            partition = await self._reload(number)
            if partition is None:
                return
            try:
                await self._judge(partition, [batch])
                self._dead_in_a_row = 0
                return
            except NotOwner:
                self._drop(number)
                return
            except Exception as error:
                if is_infrastructure_fault(error):
                    raise
                reason = f"{type(error).__name__}: {error}"
        self._dead_in_a_row += 1
        if self._dead_in_a_row > MOST_DEAD_IN_A_ROW:
            raise TooManyPoisoned(reason)
        partition = await self._reload(number)
        if partition is not None:
            record: StoredRecord = batch.records[0]
            _logger.error("record set aside", topic=record.topic, offset=record.offset, reason=reason)
            await self._judge(partition, [batch], [DeadRecord(record, reason, ATTEMPTS)])

    async def _commit(
        self, partition: Partition, work: Work, forwards: Sequence[object] = (), quarantined: Sequence[object] = (),
        dead: Sequence[DeadRecord] = (), redriven: Sequence[str] = (),
    ) -> None:  # fmt: skip
        step = await partition.step(work, self._clock.now())
        step.forwards = list(forwards)  # type: ignore[arg-type]
        step.quarantined = list(quarantined)  # type: ignore[arg-type]
        step.dead, step.redriven = list(dead), list(redriven)
        if step.is_empty:
            return
        blob_seq = await self._store.commit(partition.number, partition.epoch, step)
        if blob_seq is not None:
            partition.blob_seq = blob_seq
        self._stepped(step)

    # -- timers -------------------------------------------------------------------------------------------------

    async def _fire(self) -> None:
        """Fire what is due, once everything appended before that instant has been taken in."""
        await self._look_at_due()
        for number, (horizon, ends) in list(self._waits_for.items()):
            partition = self._owned.get(number)
            if partition is None:
                self._waits_for.pop(number)
            elif all(partition.positions[topic] >= end for topic, end in ends.items()):
                self._waits_for.pop(number)
                try:
                    await self._commit(partition, Work(horizon=horizon))
                except NotOwner:
                    self._drop(number)

    async def _look_at_due(self) -> None:
        now = self._clock.now()
        due = [
            number
            for number, partition in self._owned.items()
            if number not in self._waits_for
            and (((at := partition.next_due()) is not None and at <= now) or partition.has_waiting)
        ]
        if not due:
            return
        # The instant first, then the ends: whatever was appended before the instant lies below them.
        present = min(now, await self._store.present())
        found = await asyncio.gather(*(self._log.end_offsets(topic) for topic in _TOPICS))
        ends = dict(zip(_TOPICS, found, strict=True))
        for number in due:
            self._waits_for[number] = (present, {topic: ends[topic][number] for topic in _TOPICS})

    # -- putting away -------------------------------------------------------------------------------------------

    async def save(self, at_most_every: float = 0.0) -> None:
        """Checkpoint each partition that has not been for so many seconds."""
        now = time.monotonic()
        for number, partition in list(self._owned.items()):
            if now - self._saved_at.get(number, 0.0) < at_most_every:
                continue
            checkpoint = partition.checkpoint()
            self._saved_at[number] = now
            if checkpoint is None:
                continue
            try:
                await self._store.checkpoint(number, partition.epoch, checkpoint)
            except NotOwner:
                self._drop(number)
