"""The private PostgreSQL server that an installation gets if no database is configured."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil

from slm_chassis import postgres_programs
from slm_chassis.postgres_programs import PostgresFailed

_PORT = 5432
"""The port number in the socket file's name. The server listens on no network."""

_LONGEST_SOCKET_PATH = 100
_START_SECONDS = 120.0
"""Seconds that a start may take. Recovery after a power failure replays at most ``max_wal_size``."""

_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "effective_cache_size": "'1GB'",
    "maintenance_work_mem": "'64MB'",
    "work_mem": "'8MB'",
    # What is committed must be on the disk. Never weaken these.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "on",
    "wal_buffers": "'16MB'",
    "max_wal_size": "'2GB'",
    "min_wal_size": "'256MB'",
    "checkpoint_timeout": "'10min'",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "jit": "off",
    # Tables used as queues are emptied as fast as they are filled.
    "autovacuum_naptime": "'15s'",
    "autovacuum_vacuum_cost_delay": "'1ms'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    # The last seven days, one file each.
    "logging_collector": "on",
    "log_directory": "'log'",
    "log_filename": "'%a.log'",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "'1d'",
    "log_rotation_size": "0",
}


class DataDirectoryInUse(RuntimeError):
    """Another process of this product runs on the data directory."""


class PrivatePostgres:
    """A PostgreSQL server on a data directory, reached through a socket that only this user can open.

    The server outlives the process that started it. After ``kill -9`` of that process, the next ``start`` on the
    directory takes over the running server. If the server died too, ``start`` recovers its data.
    """

    def __init__(self, data_dir: Path, lock: int, sockets: Path) -> None:
        self._data_dir = data_dir
        self._lock = lock
        self._sockets = sockets

    @classmethod
    def start(cls, data_dir: Path) -> PrivatePostgres:
        """Create the data directory if it is missing, and start the server if it is not running.

        Blocks until the server accepts connections. Raises DataDirectoryInUse and PostgresFailed.
        """
        data_dir = data_dir.absolute()
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        lock = _take_lock(data_dir)
        try:
            if not data_dir.exists():
                _initialize(data_dir)
            sockets = _socket_directory(data_dir)
            server = cls(data_dir, lock, sockets)
            if _postmaster(data_dir) is None or not _accepts(sockets):
                server._launch()
            return server
        except BaseException:
            os.close(lock)
            raise

    def url(self, database: str = "postgres") -> str:
        """Return a ``postgresql://…`` URL for any process of this user on this machine."""
        return _url(self._sockets, database)

    @staticmethod
    def url_of_running(data_dir: Path, database: str = "postgres") -> str | None:
        """Return the URL of a server that another process has started on the directory; None if none runs there."""
        data_dir = data_dir.absolute()
        return None if _postmaster(data_dir) is None else _url(_socket_directory(data_dir), database)

    @property
    def process_id(self) -> int | None:
        """The server's process id; None if it does not run."""
        return _postmaster(self._data_dir)

    @property
    def data_dir(self) -> Path:
        """The server's data directory."""
        return self._data_dir

    @property
    def socket_path(self) -> Path:
        """The socket that the server listens on."""
        return self._sockets / f".s.PGSQL.{_PORT}"

    def restart(self) -> None:
        """Start the server again after it died or stopped answering; blocks. Raises PostgresFailed.

        What the old server left is removed first: its processes, lock file, sockets and shared memory.
        """
        if self._lock < 0:
            raise PostgresFailed("the server was stopped by its owner")
        self._launch()

    def stop(self) -> None:
        """Stop the server and end open connections; committed data are safe. A second call does nothing."""
        if self._lock < 0:
            return
        try:
            _end(self._data_dir, seconds=60)
        finally:
            os.close(self._lock)
            self._lock = -1
            if self._sockets != self._data_dir:
                with suppress(OSError):
                    self._sockets.rmdir()

    def _launch(self) -> None:
        _give(self._data_dir / "slm.conf", _configuration(self._socket_setting()))
        place = postgres_programs.reachable_path(self._data_dir)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            _clear_remains(self._data_dir, self._sockets)
            try:
                # start.log gets the output from before the server opens its own log. The server's user must own it.
                postgres_programs.run_program(
                    *("pg_ctl", "start", "-D", place, "-l", f"{place}/start.log"),
                    *("-w", "-t", str(int(_START_SECONDS))),
                    inside=self._data_dir,
                )
                return
            except PostgresFailed as failed:
                said = _last_words(self._data_dir)
                # Orphans of a killed server hold its shared memory until they notice.
                if "shared memory" not in said or time.monotonic() > deadline:
                    raise PostgresFailed(f"PostgreSQL did not start on {self._data_dir}: {said or failed}") from failed
                time.sleep(0.5)

    def _socket_setting(self) -> str:
        return (
            postgres_programs.reachable_path(self._data_dir) if self._sockets == self._data_dir else str(self._sockets)
        )


def _url(sockets: Path, database: str) -> str:
    return f"postgresql://postgres@/{quote(database)}?host={quote(str(sockets), safe='')}&port={_PORT}"


