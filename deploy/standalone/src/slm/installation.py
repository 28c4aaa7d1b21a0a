"""An installation in one process: its PostgreSQL, databases, event log, services and HTTP face."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from pydantic import SecretStr

from slm.contexts import CONTEXTS, build_of, package_of, settings_of
from slm.face import PublicFace
from slm_chassis.access import new_key
from slm_chassis.addresses import hide_password
from slm_chassis.app import ServiceApp, connect_log
from slm_chassis.clock import Clock, parse_clock
from slm_chassis.http.limits import Limits
from slm_chassis.key_strength import explain_weakness
from slm_chassis.log.port import EventLog
from slm_chassis.migrations import migrate
from slm_chassis.postgres_programs import PostgresFailed
from slm_chassis.postgres_server import PrivatePostgres
from slm_chassis.postgres_watch import keep_postgres_running
from slm_chassis.settings import ServiceSettings, Settings
from slm_chassis.startup import StartupFailed, read_settings, retry_until_reachable
from slm_console import bootstrap
from slm_console.settings import ConsoleSettings
from slm_console.web.visit import SERVICES, SETTINGS


@dataclass(frozen=True)
class OperatorKey:
    """The operator's API key of an installation; ``is_new``: this start created it."""

    value: str
    path: Path | None
    is_new: bool


@dataclass(frozen=True)
class Installation:
    """All services of an installation, built but not yet started, and its HTTP face."""

    apps: Sequence[ServiceApp]
    face: PublicFace
    key: OperatorKey
    console: FastAPI


@dataclass(frozen=True)
class DatabaseAddresses:
    """The URL of the event log, and ``databases``: context (``agreement``, ``monitor``, …) → URL of that service's
    database.
    """

    log: str
    databases: dict[str, str]


@contextlib.asynccontextmanager
async def open_installation(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Installation]:
    """Yield an installation that is ready to serve; close all of it at the end, the PostgreSQL last.

    ``clock`` replaces the clock of the settings, if given. Raises DataDirectoryInUse, PostgresFailed, StartupFailed,
    and ValueError for settings that are not valid.
    """
    clock = clock or parse_clock(settings.clock)
    key = operator_key(settings)
    async with open_addresses(settings) as addresses:
        of_services = _service_settings(settings, addresses, key)
        await migrate_all(addresses, settings.start_seconds)
        log = await connect_log(settings.model_copy(update={"log": addresses.log}), clock, "slm")
        apps: list[ServiceApp] = []
        try:
            for each in of_services:
                apps.append(await _build(each, log, clock))
            _acquaint(apps)
            async with _console(settings, apps, clock) as console:
                prefix = SETTINGS.find(console).prefix
                face = PublicFace(apps, console, limits=Limits.of(settings), prefix=prefix)
                yield Installation(apps, face, key, console)
        finally:
            await asyncio.gather(*(app.stop() for app in apps))
            await log.close()


@contextlib.asynccontextmanager
async def _console(settings: Settings, apps: Sequence[ServiceApp], clock: Clock) -> AsyncIterator[FastAPI]:
    """Yield the console over the services of this process; close the console's connections at the end."""
    shared = settings.model_dump(include=set(Settings.model_fields))
    console = bootstrap.build(read_settings(lambda: ConsoleSettings(**shared), ConsoleSettings), clock)
    services = SERVICES.find(console)
    services.lend({app.context: app.http for app in apps})
    try:
        yield console
    finally:
        await services.close()


@contextlib.asynccontextmanager
async def open_addresses(settings: Settings, *, beside: bool = False) -> AsyncIterator[DatabaseAddresses]:
    """Yield the addresses of the log and the databases.

    They are taken from the environment. If any is missing there, a private PostgreSQL is started for it, and stopped at
    the end. ``beside``: if the installation is running, use its PostgreSQL instead of raising DataDirectoryInUse.
    """
    given = {
        context: settings.address(read_settings(settings_of(context), settings_of(context)).database_url)
        for context in CONTEXTS
    }
    if settings.log and all(given.values()):
        yield DatabaseAddresses(settings.log, given)
        return
    directory = settings.data_dir / "postgres"
    if beside and PrivatePostgres.url_of_running(directory) is not None:
        yield _addresses(settings, given, lambda database: PrivatePostgres.url_of_running(directory, database) or "")
        return
    make_private(settings.data_dir)
    server = await _started(directory)
    try:
        async with _watched(server):
            yield _addresses(settings, given, server.url)
    finally:
        await asyncio.to_thread(server.stop)


