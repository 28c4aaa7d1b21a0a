"""The evaluation worker: it owns partitions of the intake, and has them take in facts, messages and due timers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from slm_chassis.clock import Clock
from slm_chassis.dead_letters import REDRIVEN
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.port import Batch, Consumer, EventLog, LogUnavailable, OffsetVanished, TopicPartition
from slm_chassis.workers import Halt, Progress
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.application.engine.checkpointing import CheckpointSchedule
from slm_monitor.application.engine.origin_faults import OriginFaultCounter
from slm_monitor.application.engine.partition import Partition, PartitionStepInput
from slm_monitor.application.engine.poison_isolation import IsolatedFacts, PartitionOperations, PoisonIsolation
from slm_monitor.application.engine.polling import ConsumerGroupPoller
from slm_monitor.application.engine.watermarks import PartitionWatermarks
from slm_monitor.application.intake.record_reader import DecodedRecords, IntakeRecordReader
from slm_monitor.application.state.partition_step import PartitionStepChanges
from slm_monitor.application.state.ports import (
    EvaluationStore,
    PartitionInboxMessage,
    PartitionNotOwned,
    PendingDependencies,
)

GROUP = "slm-monitor-judge"
CHECKPOINT_SECONDS = 1.0
IDLE_CHECKPOINT_SECONDS = 0.1
INBOX_SECONDS = 0.5
FIRING_SECONDS = 0.005
"""Longest time, in seconds, for which one turn fires timers.

At the start of a minute many timers are due in all partitions at once; records that arrive meanwhile must not wait for
all of them.
"""
TIMERS_A_STEP = 50
MOST_TIMERS_BESIDE_RECORDS = 10
"""Most timers that one step fires in a partition where records arrived within the last seconds.

After a restart every indicator is due, and records must not wait for all of them.
"""
ORPHANED_SECONDS = 10.0
"""Seconds after which a lost partition without a new owner makes this worker rejoin the consumer group.