def _take_lock(data_dir: Path) -> int:
    """Lock the data directory and return the lock's file descriptor; the kernel releases it when this process dies."""
    lock = os.open(data_dir.with_name(data_dir.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise DataDirectoryInUse(f"{data_dir} belongs to a process that still runs") from None
    return lock


def _initialize(data_dir: Path) -> None:
    """Create the data directory under another name and then rename it, so that an incomplete one is never found."""
    making = data_dir.with_name(data_dir.name + ".new")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    if (owner := postgres_programs.server_user()) is not None:
        os.chown(making, owner.pw_uid, owner.pw_gid)
    # Collation comes with the server, not from the operating system, whose upgrades would make indexes invalid.
    postgres_programs.run_program(
        *("initdb", "-D", postgres_programs.reachable_path(making), "-U", "postgres", "--auth=trust"),
        *("--encoding=UTF8", "--locale=C"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"),
        inside=making,
    )
    with (making / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude_if_exists = 'slm.conf'\n")
    making.rename(data_dir)


def _give(file: Path, content: str) -> None:
    """Write a file that only the server's user can read."""
    file.write_text(content)
    file.chmod(0o600)
    if (owner := postgres_programs.server_user()) is not None:
        os.chown(file, owner.pw_uid, owner.pw_gid)


def _configuration(sockets: str) -> str:
    settings = {**_SETTINGS, "port": str(_PORT), "unix_socket_directories": f"'{sockets}'"}
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    return "# Written at every start; your own settings belong into postgresql.auto.conf.\n" + "".join(lines)


def _socket_directory(data_dir: Path) -> Path:
    """Return the directory for the socket: the data directory, or a short private one if the socket's path would be too
    long.
    """
    if len(os.fsencode(data_dir / f".s.PGSQL.{_PORT}.lock")) <= _LONGEST_SOCKET_PATH:
        return data_dir
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    directory = Path(tempfile.gettempdir()) / f"slm-postgres-{os.geteuid()}-{digest}"
    directory.mkdir(mode=0o700, exist_ok=True)
    owner = postgres_programs.server_user()
    if owner is not None:
        os.chown(directory, owner.pw_uid, owner.pw_gid)
    if directory.stat().st_uid != (owner.pw_uid if owner else os.geteuid()) or directory.is_symlink():
        raise PostgresFailed(f"{directory} is another user's; a socket in it would be open to that user")
    directory.chmod(0o700)
    return directory


def _postmaster(data_dir: Path) -> int | None:
    """Return the id of the server's process on the directory; None if no server runs.

    The id in the lock file alone proves nothing: the number may belong to another process by now.
    """
    try:
        number = int((data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return number if _serves(number, data_dir) else None


def _serves(process_id: int, data_dir: Path) -> bool:
    try:
        process = psutil.Process(process_id)
        return (
            process.name().startswith("postgres")
            and process.status() != psutil.STATUS_ZOMBIE
            and Path(process.cwd()) == data_dir.resolve()
        )
    except psutil.Error:
        return False


def _clear_remains(data_dir: Path, sockets: Path) -> None:
    """Before a start, end what a dead server left running and remove its lock files.

    The server refuses to start while the number in a lock file belongs to any process, even a zombie.
    """
    if _postmaster(data_dir) is not None:
        # Alive but not answering: still in recovery, shutting down, or its socket is gone.
        _end(data_dir, seconds=int(_START_SECONDS))
        return
    for orphan in _processes_on(data_dir):
        # SIGQUIT is what the server itself sends its children when one has crashed.
        with suppress(psutil.Error):
            orphan.send_signal(signal.SIGQUIT)
    psutil.wait_procs(_processes_on(data_dir), timeout=5.0)
    for remains in (data_dir / "postmaster.pid", sockets / f".s.PGSQL.{_PORT}", sockets / f".s.PGSQL.{_PORT}.lock"):
        remains.unlink(missing_ok=True)


def _end(data_dir: Path, *, seconds: int) -> None:
    try:
        if _postmaster(data_dir) is not None:
            place = postgres_programs.reachable_path(data_dir)
            postgres_programs.run_program(
                *("pg_ctl", "stop", "-D", place, "-m", "fast", "-w", "-t", str(seconds)), inside=data_dir
            )
    except PostgresFailed:
        # It may have ended between the check and the call.
        if _postmaster(data_dir) is not None:
            raise


def _processes_on(data_dir: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _serves(process.pid, data_dir)]


def _accepts(sockets: Path) -> bool:
    ready = [
        str(postgres_programs.wheel_directory() / "bin" / "pg_isready"),
        "-q",
        "-t",
        "5",
        "-h",
        str(sockets),
        "-p",
        str(_PORT),
    ]
    return subprocess.run(ready, check=False).returncode == 0


def _last_words(data_dir: Path) -> str:
    files = [data_dir / "start.log", *sorted((data_dir / "log").glob("*.log"), key=lambda file: file.stat().st_mtime)]
    return "".join(file.read_text(errors="replace")[-2_000:] for file in files[-2:] if file.exists())
