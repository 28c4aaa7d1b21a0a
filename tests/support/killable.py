"""Installations that are killed and restarted on the same data: all services in one process, or one service alone."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Protocol

import psutil

from slm_chassis.clock import real_now
from slm_chassis.postgres_server import PrivatePostgres
from slm_events.instants import to_text
from tests.support.operator_key import KEY
from tests.support.postgres import PostgresForTests
from tests.support.processes import Running, free_port, kill_family, started

RATE = 20
STARTS_SECONDS = 150.0


def clock_at(present: str) -> str:
    """Return the ``SLM_CLOCK`` of a clock that shows ``present`` now and runs twenty times as fast as real time."""
    return f"{present},{to_text(real_now())},{RATE}"


class Database(Protocol):
    """The PostgreSQL of an installation that a test kills."""

    def url(self, database: str = "postgres") -> str: ...

    def crash(self) -> None:
        """Kill every process of the server at once."""
        ...

    def start(self) -> None: ...


class Killable:
    """A process of the product with its address and key. ``start`` starts it again on the same data."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], below: Database) -> None:
        self._command = list(command)
        self._folder = folder
        self._environment = dict(environment)
        self._below = below
        self._stack = AsyncExitStack()
        self._running: Running | None = None
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    @property
    def running(self) -> Running:
        assert self._running is not None
        return self._running

    @property
    def database_url(self) -> str:
        """URL of monitor-svc's database."""
        return self._below.url("slm_monitor")

    @property
    def log_url(self) -> str:
        return self._environment.get("SLM_LOG") or self._below.url("slm_log")

    def other_database_url(self, name: str) -> str:
        return self._below.url(name)

    async def start(self, **more: str) -> None:
        """Start the process. ``more``: further environment variables of this start only."""
        self._folder.mkdir(exist_ok=True)
        ports = dict.fromkeys(("SLM_PORT", "SLM_MONITOR_PORT"), str(self._port))
        self._running = await self._stack.enter_async_context(
            started(self._command, self._folder / "output", self._port, {**self._environment, **ports, **more})
        )
        await self._running.ready(STARTS_SECONDS)

    async def kill(self, *, with_postgres: bool) -> None:
        """Kill the process, and its PostgreSQL if asked. A PostgreSQL that the process does not start itself is
        restarted.
        """
        self.freeze()
        if with_postgres:
            self._below.crash()
        await self.running.stop(signal.SIGKILL)
        if with_postgres:
            self._below.start()

    def freeze(self) -> None:
        self.running.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.running.process.send_signal(signal.SIGCONT)

    async def __aenter__(self) -> Killable:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the process with SIGTERM; if it does not end, kill it with its PostgreSQL."""
        if self._running is None:
            return
        try:
            self.thaw()
            await self.running.stop()
        except (TimeoutError, ProcessLookupError):
            with suppress(OSError, psutil.Error):
                self._below.crash()
        finally:
            await self._stack.aclose()


class _Own:
    """The private PostgreSQL in a data directory, found by its files there. The process that owns it starts it."""

    def __init__(self, data: Path) -> None:
        self._data = data / "postgres"
        self._file = self._data / "postmaster.pid"

    def _lines(self) -> list[str]:
        return self._file.read_text().splitlines()

    def url(self, database: str = "postgres") -> str:
        url = PrivatePostgres.url_of_running(self._data, database)
        assert url is not None
        return url

    def crash(self) -> None:
        kill_family(int(self._lines()[0]))

    def start(self) -> None:
        """Do nothing: ``slm up`` starts the server."""


def embedded(folder: Path, clock: str) -> Killable:
    """Return ``slm up`` without any settings, as a process that can be killed."""
    environment = {"SLM_DATA_DIR": str(folder / "data"), "SLM_CLOCK": clock, "SLM_BOOTSTRAP_KEY": KEY}
    return Killable(["slm", "up"], folder, environment, _Own(folder / "data"))


def alone(folder: Path, clock: str, server: PostgresForTests, log: str, module: str = "slm_monitor") -> Killable:
    """Return monitor-svc alone, on a log at the URL ``log``, as a process that can be killed."""
    environment = {
        "SLM_LOG": log,
        "SLM_CLOCK": clock,
        "SLM_BOOTSTRAP_KEY": KEY,
        "SLM_MONITOR_DATABASE_URL": server.url("slm_monitor"),
    }
    return Killable([module], folder, environment, server)