It is twice the length of a lease: a new owner, if there is one, has been assigned by then.
"""
_TOPICS = (MEASUREMENTS.name, TICKETS.name)
_NOTHING = IsolatedFacts()
_logger = structlog.get_logger(__name__)


class EvaluationWorker:
    """A member of the consumer group that evaluates targets. ``step`` is one turn; ``run``
    takes turns until cancelled.
    """

    name = "judge"

    def __init__(
        self,
        store: EvaluationStore,
        log: EventLog,
        clock: Clock,
        reader: IntakeRecordReader,
        partitions: int,
        stepped: Callable[[PartitionStepChanges], None] = lambda step: None,
    ) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._reader = reader
        self._partitions = partitions
        self._stepped = stepped
        self.progress = Progress()
        self._firing = PartitionWatermarks(store, log, clock)
        self._origins = OriginFaultCounter()
        hands = PartitionOperations(self._judge_owned, self._commit_owned, self._reload)
        self._patience = PoisonIsolation(reader, self._origins, hands)
        self._owned: dict[int, Partition] = {}
        self._assigned: set[TopicPartition] = set()
        self._consumer: Consumer | None = None
        self._inbox_rings = True
        self._inbox_read_at = 0.0
        self._away = CheckpointSchedule(store, clock)
        self._taking = ConsumerGroupPoller()
        self._lost_at: dict[int, float] = {}

    # -- ownership of partitions --------------------------------------------------------------------------------

    async def assigned(self, partitions: frozenset[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Take over partitions of the intake topics that the group has assigned to this worker.

        Return the positions from which they must be read, as the store has them.
        """
        numbers = {each.partition for each in partitions}
        self._origins.know(await self._store.sources_aside())
        for number in sorted(numbers):
            loaded = await self._store.take_over(number)
            self._owned[number] = partition = Partition(loaded, self._store, self._partitions)
            self._lost_at.pop(number, None)
            await partition.recover(loaded)
        for other in self._assigned - partitions:
            # A partition has one state for both of its topics: if one topic is assigned again, the other is read again
            # from its stored position too.
            if other.partition in numbers and self._consumer is not None:
                self._consumer.seek(other, self._owned[other.partition].positions[other.topic])
        self._assigned |= partitions
        self._inbox_rings = True
        self._away.grown()
        return {each: self._owned[each.partition].positions[each.topic] for each in partitions}

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        self._assigned -= partitions
        for number in {each.partition for each in partitions}:
            self._drop(number)
            self._lost_at.pop(number, None)

    def _drop(self, number: int) -> None:
        self._owned.pop(number, None)
        self._firing.forget(number)
        self._lost_at[number] = time.monotonic()

    def _rejoin_if_orphaned(self) -> None:
        """Raise LogUnavailable if a partition that this worker lost is still assigned to it ``ORPHANED_SECONDS`` later.

        No other worker has taken over the partition then. The error ends the run and leaves the consumer group; the
        next run joins the group again.
        """
        now = time.monotonic()
        orphaned = [number for number, lost_at in self._lost_at.items() if now - lost_at > ORPHANED_SECONDS]
        if orphaned:
            raise LogUnavailable(f"partitions {orphaned} were taken over by nobody; joining again")

    async def _reload(self, number: int) -> bool:
        """Drop a partition's memory and load it again; return False if another worker owns the partition by now."""
        held = self._owned.pop(number, None)
        if held is None:
            return False
        try:
            loaded = await self._store.reload(number, held.epoch)
        except PartitionNotOwned:
            self._lose(number)
            return False
        self._owned[number] = partition = Partition(loaded, self._store, self._partitions)
        await partition.recover(loaded)
        return True

    def _lose(self, number: int) -> None:
        _logger.warning("partition lost", partition=number)
        self._drop(number)

    async def _unless_lost(self, number: int, work: Awaitable[None]) -> None:
        try:
            await work
        except PartitionNotOwned:
            self._lose(number)

    # -- turns --------------------------------------------------------------------------------------------------

    def ring(self) -> None:
        """Wake the worker, because there may be messages in the inbox."""
        self._inbox_rings = True
        if self._consumer is not None:
            self._consumer.wake()

    async def run(self) -> None:
        """Join the group and evaluate until cancelled.

        An infrastructure fault ends the run; the next call loads everything again. Raises Halt if the log has lost
        records that were not read yet.
        """
        async with self._log.consume(GROUP, _TOPICS, self) as consumer:
            self.use(consumer)
            try:
                while True:
                    await self.step(self._pause())
            except OffsetVanished as lost:
                raise Halt(f"facts would be skipped: {lost}") from lost
            finally:
                self._consumer = None
                self._owned.clear()
                self._assigned.clear()
                self._firing.clear()
                self._lost_at.clear()

    def use(self, consumer: Consumer) -> None:
        """Use this consumer in the turns that follow. Tests call ``use`` and then ``step``, instead of ``run``."""
        self._consumer = consumer

    def _pause(self) -> float:
        """Return how many seconds the next poll may wait for records, by the real clock, not by an accelerated one.

        It is 0 if work is waiting already. Otherwise the wait ends when a timer may fire, or at the latest when the
        inbox must be read or unsaved changes must be written to a checkpoint.
        """
        if (self._inbox_rings and self._owned) or any(each.has_waiting for each in self._owned.values()):
            return 0.0
        is_saved = all(each.is_saved for each in self._owned.values())
        return self._firing.pause(self._owned, INBOX_SECONDS if is_saved else IDLE_CHECKPOINT_SECONDS)

    async def step(self, wait_seconds: float = 0.0) -> int:
        """Take one turn: records, messages and timers of every owned partition. Return the number of records polled."""
        assert self._consumer is not None
        waiting = sum(each.waiting for each in self._owned.values())
        batches = await self._taking.poll(self._consumer, waiting, wait_seconds)
        self._rejoin_if_orphaned()
        if self._inbox_rings:
            await self._read_inbox()
        taken: dict[int, list[Batch]] = {}
        for batch in batches:
            taken.setdefault(batch.source.partition, []).append(batch)
        for number, theirs in taken.items():
            await self._process(number, theirs)
        if self._inbox_rings or time.monotonic() - self._inbox_read_at > INBOX_SECONDS:
            await self._read_inbox()
        await self._fire()
        # A turn without records checkpoints sooner, since readers of figures wait for the checkpoint.
        await self._put_away(CHECKPOINT_SECONDS if batches else IDLE_CHECKPOINT_SECONDS)
        self._away.tidy()
        self.progress.beat()
        if batches:
            await self._consumer.commit_hint({batch.source: batch.next_offset for batch in batches})
        return sum(len(batch.records) for batch in batches)

    async def _read_inbox(self) -> None:
        if not self._owned:
            return
        self._inbox_rings, self._inbox_read_at = False, time.monotonic()
        rows: dict[int, list[PartitionInboxMessage]] = {}
        for row in await self._store.inbox(list(self._owned)):
            rows.setdefault(row.partition, []).append(row)
            if row.kind == "terms":
                self._away.grown()
            elif row.kind == "sources":
                self._origins.know(await self._store.sources_aside())
        for number, theirs in rows.items():
            if number in self._owned:
                await self._unless_lost(number, self._commit(self._owned[number], PartitionStepInput(inbox=theirs)))

    async def _process(self, number: int, batches: Sequence[Batch]) -> None:
        """Evaluate the records of a partition.

        If the evaluation fails, each record is evaluated alone. If that fails, too, only the faulty parts of the record
        are quarantined.
        """
        partition = self._owned.get(number)
        if partition is None:
            return
        self._away.note_records(number)
        try:
            read = await self._evaluate(partition, batches)
            self._origins.handled(sum(len(batch.records) for batch in batches), read)
        except PartitionNotOwned:
            self._lose(number)
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            _logger.warning("batch not evaluated", partition=number, exc_info=error)
            await self._one_by_one(number, batches)

    async def _evaluate(
        self, partition: Partition, batches: Sequence[Batch], apart: IsolatedFacts = _NOTHING
    ) -> DecodedRecords:
        work = PartitionStepInput(positions={batch.source.topic: batch.next_offset for batch in batches})
        gone = {(each.topic, each.offset) for each in apart.passed}
        records = [
            record
            for batch in batches
            for record in batch.records
            if (record.topic, record.offset) not in gone and record.offset >= partition.positions[record.topic]
        ]
        read = self._origins.sifted(await self._reader.read(partition.number, records))
        work.values, work.facts = read.values, read.facts
        ended = records if apart.dead else [*records, *apart.passed]
        redriven = [record.headers[REDRIVEN] for record in ended if REDRIVEN in record.headers]
        await self._commit(partition, work, read, apart, redriven)
        return read

    async def _one_by_one(self, number: int, batches: Sequence[Batch]) -> None:
        await self._reload(number)
        for batch in batches:
            for record in batch.records:
                again = Batch(batch.source, [record], record.offset + 1)
                await self._unless_lost(number, self._patience.evaluate_or_quarantine(number, again))

    async def _judge_owned(self, number: int, batch: Batch, apart: IsolatedFacts) -> None:
        await self._evaluate(self._held(number), [batch], apart)

    async def _commit_owned(self, number: int, work: PartitionStepInput, read: DecodedRecords) -> None:
        await self._commit(self._held(number), work, read)

    def _held(self, number: int) -> Partition:
        if number not in self._owned:
            raise PartitionNotOwned(number)
        return self._owned[number]

    async def _commit(
        self,
        partition: Partition,
        work: PartitionStepInput,
        read: DecodedRecords | None = None,
        apart: IsolatedFacts = _NOTHING,
        redriven: Sequence[str] = (),
    ) -> None:
        step = await partition.step(work, self._clock.now())
        if read is not None:
            step.forwards, step.quarantined = list(read.forwards), list(read.quarantined)
        step.quarantined += apart.quarantined
        step.dead, step.sources, step.redriven = list(apart.dead), list(apart.sources), list(redriven)
        if step.is_empty:
            return
        blob_seq = await self._store.commit(partition.number, partition.epoch, step)
        if blob_seq is not None:
            partition.blob_seq = blob_seq
        if step.news or step.released or step.expired or step.caught_up:
            self._inbox_rings = True
        self._stepped(step)
        if partition.wants_reload:
            await self._reload(partition.number)

    # -- timers -------------------------------------------------------------------------------------------------

    async def _fire(self) -> None:
        """Fire the due timers of each partition. A timer waits until every record appended before its instant has been
        taken in.
        """
        began = time.monotonic()
        most = TIMERS_A_STEP if self._away.is_quiet else MOST_TIMERS_BESIDE_RECORDS
        for number, watermark in await self._firing.look(self._owned):
            if time.monotonic() - began > FIRING_SECONDS:
                self._firing.postpone(number, watermark)
                continue
            work = PartitionStepInput(watermark=watermark, most_timers=most)
            await self._unless_lost(number, self._commit(self._owned[number], work))
            if number in self._owned and self._owned[number].is_due(watermark):
                self._firing.postpone(number, watermark)
        reached = await self._firing.look_everywhere(self._owned)
        # The query comes after the facts are taken in, because the same transaction commits which tickets of them are
        # evaluated.
        behind = await self._store.behind() if reached else PendingDependencies()
        for number, watermark in reached:
            if number in self._owned:
                work = PartitionStepInput(global_watermark=watermark, behind=behind)
                await self._unless_lost(number, self._commit(self._owned[number], work))
        for number, partition in self._owned.items():
            if self._firing.is_settled(number, partition):
                partition.settle()

    # -- checkpoints --------------------------------------------------------------------------------------------

    async def save(self) -> None:
        """Write a whole checkpoint of every owned partition now."""
        for number in list(self._owned):
            await self._save(number, is_whole=True)

    async def _put_away(self, at_most_every: float) -> None:
        for number, is_whole in self._away.due(self._owned, at_most_every):
            await self._unless_lost(number, self._save(number, is_whole))

    async def _save(self, number: int, is_whole: bool) -> None:
        has_news = await self._away.save(number, self._owned[number], is_whole)
        self._inbox_rings = self._inbox_rings or has_news