@contextlib.asynccontextmanager
async def _watched(server: PrivatePostgres) -> AsyncIterator[None]:
    """Restart the PostgreSQL server if it dies while the body of the ``async with`` runs.

    If the restart fails, cancel the body and raise PostgresFailed; errors that the body raises on its cancellation are
    dropped.
    """
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(keep_postgres_running(server), name="postgres watch")
            try:
                yield
            finally:
                watching.cancel()
    except BaseExceptionGroup as failed:
        raise _first_of(failed) from None


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the PostgresFailed in a group of errors if there is one, else the group's first error."""
    return next((each for each in group.exceptions if isinstance(each, PostgresFailed)), group.exceptions[0])


def _addresses(settings: Settings, given: dict[str, str], private: Callable[[str], str]) -> DatabaseAddresses:
    databases = {context: url or private(package_of(context)) for context, url in given.items()}
    return DatabaseAddresses(settings.log or private("slm_log"), databases)


async def _started(directory: Path) -> PrivatePostgres:
    """Start the server in a thread and return it. If the caller is cancelled meanwhile, stop the server again."""
    starting = asyncio.create_task(asyncio.to_thread(PrivatePostgres.start, directory))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        server = await starting
        await asyncio.to_thread(server.stop)
        raise


async def migrate_all(addresses: DatabaseAddresses, seconds: float) -> None:
    """Bring every service's database to its newest version; databases that are missing are created. Raises
    StartupFailed.

    ``seconds``: how long to wait for each database.
    """
    for context, url in addresses.databases.items():
        await retry_until_reachable(_database(context, url), _migration(url, package_of(context)), seconds=seconds)


def _database(context: str, url: str) -> str:
    return f"{context}-svc's database (SLM_{context.upper()}_DATABASE_URL, {hide_password(url)})"


def operator_key(settings: Settings) -> OperatorKey:
    """Return the key in ``SLM_BOOTSTRAP_KEY``, else the one in the data directory, which the first start creates."""
    if settings.bootstrap_key is not None:
        return OperatorKey(settings.bootstrap_key.get_secret_value(), None, is_new=False)
    path = settings.data_dir / "operator-key"
    if path.exists():
        return OperatorKey(_kept_key(path), path, is_new=False)
    make_private(settings.data_dir)
    key = new_key()
    # Written to another file and renamed: a half-written key is never read, and others can never read it.
    making = path.with_suffix(".new")
    making.unlink(missing_ok=True)
    with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key + "\n")
        os.fsync(file.fileno())
    making.rename(path)
    return OperatorKey(key, path, is_new=True)


def _kept_key(path: Path) -> str:
    """Return the key in the data directory.

    Raises StartupFailed if others can read the file, the file is empty, or its key is weak.
    """
    state = path.stat()
    if state.st_mode & 0o077:
        raise StartupFailed(
            f"{path} can be read by others (mode {state.st_mode & 0o777:o}), who may hold the operator's key. Remove "
            f"the file to have a new key made, or, if nobody has seen it: chmod 600 {path}"
        )
    key = path.read_text().strip()
    if not key:
        raise StartupFailed(f"{path} is empty; remove it to have a new key made, or restore it from the backup")
    if (weakness := explain_weakness(key)) is not None:
        raise StartupFailed(f"the key in {path} can be guessed: {weakness}; remove the file to have a new one made")
    return key


def make_private(folder: Path) -> None:
    """Create a data directory that only this user can enter, or restrict an existing one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077 and folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)


def _service_settings(settings: Settings, addresses: DatabaseAddresses, key: OperatorKey) -> list[ServiceSettings]:
    shared = settings.model_dump(include=set(Settings.model_fields)) | {
        "log": addresses.log,
        "bootstrap_key": SecretStr(key.value),
    }
    return [settings_of(context)(**shared, database_url=url) for context, url in addresses.databases.items()]


def _acquaint(apps: Sequence[ServiceApp]) -> None:
    """Connect, inside this process, the services that read from each other's APIs."""
    by_context = {app.context: app for app in apps}
    for app in apps:
        for peer in app.peers:
            peer.lend(by_context[peer.context].http)


async def _build(settings: ServiceSettings, log: EventLog, clock: Clock) -> ServiceApp:
    build = build_of(settings.context)
    what = _database(settings.context, settings.database_url)
    return await retry_until_reachable(what, lambda: build(settings, log, clock), seconds=settings.start_seconds)


def _migration(url: str, package: str) -> Callable[[], Awaitable[None]]:
    return lambda: migrate(url, package)
