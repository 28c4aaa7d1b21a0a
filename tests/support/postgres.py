"""A real PostgreSQL for tests: a private server from the wheel, or the one ``SLM_POSTGRES`` names."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from slm_chassis.identity import new_id
from slm_chassis.migrations import migrate
from slm_chassis.postgres_server import PrivatePostgres
from tests.support.processes import kill_family


class PostgresForTests:
    """A private server in a temporary folder. Fault tests ``crash`` it and ``start`` it again."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="slm-postgres-"))
        self._server = PrivatePostgres.start(self._folder / "data")
        with (self._folder / "data" / "postgresql.auto.conf").open("a") as settings:
            # A killed server loses nothing without it, only a machine without power does.
            settings.write("fsync = off\n")
        assert self._server.process_id is not None
        os.kill(self._server.process_id, signal.SIGHUP)

    def url(self, database: str = "postgres") -> str:
        return self._server.url(database)

    def crash(self) -> None:
        """Kill every process of the server with SIGKILL, as a power cut would."""
        if self._server.process_id is not None:
            kill_family(self._server.process_id)
        self._server.stop()

    def start(self) -> None:
        """Start again after ``crash``; returns when it accepts connections."""
        self._server = PrivatePostgres.start(self._folder / "data")

    def remove(self) -> None:
        self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)


class PostgresGiven:
    """An existing server, whose URL is ``SLM_POSTGRES``."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def url(self, database: str = "postgres") -> str:
        return urlunsplit(self._url._replace(path=f"/{database}"))

    def remove(self) -> None:
        """Do nothing: the server does not belong to the tests."""


def start() -> PostgresForTests | PostgresGiven:
    given = os.environ.get("SLM_POSTGRES")
    return PostgresGiven(given) if given else PostgresForTests()


_session: list[PostgresForTests | PostgresGiven] = []
_templates: dict[str, str] = {}
"""Package of a service → URL of the migrated database that is copied."""


def session() -> PostgresForTests | PostgresGiven:
    """Return the PostgreSQL server of this test session, started at the first call."""
    if not _session:
        _session.append(start())
    return _session[0]


def end_session() -> None:
    _templates.clear()
    while _session:
        _session.pop().remove()


def fresh_name(prefix: str) -> str:
    """Return a database name that no other test uses, for code that creates its database itself."""
    return f"{prefix}_{new_id().replace('-', '')}"


async def fresh_database(prefix: str = "slm_test", *, template: str = "template1") -> str:
    """Create an empty database, or a copy of one that nobody uses now, on the session's server; return its URL."""
    name = fresh_name(prefix)
    # Copying files is several times faster than PostgreSQL's default, which writes every block to its own log.
    await _execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return session().url(name)


async def copy_tables_of(package: str) -> str:
    """Create a copy of a database with the newest tables of a service, faster than by migrating; return its URL."""
    if package not in _templates:
        url = await fresh_database(f"{package}_template")
        await migrate(url, package)
        _templates[package] = url
    return await fresh_database(package, template=_name_of(_templates[package]))


async def drop_database(url: str) -> None:
    """Remove a database of the session's server, though somebody may still be connected to it."""
    await _execute(f'DROP DATABASE IF EXISTS "{_name_of(url)}" WITH (FORCE)')


def _name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


async def _execute(statement: str) -> None:
    connection = await asyncpg.connect(session().url())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
