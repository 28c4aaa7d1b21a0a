"""The private server: there at once, found again whatever happened, and never less durable than it says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from slm_chassis.migrations import ensure_database
from slm_chassis.postgres_server import DataDirectoryInUse, PrivatePostgres

_OWNER = """
import sys, time
from pathlib import Path
from slm_chassis.postgres_server import PrivatePostgres
print(PrivatePostgres.start(Path(sys.argv[1])).process_id, flush=True)
time.sleep(600)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="slm-private-") as folder:
        yield Path(folder) / "postgres"


def killed_owner(data_dir: Path) -> int:
    """Start the server in a process of its own, end that one with ``kill -9``; returns the server's process id."""
    with subprocess.Popen([sys.executable, "-c", _OWNER, str(data_dir)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        server = int(owner.stdout.readline())
        owner.kill()
    return server


async def remember(server: PrivatePostgres, word: str) -> None:
    connection = await asyncpg.connect(server.url())
    await connection.execute("CREATE TABLE IF NOT EXISTS memory (word text)")
    await connection.execute("INSERT INTO memory VALUES ($1)", word)
    await connection.close()


async def memory(server: PrivatePostgres) -> list[str]:
    connection = await asyncpg.connect(server.url())
    try:
        return [row["word"] for row in await connection.fetch("SELECT word FROM memory")]
    finally:
        await connection.close()


async def test_a_stopped_server_finds_its_state_again(data_dir: Path) -> None:
    first = PrivatePostgres.start(data_dir)
    await remember(first, "kept")
    first.stop()
    assert first.process_id is None
    second = PrivatePostgres.start(data_dir)
    try:
        assert await memory(second) == ["kept"]
    finally:
        second.stop()


async def test_a_server_whose_owner_was_killed_is_taken_over_as_it_runs(data_dir: Path) -> None:
    orphan = killed_owner(data_dir)
    server = PrivatePostgres.start(data_dir)
    try:
        assert server.process_id == orphan
        await remember(server, "works")
    finally:
        server.stop()
    assert server.process_id is None


async def test_a_server_killed_with_its_owner_recovers_what_was_committed(data_dir: Path) -> None:
    first = PrivatePostgres.start(data_dir)
    await remember(first, "committed")
    # What a killed owner leaves: no lock, but every file of a running server.
    assert first.process_id is not None
    os.kill(first.process_id, signal.SIGKILL)
    os.close(first._lock)
    second = PrivatePostgres.start(data_dir)
    try:
        assert await memory(second) == ["committed"]
    finally:
        second.stop()


async def test_a_lock_file_of_another_process_does_not_stop_the_server(data_dir: Path) -> None:
    first = PrivatePostgres.start(data_dir)
    await remember(first, "kept")
    first.stop()
    # In a container a restarted process easily gets the number the server had.
    lines = f"{os.getpid()}\n{data_dir}\n{int(time.time())}\n5432\n{data_dir}\n\n\nready\n"
    (data_dir / "postmaster.pid").write_text(lines)
    second = PrivatePostgres.start(data_dir)
    try:
        assert await memory(second) == ["kept"]
    finally:
        second.stop()


async def test_one_data_directory_has_one_owner(data_dir: Path) -> None:
    server = PrivatePostgres.start(data_dir)
    try:
        with pytest.raises(DataDirectoryInUse):
            PrivatePostgres.start(data_dir)
    finally:
        server.stop()


async def test_a_half_made_data_directory_is_made_anew(data_dir: Path) -> None:
    unfinished = data_dir.with_name(data_dir.name + ".new")
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    server = PrivatePostgres.start(data_dir)
    server.stop()
    assert not unfinished.exists()


async def test_a_path_too_long_for_a_socket_works_too(data_dir: Path) -> None:
    deep = data_dir / ("d" * 60) / ("e" * 60)
    server = PrivatePostgres.start(deep)
    try:
        await remember(server, "deep")
        assert await memory(server) == ["deep"]
    finally:
        server.stop()


async def test_what_is_committed_is_on_the_disk_and_only_we_can_connect(data_dir: Path) -> None:
    server = PrivatePostgres.start(data_dir)
    try:
        await ensure_database(server.url("slm_monitor"))
        await ensure_database(server.url("slm_monitor"))
        connection = await asyncpg.connect(server.url("slm_monitor"))
        settings = {
            row["name"]: row["setting"] for row in await connection.fetch("SELECT name, setting FROM pg_settings")
        }
        await connection.close()
    finally:
        server.stop()
    durable = {name: settings[name] for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")}
    assert set(durable.values()) == {"on"}
    assert (settings["listen_addresses"], settings["unix_socket_permissions"]) == ("", "0700")
    assert settings["max_connections"] == "200"
