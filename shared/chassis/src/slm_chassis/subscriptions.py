"""Subscriptions: each incoming event takes effect once. Position, inbox entry, state and new events commit together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import text

from slm_chassis import dead_letters, tracing
from slm_chassis.database import Database, Transaction
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.port import Batch, Consumer, EventLog, OffsetVanished, StoredRecord
from slm_chassis.poison import PoisonLimit
from slm_chassis.positions import FenceLost, OwnedPartitions, PartitionOwnership
from slm_chassis.record_reader import read_event
from slm_chassis.workers import Backoff, Halt, Progress
from slm_events.catalogue import PUBLISHED, TOPICS
from slm_events.envelope import Envelope, NotAnEvent

_log = structlog.get_logger(__name__)

Handler = Callable[[Transaction, Envelope], Awaitable[None]]
"""Applies one event inside the given transaction. It must not commit, and must have no effect outside the
transaction.
"""

BatchHandler = Callable[[Transaction, Sequence[Envelope]], Awaitable[None]]
"""Applies events in the order of the log inside the given transaction. It must not commit or have any other effect.

If the handler raises, the whole batch is rolled back, and smaller batches are tried until the failing event is alone.
"""


@dataclass(frozen=True, slots=True)
class BatchProjection:
    """A projection: one function applies all events of a batch, so that its state is written once for many events."""

    events: Collection[type[Any]]
    apply: BatchHandler


def topics_of(events: Collection[type[Any]]) -> list[str]:
    """Return the topics of these event classes, sorted."""
    return sorted({PUBLISHED[event].topic.name for event in events})


RETRIES = 3
_RETRY_SECONDS = 0.05
_PRUNE_SECONDS = 3_600.0

_CLAIM = text(
    "INSERT INTO inbox (consumer, event_id) SELECT :consumer, unnest(CAST(:ids AS text[]))"
    " ON CONFLICT DO NOTHING RETURNING event_id"
)
_PRUNE = text("DELETE FROM inbox WHERE consumer = :consumer AND handled_at < now() - interval '30 days'")


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A record that this consumer received. If it is not an event, ``envelope`` is None and ``flaw`` says why."""

    record: StoredRecord
    envelope: Envelope | None
    flaw: str = ""

    @property
    def key(self) -> str:
        """The record's key as a dead letter stores it."""
        return dead_letters.storable_key(self.record.key)

    @property
    def dead_letter_id(self) -> str | None:
        return self.record.headers.get(dead_letters.REDRIVEN)


