"""A service's database and its transactions, in which state and outgoing events commit together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import asyncpg
import msgspec
from sqlalchemy import CursorResult, Executable, event, exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from slm_chassis import tracing
from slm_chassis.clock import Clock
from slm_chassis.engine import open_engine
from slm_chassis.faults import READ_ONLY, is_infrastructure_fault, spoils_connection, sqlstate
from slm_chassis.identity import NewId, new_id
from slm_chassis.log.port import Record
from slm_events.catalogue import PUBLISHED
from slm_events.envelope import Envelope, to_headers
from slm_events.instants import UtcMicroseconds, to_text

OUTBOX_CHANNEL = "slm_outbox"
"""The PostgreSQL channel on which a process without a relay notifies the relays of new outbox rows."""

_INSERT_OUTBOX = """
INSERT INTO outbox (topic, partition, key, value, headers)
SELECT topic, partition, key, value, headers::json
FROM unnest($1::text[], $2::int[], $3::text[], $4::bytea[], $5::text[])
     WITH ORDINALITY AS row (topic, partition, key, value, headers, number)
ORDER BY number
"""


class _OutgoingEvent(NamedTuple):
    topic: str
    partition: int | None
    record: Record


class Transaction:
    """One database transaction: changes of state and the events about them commit together."""

    def __init__(self, connection: AsyncConnection, *, now: UtcMicroseconds, source: str, new_id: NewId) -> None:
        self.connection = connection
        self.now = now
        """Installation time at which the transaction began, microseconds UTC."""
        self._recorded_at = to_text(now)
        self._source = source
        self._new_id = new_id
        self._outgoing: list[_OutgoingEvent] = []
        self._begun = False

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement. ``parameters`` is a mapping, or a list of mappings: then the statement runs once for each
        mapping.
        """
        self._begun = True
        result = await self.connection.execute(statement, parameters)
        assert isinstance(result, CursorResult)
        return result

    async def driver(self) -> asyncpg.Connection:
        """Return asyncpg's connection inside this transaction, for COPY and frequent statements."""
        if not self._begun:
            # SQLAlchemy begins the transaction with its first statement. A statement sent to the driver before that
            # would commit by itself.
            self._begun = True
            await self.connection.exec_driver_sql("SELECT 1")
        return (await self.connection.get_raw_connection()).driver_connection

    def publish(self, event: Any, *, at: UtcMicroseconds | None = None, event_id: str | None = None) -> None:
        """Publish an event when this transaction commits.

        ``at`` is when the event happened, by default ``now`` (microseconds UTC). ``event_id`` is by default a random
        id. Raises KeyError if ``slm_events.catalogue`` does not list the event's type.
        """
        row = PUBLISHED[type(event)]
        identity = event_id or self._new_id()
        envelope = Envelope(
            id=identity,
            source=self._source,
            type=row.type,
            subject=str(getattr(event, row.subject_field)),
            time=self._recorded_at if at is None else to_text(at),
            recorded_at=self._recorded_at,
            data=event,
            correlation_id=tracing.correlation_id.get() or identity,
            causation_id=tracing.causation_id.get(),
            traceparent=tracing.traceparent.get(),
        )
        key = str(getattr(event, row.key_field))
        self.append(row.topic.name, Record(key, msgspec.json.encode(event), to_headers(envelope)))

    def append(self, topic: str, record: Record, partition: int | None = None) -> None:
        """Append a finished record, as it is, to a topic when this transaction commits. If ``partition`` is None, the
        record's key decides on the partition.
        """
        self._outgoing.append(_OutgoingEvent(topic, partition, record))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Run the body of the ``async with`` in a savepoint: if it raises, only its own writes and events are
        undone.
        """
        kept = len(self._outgoing)
        try:
            async with self.connection.begin_nested():
                yield
        except BaseException:
            del self._outgoing[kept:]
            raise

    async def flush(self) -> bool:
        """Write all outbox rows in one statement just before the commit; return whether there were any."""
        if not self._outgoing:
            return False
        driver = await self.driver()
        outgoing, self._outgoing = self._outgoing, []
        await driver.execute(_INSERT_OUTBOX, *_columns(outgoing))
        return True


class Database:
    """A pool of connections to one PostgreSQL database. Tasks of one event loop may share it."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, source: str, new_id: NewId = new_id) -> None:
        self.engine = engine
        self.clock = clock
        self.source = source
        """``/slm/<installation>/<context>``: the ``source`` attribute of every event published through this database.
        """
        self.url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        """The database's URL with its password, for separate connections, such as one that listens."""
        self._new_id = new_id
        self._callbacks: list[Callable[[], None]] = []
        self._unannounced = False
        self._announcing: asyncio.Task[None] | None = None
        self._distrust_before = 0.0
        event.listen(engine.sync_engine, "connect", _note_opening)
        event.listen(engine.sync_engine, "checkout", self._refuse_spent)

    @classmethod
    async def open(
        cls, url: str, *, clock: Clock, source: str, new_id: NewId = new_id, pool_size: int = 10
    ) -> Database:
        """Connect to a database once and return it; raises OSError or sqlalchemy.exc.DBAPIError if the connection
        fails.
        """
        engine = open_engine(url, client=source, pool_size=pool_size)
        database = cls(engine, clock=clock, source=source, new_id=new_id)
        try:
            async with database.read():
                pass
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """Open a transaction, which commits at the end of the ``async with``, or rolls back if its body raises.

        After an infrastructure fault in the commit its outcome is unknown: read the state before trying again.
        """
        if (outer := self._enclosing()) is not None:
            async with outer.savepoint():
                yield outer
            return
        left = False
        async with self._connect() as connection, connection.begin():
            transaction = Transaction(connection, now=self.clock.now(), source=self.source, new_id=self._new_id)
            yield transaction
            left = await transaction.flush()
        if left:
            self._announce()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reading. Writes through it are rolled back."""
        if (outer := self._enclosing()) is not None:
            yield outer.connection
            return
        async with self._connect() as connection:
            yield connection

    @contextmanager
    def enclose(self, transaction: Transaction) -> Iterator[None]:
        """Make ``begin()`` and ``read()`` of this task use the given transaction until the ``with`` statement ends.

        So a caller can commit its own writes together with those of a use case.
        """
        token = _enclosing.set(_EnclosingTransaction(self, transaction, asyncio.current_task()))
        try:
            yield
        finally:
            _enclosing.reset(token)

    def _enclosing(self) -> Transaction | None:
        enclosing = _enclosing.get()
        # A task started inside the block inherits the variable but may run longer than the transaction.
        if enclosing is None or enclosing.database is not self or enclosing.task is not asyncio.current_task():
            return None
        return enclosing.transaction

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Register a callback to run after every commit that wrote outbox rows. It must not block."""
        self._callbacks.append(callback)

    async def close(self) -> None:
        """Finish the pending notification and close all connections."""
        if self._announcing is not None:
            await self._announcing
        await self.engine.dispose()

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[AsyncConnection]:
        async with self.engine.connect() as connection:
            try:
                yield connection
            except BaseException as error:
                # Not in SQLAlchemy's events: they do not see errors of statements sent through ``driver()``.
                if sqlstate(error) == READ_ONLY:
                    self._distrust_before = time.monotonic()
                if spoils_connection(error):
                    await connection.invalidate()
                raise

    def _refuse_spent(self, connection: Any, record: Any, _proxy: Any) -> None:
        # Unlike a ping it costs no round trip. A ping would also succeed on a former primary.
        if record.info["opened"] <= self._distrust_before or connection.driver_connection.is_closed():
            raise exc.DisconnectionError("the connection was lost, or its server is read-only now")

    def _announce(self) -> None:
        for callback in self._callbacks:
            callback()
        if not self._callbacks:
            self._unannounced = True
            if self._announcing is None or self._announcing.done():
                self._announcing = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        """Notify the outbox relays of other processes.

        The NOTIFY is sent after the commit and once for several commits, because inside a transaction it serializes all
        commits.
        """
        while self._unannounced:
            self._unannounced = False
            try:
                async with self._connect() as connection:
                    await connection.execute(text(f"NOTIFY {OUTBOX_CHANNEL}"))
                    await connection.commit()
            except Exception as error:
                if not is_infrastructure_fault(error):
                    raise


def _note_opening(_connection: Any, record: Any) -> None:
    record.info["opened"] = time.monotonic()


class _EnclosingTransaction(NamedTuple):
    database: Database
    transaction: Transaction
    task: asyncio.Task[Any] | None


_enclosing: ContextVar[_EnclosingTransaction | None] = ContextVar("enclosing", default=None)


def _columns(outgoing: Sequence[_OutgoingEvent]) -> tuple[list[Any], ...]:
    return (
        [each.topic for each in outgoing],
        [each.partition for each in outgoing],
        [each.record.key for each in outgoing],
        [each.record.value for each in outgoing],
        [_headers(each.record.headers) for each in outgoing],
    )


def _headers(headers: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(headers)).decode()
