"""An installation in one process: private PostgreSQL if none is given, databases, event log, services and face."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from slm.contexts import CONTEXTS, build_of, package_of, settings_of
from slm.face import Face
from slm.page import router as page
from slm_chassis.access import new_key
from slm_chassis.addresses import shown
from slm_chassis.app import App, connect_log
from slm_chassis.clock import Clock, clock_from
from slm_chassis.http.limits import Limits
from slm_chassis.key_strength import weakness_of
from slm_chassis.log.port import EventLog
from slm_chassis.migrations import migrate
from slm_chassis.postgres_programs import PostgresFailed
from slm_chassis.postgres_server import PrivatePostgres
from slm_chassis.postgres_watch import watch
from slm_chassis.settings import ServiceSettings, Settings
from slm_chassis.startup import StartupFailed, patiently, read


@dataclass(frozen=True)
class Key:
    """The operator's key of an installation; ``is_new``: it was created by this start."""

    value: str
    path: Path | None
    is_new: bool


@dataclass(frozen=True)
class Installation:
    """All services, built but not yet started."""

    apps: Sequence[App]
    face: Face
    key: Key


@dataclass(frozen=True)
class Addresses:
    """The URLs of the event log and of each service's database, by context."""

    log: str
    databases: dict[str, str]


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Installation]:
    """Open everything needed to serve, and close it at the end, the PostgreSQL last.

    Raises DataDirectoryInUse, PostgresFailed, StartupFailed, and ValueError for settings that are not valid.
    """
    clock = clock_from(settings.clock)
    key = operator_key(settings)
    async with addressed(settings) as addresses:
        of_services = _service_settings(settings, addresses, key)
        await migrate_all(addresses, settings.start_seconds)
        log = await connect_log(settings.model_copy(update={"log": addresses.log}), clock, "slm")
        apps: list[App] = []
        try:
            for each in of_services:
                apps.append(await _build(each, log, clock))
            _acquaint(apps)
            face = Face(apps, [page], limits=Limits.of(settings))
            yield Installation(apps, face, key)
        finally:
            await asyncio.gather(*(app.stop() for app in apps))
            await log.close()


@contextlib.asynccontextmanager
async def addressed(settings: Settings, *, beside: bool = False) -> AsyncIterator[Addresses]:
    """Yield the addresses in ``SLM_LOG`` and ``SLM_<CONTEXT>_DATABASE_URL``; for missing ones a private PostgreSQL is
    started.

    ``beside``: if the installation is running, use its PostgreSQL instead of raising DataDirectoryInUse.
    """
    given = {
        context: settings.address(read(settings_of(context), settings_of(context)).database_url) for context in CONTEXTS
    }
    if settings.log and all(given.values()):
        yield Addresses(settings.log, given)
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
    """Restart the server if it dies inside the block. If that fails, end the block and raise PostgresFailed.

    Errors that the block raises because of that failure are dropped.
    """
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(server), name="postgres watch")
            try:
                yield
            finally:
                watching.cancel()
    except BaseExceptionGroup as failed:
        raise _first_of(failed) from None


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the PostgresFailed in a group if there is one, else its first error."""
    return next((each for each in group.exceptions if isinstance(each, PostgresFailed)), group.exceptions[0])


def _addresses(settings: Settings, given: dict[str, str], private: Callable[[str], str]) -> Addresses:
    databases = {context: url or private(package_of(context)) for context, url in given.items()}
    return Addresses(settings.log or private("slm_log"), databases)


async def _started(directory: Path) -> PrivatePostgres:
    """Start the server in a thread. If the caller is cancelled meanwhile, wait for the start and stop the
    server again.
    """
    starting = asyncio.create_task(asyncio.to_thread(PrivatePostgres.start, directory))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        server = await starting
        await asyncio.to_thread(server.stop)
        raise


async def migrate_all(addresses: Addresses, seconds: float) -> None:
    """Bring every service's database to its newest version, creating missing ones. Raises StartupFailed.

    ``seconds``: how long to wait for each database.
    """
    for context, url in addresses.databases.items():
        await patiently(_database(context, url), _migration(url, package_of(context)), seconds=seconds)


def _database(context: str, url: str) -> str:
    return f"{context}-svc's database (SLM_{context.upper()}_DATABASE_URL, {shown(url)})"


def operator_key(settings: Settings) -> Key:
    """Return the key in ``SLM_BOOTSTRAP_KEY``, else the one in the data directory, which the first start creates."""
    if settings.bootstrap_key is not None:
        return Key(settings.bootstrap_key.get_secret_value(), None, is_new=False)
    path = settings.data_dir / "operator-key"
    if path.exists():
        return Key(_kept_key(path), path, is_new=False)
    make_private(settings.data_dir)
    key = new_key()
    # Written to another file and renamed: a half-written key is never read, and others can never read it.
    making = path.with_suffix(".new")
    making.unlink(missing_ok=True)
    with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key + "\n")
        os.fsync(file.fileno())
    making.rename(path)
    return Key(key, path, is_new=True)


def _kept_key(path: Path) -> str:
    """Return the key in the data directory. Raises StartupFailed if the file is readable by others, empty or its key
    weak.
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
    if (weakness := weakness_of(key)) is not None:
        raise StartupFailed(f"the key in {path} can be guessed: {weakness}; remove the file to have a new one made")
    return key


def make_private(folder: Path) -> None:
    """Create a data directory that only this user can enter, or restrict an existing one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077 and folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)


def _service_settings(settings: Settings, addresses: Addresses, key: Key) -> list[ServiceSettings]:
    shared = settings.model_dump(include=set(Settings.model_fields)) | {
        "log": addresses.log,
        "bootstrap_key": SecretStr(key.value),
    }
    return [settings_of(context)(**shared, database_url=url) for context, url in addresses.databases.items()]


def _acquaint(apps: Sequence[App]) -> None:
    """Let services that read from each other do so inside this process."""
    by_context = {app.context: app for app in apps}
    for app in apps:
        for peer in app.peers:
            peer.lend(by_context[peer.context].http)


async def _build(settings: ServiceSettings, log: EventLog, clock: Clock) -> App:
    build = build_of(settings.context)
    what = _database(settings.context, settings.database_url)
    return await patiently(what, lambda: build(settings, log, clock), seconds=settings.start_seconds)


def _migration(url: str, package: str) -> Callable[[], Awaitable[None]]:
    return lambda: migrate(url, package)
