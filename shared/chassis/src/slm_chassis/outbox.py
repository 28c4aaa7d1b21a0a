"""The outbox relay: it carries committed events to the log. It loses none, and events with the same key keep their
order.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from sqlalchemy import text

from slm_chassis import dead_letters
from slm_chassis.database import OUTBOX_CHANNEL, Database
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.log.port import EventLog, LogUnavailable, Record, RecordRefused
from slm_chassis.workers import Backoff, Progress

_log = structlog.get_logger(__name__)

POLL_SECONDS = 2.0
"""Seconds after which a relay looks for rows without a notification: a process may end between its commit and its
NOTIFY.
"""
DEAF_SECONDS = 0.5
"""The most seconds between two looks for rows while the relay cannot receive the notifications of other processes."""
APPEND_SECONDS = 20.0
"""Seconds after taking the lock in which a relay must have appended its batch. Otherwise it gives up the batch, so that
another relay may append it.
"""

# Take the lock first and read the rows in a second statement: a snapshot from before the lock would still show rows
# that the previous relay has appended and deleted. If no rows wait, nothing is locked or written.
_LOCK = text(
    "SELECT EXISTS (SELECT FROM outbox) AS waiting,"
    " (SELECT id FROM outbox_relay WHERE EXISTS (SELECT FROM outbox) FOR UPDATE SKIP LOCKED) AS locked"
)

# All visible rows, lowest number first. Never use ``seq > last``: rows become visible in the order of their commits,
# not of their numbers. A row committed after one with a higher number has been relayed would be skipped for ever.
_TAKE = """
WITH taken AS (DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT $1)
               RETURNING seq, topic, partition, key, value, headers::text AS headers)
SELECT topic, partition, key, value, headers FROM taken ORDER BY seq
"""


Refused = tuple[str, int | None, Record, str]
"""An event that the log will never accept: topic, partition (None: by the key), record, and the reason."""


class OutboxRelay:
    """Appends outbox rows to the log. Several relays may run on one database; only one of them works at a time.

    Delivery is at least once: a crash between the append and the commit repeats a batch with the same event ids.
    """

    name = "relay"

    def __init__(
        self, database: Database, log: EventLog, *, max_rows: int = 1_000, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self.progress = Progress()
        self._database = database
        self._log = log
        self._max_rows = max_rows
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()
        self._is_listening = False
        database.on_commit(self.wake)

    def wake(self) -> None:
        """End the wait of ``run``: look for outbox rows at once."""
        self._woken.set()

    async def run(self) -> None:
        """Relay rows until cancelled; wait while the database or the log cannot be reached."""
        listening = asyncio.create_task(self._listen(), name="relay's ears")
        backoff = Backoff(longest=5.0)
        try:
            while True:
                try:
                    await self._turn()
                    backoff.reset()
                except Exception as error:
                    if not is_infrastructure_fault(error):
                        raise
                    _log.warning("relay waits", source=self._database.source, cause=repr(error))
                    await backoff.pause()
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def step(self) -> int | None:
        """Relay one batch and return the number of rows; None if another relay is working. Raises infrastructure
        faults.
        """
        async with self._database.read() as connection:
            waiting, locked = (await connection.execute(_LOCK)).one()
            if not waiting:
                return 0
            if locked is None:
                return None
            locked_at = time.monotonic()
            driver: Any = (await connection.get_raw_connection()).driver_connection
            rows = await driver.fetch(_TAKE, self._max_rows)
            for refused in await self._append(rows, locked_at):
                await dead_letters.store_refused_event(connection, *refused, at=self._database.clock.now())
            await connection.commit()
            return len(rows)

    async def _turn(self) -> None:
        self._woken.clear()
        moved = await self.step()
        self.progress.beat()
        if moved is None:
            # The other relay may have looked before our commit. It finishes in a moment, so try again soon.
            await asyncio.sleep(random.uniform(0.002, 0.01))
        elif moved < self._max_rows:
            # Not wait_for: in Python 3.11 it loses a cancellation that comes in the same turn of the loop as the wake.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_seconds()):
                    await self._woken.wait()

    def _pause_seconds(self) -> float:
        return self._poll_seconds if self._is_listening else min(self._poll_seconds, DEAF_SECONDS)

    async def _append(self, rows: Sequence[asyncpg.Record], locked_at: float) -> list[Refused]:
        """Append the rows and return those that the log will never accept; raises infrastructure faults."""
        topics: dict[str, list[asyncpg.Record]] = {}
        for row in rows:
            topics.setdefault(row["topic"], []).append(row)
        if time.monotonic() - locked_at > APPEND_SECONDS:
            # This process was frozen: the server may have ended its session, and another relay may have appended these.
            raise LogUnavailable("the relay held its batch for too long")
        async with asyncio.timeout(APPEND_SECONDS), asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._append_topic(topic, waiting)) for topic, waiting in topics.items()]
        # A TaskGroup ignores a child cancelled by someone else, for example by a client of the log that is closing.
        if any(task.cancelled() for task in tasks):
            raise LogUnavailable("an append was given up")
        return [refused for task in tasks for refused in task.result()]

    async def _append_topic(self, topic: str, rows: Sequence[asyncpg.Record]) -> list[Refused]:
        found: list[Refused] = []
        for partition, records in _runs(rows):
            try:
                await self._log.append(topic, records, partition)
            except RecordRefused:
                found += await self._append_singly(topic, records, partition)
        return found

    async def _append_singly(self, topic: str, records: Sequence[Record], partition: int | None) -> list[Refused]:
        """Append the records one by one, so that a record that the log refuses does not block the other records."""
        found: list[Refused] = []
        for record in records:
            try:
                await self._log.append(topic, [record], partition)
            except RecordRefused as refused:
                _log.error(
                    "event stored as a dead letter",
                    topic=topic,
                    key=record.key,
                    bytes=len(record.value),
                    reason=str(refused),
                )
                found.append((topic, partition, record, str(refused)))
        return found

    async def _listen(self) -> None:
        """Wake this relay when a process without a relay has written outbox rows.

        While the listening connection is broken, polling finds the rows.
        """
        backoff = Backoff(first=0.5)
        while True:
            gone = asyncio.Event()
            try:
                connection = await asyncpg.connect(self._database.url, timeout=10.0)
                try:
                    connection.add_termination_listener(lambda _: gone.set())  # noqa: B023
                    await connection.add_listener(OUTBOX_CHANNEL, lambda *_: self.wake())
                    backoff.reset()
                    self._is_listening = True
                    # Of what was committed before, nobody told this relay.
                    self.wake()
                    await gone.wait()
                finally:
                    self._is_listening = False
                    await connection.close(timeout=1.0)
            except Exception as error:
                if not is_infrastructure_fault(error):
                    raise
            await backoff.pause()


def _runs(rows: Sequence[asyncpg.Record]) -> list[tuple[int | None, list[Record]]]:
    """Group the rows of a topic into few appends.

    Rows with a named partition are grouped by that partition; rows placed by their keys form one group. A key may have
    rows of both kinds. Where the two kinds alternate, a new group begins, so that the order of rows is kept.
    """
    runs: list[tuple[int | None, list[Record]]] = []
    open_runs: dict[int | None, list[Record]] = {}
    for _, partition, key, value, headers in rows:
        if (partition is None) != (None in open_runs):
            open_runs = {}
        if partition not in open_runs:
            open_runs[partition] = []
            runs.append((partition, open_runs[partition]))
        open_runs[partition].append(Record(key, value, json.loads(headers)))
    return runs