class _HandlingFailure(Exception):
    """Handling failed, and not because of the infrastructure.

    ``index`` is the failing delivery's index in the batch, from 0; None if it is unknown which delivery failed.
    """

    def __init__(self, index: int | None, reason: str, *, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason
        self.hopeless = hopeless


class Subscriptions:
    """A member of a consumer group that passes each event to the handler of its class. Several replicas may run."""

    def __init__(
        self,
        group: str,
        database: Database,
        log: EventLog,
        handlers: Mapping[type[Any], Handler] | BatchProjection,
        *,
        max_records: int = 1_000,
    ) -> None:
        events = handlers.events if isinstance(handlers, BatchProjection) else handlers.keys()
        self.name = f"subscriptions of {group}"
        self.progress = Progress()
        self.listeners: list[Callable[[], None]] = []
        """Functions that are called after each commit that handled events. They must not block."""
        self._group = group
        self._database = database
        self._log = log
        self._apply_batch = handlers.apply if isinstance(handlers, BatchProjection) else None
        self._handlers = (
            {}
            if isinstance(handlers, BatchProjection)
            else {PUBLISHED[event].type: handler for event, handler in handlers.items()}
        )
        self._types = frozenset(PUBLISHED[event].type for event in events)
        self._topics = topics_of(events)
        self._positions = OwnedPartitions(group, database, log)
        self._limit = PoisonLimit()
        self._max_records = max_records
        self._stack = AsyncExitStack()
        self._consumer: Consumer | None = None
        self._prune_at = time.monotonic()

    async def run(self) -> None:
        """Handle events until cancelled; wait while the database or the log cannot be reached.

        Raises Halt, and errors of handlers that cannot be attributed to a record.
        """
        backoff = Backoff(longest=5.0)
        try:
            while True:
                try:
                    await self.step()
                    await self._prune()
                    backoff.reset()
                except OffsetVanished as lost:
                    raise Halt(f"{self._group} would skip records: {lost}") from lost
                except Exception as error:
                    if not is_infrastructure_fault(error):
                        raise
                    _log.warning("subscriptions wait", consumer=self._group, cause=repr(error))
                    await backoff.pause()
        finally:
            await self.close()

    async def step(self, wait_seconds: float = 2.0) -> int:
        """Poll once, handle at most ``max_records`` records and return how many were handled.

        Raises infrastructure faults, after which ``step`` may be called again, and Halt and OffsetVanished.
        """
        consumer = await self._join()
        await self._positions.recover(consumer)
        batches = await consumer.poll(self._max_records, wait_seconds)
        owned = [(batch, own) for batch in batches if (own := self._positions.of(batch.source)) is not None]
        for _, ownership in owned:
            # The log's position is past these records. Until they are handled, it must be set back.
            ownership.stale = True
        for batch, ownership in owned:
            await self._take(batch, ownership)
            self.progress.beat()
        await consumer.commit_hint({own.source: own.position for _, own in owned if not own.stale})
        self.progress.beat()
        return sum(len(batch.records) for batch, _ in owned)

    def wake(self) -> None:
        """End a waiting ``step`` early."""
        if self._consumer is not None:
            self._consumer.wake()

    async def close(self) -> None:
        """Leave the group, so that other members take over at once."""
        self._consumer = None
        await self._stack.aclose()

    async def _join(self) -> Consumer:
        if self._consumer is None:
            membership = self._log.consume(self._group, self._topics, self._positions)
            self._consumer = await self._stack.enter_async_context(membership)
        return self._consumer

    async def _take(self, batch: Batch, ownership: PartitionOwnership) -> None:
        deliveries = [each for record in batch.records if (each := self._delivery(record)) is not None]
        try:
            await self._apply(ownership, deliveries, batch.next_offset, RETRIES)
            ownership.stale = False
        except FenceLost as fenced:
            _log.warning("partition lost", consumer=self._group, cause=str(fenced))
            self._positions.drop(ownership)

    def _delivery(self, record: StoredRecord) -> _Delivery | None:
        kind = record.headers.get("ce_type")
        # A type without a handler may be newer than this program, which is not an error.
        if kind and kind not in self._types and dead_letters.REDRIVEN not in record.headers:
            return None
        if not dead_letters.must_handle(self._group, record.headers):
            return None
        try:
            return _Delivery(record, read_event(record.value, record.headers))
        except NotAnEvent as flaw:
            return _Delivery(record, None, str(flaw))

    async def _apply(
        self, ownership: PartitionOwnership, deliveries: Sequence[_Delivery], until: int, retries: int
    ) -> None:
        """Handle deliveries and move the position to ``until``. A record that fails is isolated and stored as a dead
        letter.
        """
        failed = await self._try(ownership, deliveries, until, retries)
        if failed is None:
            return
        if len(deliveries) == 1:
            attempts = 1 if failed.hopeless else RETRIES + 2
            await self._set_aside(ownership, deliveries[0], until, failed.reason, attempts)
            return
        if failed.index is None:
            # The failing event is unknown, so it is searched for by halves, without further pauses.
            half = len(deliveries) // 2
            await self._apply(ownership, deliveries[:half], deliveries[half].record.offset, 0)
            await self._apply(ownership, deliveries[half:], until, 0)
            return
        at = failed.index
        bad = deliveries[at].record
        if at:
            await self._apply(ownership, deliveries[:at], bad.offset, 0)
        await self._apply(ownership, deliveries[at : at + 1], bad.offset + 1, 0)
        await self._apply(ownership, deliveries[at + 1 :], until, RETRIES)

    async def _try(
        self, ownership: PartitionOwnership, deliveries: Sequence[_Delivery], until: int, retries: int
    ) -> _HandlingFailure | None:
        for attempt in range(retries + 1):
            try:
                await self._commit(ownership, deliveries, until)
                return None
            except _HandlingFailure as failed:
                if failed.hopeless or attempt == retries:
                    return failed
                _log.warning("handling failed", consumer=self._group, attempt=attempt + 1, cause=failed.reason)
                await asyncio.sleep(_RETRY_SECONDS * 2**attempt)
        raise AssertionError("unreachable")

    async def _commit(self, ownership: PartitionOwnership, deliveries: Sequence[_Delivery], until: int) -> None:
        if not deliveries and ownership.position == until:
            return
        try:
            async with self._database.begin() as transaction:
                await self._positions.move(transaction, ownership, until)
                handled = await self._deliver_all(transaction, deliveries)
        except (_HandlingFailure, FenceLost):
            raise
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            raise _HandlingFailure(None, f"{type(error).__name__}: {error}") from error
        ownership.position = until
        self._limit.handled(handled)
        self.progress.beat()
        if handled:
            for listener in self.listeners:
                listener()

    async def _deliver_all(self, transaction: Transaction, deliveries: Sequence[_Delivery]) -> int:
        """Park each delivery whose key has an earlier dead letter, and handle the others unless they were handled
        before.

        Return the number of deliveries that were not parked, including those that were handled before.
        """
        heads = await self._heads(transaction, deliveries)
        held_back = frozenset(heads)
        claimed = await self._claim(transaction, [each for each in deliveries if each.key not in held_back])
        parked = 0
        fresh: list[tuple[int, Envelope]] = []
        for index, delivery in enumerate(deliveries):
            key = delivery.key
            head = heads.get(key)
            if head is not None and head != delivery.dead_letter_id:
                await dead_letters.park_record(transaction, self._group, delivery.record, behind=head)
                parked += 1
                continue
            if key in held_back:
                claimed |= await self._claim(transaction, [delivery])
            if delivery.envelope is None:
                raise _HandlingFailure(index, delivery.flaw, hopeless=True)
            if delivery.envelope.type in self._types and delivery.envelope.id in claimed:
                claimed.remove(delivery.envelope.id)
                fresh.append((index, delivery.envelope))
            if delivery.dead_letter_id is not None:
                follower = await dead_letters.resolve_dead_letter(transaction, self._group, delivery.dead_letter_id)
                if key in held_back:
                    heads.pop(key) if follower is None else heads.update({key: follower})
        await self._hand_over(transaction, fresh)
        return len(deliveries) - parked

    async def _hand_over(self, transaction: Transaction, fresh: Sequence[tuple[int, Envelope]]) -> None:
        """Call the handlers for the events, each with its index among the deliveries."""
        if self._apply_batch is not None:
            if fresh:
                await self._apply_batch(transaction, [envelope for _, envelope in fresh])
            return
        for index, envelope in fresh:
            try:
                with tracing.caused_by(envelope):
                    await self._handlers[envelope.type](transaction, envelope)
            except Exception as error:
                if is_infrastructure_fault(error):
                    raise
                raise _HandlingFailure(index, f"{type(error).__name__}: {error}") from error

    async def _claim(self, transaction: Transaction, deliveries: Sequence[_Delivery]) -> set[str]:
        """Insert the events into the inbox; return the ids of those that were not in it before."""
        # Sorted, to prevent deadlocks between two members.
        ids = sorted({each.envelope.id for each in deliveries if each.envelope is not None})
        if not ids:
            return set()
        fresh = await transaction.execute(_CLAIM, {"consumer": self._group, "ids": ids})
        return set(fresh.scalars())

    async def _heads(self, transaction: Transaction, deliveries: Sequence[_Delivery]) -> dict[str, str]:
        if not deliveries or not TOPICS[deliveries[0].record.topic].parks:
            return {}
        keys = {each.key for each in deliveries}
        return await dead_letters.first_dead_letters(transaction, self._group, deliveries[0].record.topic, keys)

    async def _set_aside(
        self, ownership: PartitionOwnership, delivery: _Delivery, until: int, reason: str, attempts: int
    ) -> None:
        record = delivery.record
        tells_of_us = self._is_of_this_installation(delivery)
        if tells_of_us:
            self._limit.check(reason)
        async with self._database.begin() as transaction:
            await self._positions.move(transaction, ownership, until)
            await dead_letters.store_failed_record(transaction, self._group, record, reason=reason, attempts=attempts)
        ownership.position = until
        if tells_of_us:
            self._limit.set_aside()
        self.progress.beat()
        _log.error(
            "record stored as a dead letter",
            consumer=self._group,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason,
        )

    def _is_of_this_installation(self, delivery: _Delivery) -> bool:
        """Whether a failure may be caused by a bad deployment of this installation.

        A bad deployment cannot be the cause if another installation wrote the record, or if the record is no event.
        """
        ours = self._database.source.rpartition("/")[0] + "/"
        return delivery.envelope is not None and delivery.envelope.source.startswith(ours)

    async def _prune(self) -> None:
        if time.monotonic() < self._prune_at:
            return
        self._prune_at = time.monotonic() + _PRUNE_SECONDS
        async with self._database.begin() as transaction:
            await transaction.execute(_PRUNE, {"consumer": self._group})
