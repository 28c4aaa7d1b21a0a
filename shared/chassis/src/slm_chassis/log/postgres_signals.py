"""NOTIFY and LISTEN of the PostgreSQL log: how processes wake each other's readers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import asyncpg

from slm_chassis.log.port import LogUnavailable
from slm_chassis.log.postgres_pool import connect, raise_log_unavailable
from slm_chassis.log.postgres_recent import RecentRecords
from slm_chassis.log.wakeups import Wakeups

CHANNEL = "slm_log"
RECONNECT_SECONDS = 0.5
_NOTIFY = "SELECT pg_notify($1, name) FROM unnest($2::text[]) AS name"


class LogSignals:
    """Wakes the readers of this process directly, and readers of other processes with one NOTIFY for several signals.

    A signal is lost if its connection breaks, so every reader also looks for records without a signal from time to
    time.
    """

    def __init__(self, url: str, client: str, wakeups: Wakeups, recent: RecentRecords) -> None:
        self._url = url
        self._client = client
        self._wakeups = wakeups
        self._recent = recent
        self._pending: set[str] = set()
        self._some = asyncio.Event()
        self._own_pid = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the tasks that notify and listen."""
        self._tasks = [asyncio.create_task(self._send(), name="log notify")]
        self._tasks.append(asyncio.create_task(self._listen(), name="log listen"))

    async def stop(self) -> None:
        """Cancel both tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ring(self, names: Iterable[str]) -> None:
        """Signal that these topics or groups have changed."""
        for name in names:
            self._wakeups.ring(name)
            self._pending.add(name)
        self._some.set()

    async def _send(self) -> None:
        while True:
            with suppress(LogUnavailable, asyncpg.PostgresError), raise_log_unavailable():
                # A lost signal is only a delay, so it need not wait for the disk.
                connection = await connect(self._url, self._client, synchronous_commit="off")
                try:
                    self._own_pid = connection.get_server_pid()
                    await self._send_over(connection)
                finally:
                    connection.terminate()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _send_over(self, connection: asyncpg.Connection) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            names, self._pending = self._pending, set()
            try:
                await connection.execute(_NOTIFY, CHANNEL, list(names))
            except BaseException:
                # Sent again over the next connection, so that nobody has to wait until they look without a signal.
                self.ring(names)
                raise

    async def _listen(self) -> None:
        while True:
            with suppress(LogUnavailable, asyncpg.PostgresError), raise_log_unavailable():
                connection = await connect(self._url, self._client)
                try:
                    await self._listen_over(connection)
                finally:
                    connection.terminate()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_over(self, connection: asyncpg.Connection) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(CHANNEL, self._heard)
        # Signals may have been missed while nobody listened.
        self._recent.foreign += 1
        self._wakeups.ring_all()
        await lost.wait()

    def _heard(self, _connection: object, pid: int, _channel: str, name: object) -> None:
        if pid != self._own_pid:
            self._recent.foreign += 1
            self._wakeups.ring(str(name))
