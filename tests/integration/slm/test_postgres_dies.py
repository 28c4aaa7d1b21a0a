"""The private PostgreSQL dies or takes no writes: it is started again, and /readyz tells no lies meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from tests.support.killable import Killable, embedded
from tests.support.operator_key import KEY

PARTY = {"key": "written", "name": "Written"}
HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Killable]:
    async with embedded(tmp_path, "") as server:
        await server.start()
        yield server


def postmaster(server: Killable) -> int:
    return int((folder(server) / "postmaster.pid").read_text().split()[0])


def folder(server: Killable) -> Path:
    return server._folder / "data" / "postgres"


def backends(server: Killable) -> Iterator[psutil.Process]:
    for child in psutil.Process(postmaster(server)).children():
        if "slm" in " ".join(child.cmdline()):
            yield child


async def reasons(server: Killable) -> list[str]:
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        found: list[str] = (await client.get("/readyz")).json()["reasons"]
        return found


async def until_said(server: Killable, words: str, seconds: float = 40.0) -> None:
    """Wait until /readyz gives a reason that holds the words; no words: until it gives none."""
    found: list[str] = []
    try:
        async with asyncio.timeout(seconds):
            while True:
                found = await reasons(server)
                if (not found) if not words else any(words in reason for reason in found):
                    return
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"never said {words!r}: {found}\n{server.running.said()[-2000:]}") from None


async def write(server: Killable, seconds: float = 40.0) -> None:
    """Register a party, trying until it is taken."""
    said = ""
    try:
        async with asyncio.timeout(seconds), httpx.AsyncClient(base_url=server.url, timeout=20) as client:
            while True:
                try:
                    answer = await client.post("/api/v1/parties", json=PARTY, headers=HEADERS)
                except httpx.TransportError as error:
                    said = repr(error)
                else:
                    if answer.status_code in (200, 201):
                        return
                    said = answer.text
                    assert answer.status_code == 503, said
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"nothing can be written: {said}") from None


@asynccontextmanager
async def connected(server: Killable, database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(server.other_database_url(database))
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_postmaster_killed_alone_is_started_again(server: Killable) -> None:
    for _ in range(2):
        before = postmaster(server)
        os.kill(before, signal.SIGKILL)
        async with asyncio.timeout(60):
            while not await _runs(server, before):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await until_said(server, "")
        await write(server)
    assert server.running.process.returncode is None


async def _runs(server: Killable, not_this: int) -> bool:
    try:
        found = postmaster(server)
    except (FileNotFoundError, IndexError):
        return False
    return found != not_this and psutil.pid_exists(found)


async def test_a_backend_that_is_killed_costs_a_moment(server: Killable) -> None:
    victim = next(backends(server))
    victim.kill()
    await asyncio.sleep(0.5)
    await until_said(server, "")
    await write(server)


async def test_a_postgres_that_cannot_restart_ends_the_process_with_a_reason(server: Killable) -> None:
    damaged = folder(server) / "global" / "pg_control"
    damaged.write_bytes(b"\0" * 8192)
    os.kill(postmaster(server), signal.SIGKILL)
    assert await asyncio.wait_for(server.running.process.wait(), 120) == 1
    said = server.running.said()
    assert "could not be started again in 6 attempts" in said
    assert str(folder(server)) in said and "Correct the cause" in said
    assert "Traceback" not in said.rpartition("PostgreSQL does not start")[2]


async def test_a_database_that_is_read_only_is_not_ready(server: Killable) -> None:
    await until_said(server, "")
    async with connected(server, "slm_report") as connection:
        await connection.execute("ALTER DATABASE slm_report SET default_transaction_read_only = on")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = 'slm_report' AND pid <> pg_backend_pid()"
        )
    await until_said(server, "report: database: nothing can be written: it is read-only")
    async with connected(server, "postgres") as connection:
        await connection.execute("ALTER DATABASE slm_report RESET default_transaction_read_only")
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'slm_report'")
    await until_said(server, "")


async def test_events_that_do_not_leave_make_a_service_not_ready(server: Killable) -> None:
    async with connected(server, "slm_agreement") as connection, connection.transaction():
        # A relay that was frozen in the middle of its work holds this lock as long as its session lives.
        await connection.execute("SELECT id FROM outbox_relay FOR UPDATE")
        await write(server)
        await until_said(server, "agreement: outbox: the oldest event has waited")
    await until_said(server, "")
