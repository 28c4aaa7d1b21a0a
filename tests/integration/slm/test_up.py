"""``slm up`` as a user meets it: it starts from nothing, stops cleanly, and finds its state after ``kill -9``."""

from __future__ import annotations

import asyncio
import signal
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx

from slm.face import resource_owners
from slm.installation import open_installation
from slm_chassis.postgres_server import PrivatePostgres
from slm_chassis.settings import Settings
from tests.support.processes import Running, free_port, started


@asynccontextmanager
async def up(folder: Path, **environment: str) -> AsyncIterator[Running]:
    port = free_port()
    environment |= {"SLM_DATA_DIR": str(folder / "data"), "SLM_PORT": str(port)}
    async with started(["slm", "up"], folder / "output", port, environment) as running:
        await running.ready()
        yield running


def client_of(running: Running, folder: Path) -> httpx.AsyncClient:
    key = (folder / "data" / "operator-key").read_text().strip()
    return httpx.AsyncClient(base_url=running.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)


async def register(client: httpx.AsyncClient, key: str) -> str:
    answer = await client.post("/api/v1/parties", json={"key": key, "name": key}, headers={"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["party_id"])


async def parties(client: httpx.AsyncClient) -> list[str]:
    return sorted(item["party_id"] for item in (await client.get("/api/v1/parties")).json()["items"])


async def test_it_starts_from_nothing_and_finds_its_state_after_a_kill(tmp_path: Path) -> None:
    async with up(tmp_path) as running:
        assert "operator key: slm_" in running.said()
        async with client_of(running, tmp_path) as client:
            known = [await register(client, "alpha")]
            assert (await client.get("/")).status_code == 303
        assert await running.stop(signal.SIGKILL) == -signal.SIGKILL
    async with up(tmp_path) as running:
        async with client_of(running, tmp_path) as client:
            known.append(await register(client, "beta"))
            assert await register(client, "alpha") == known[0]
            assert await parties(client) == sorted(known)
        assert await running.stop() == 0, running.said()
        assert running.said().count("operator key: slm_") == 1
    server = PrivatePostgres.start(tmp_path / "data" / "postgres")
    server.stop()


async def test_the_operators_key_is_for_its_owner_only(tmp_path: Path) -> None:
    async with up(tmp_path) as running:
        key = tmp_path / "data" / "operator-key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert await running.stop(signal.SIGINT) in (0, 130)
        # Nobody asked for anything: all that is said is said to people.
        assert not [
            line for line in running.said().splitlines() if line.startswith("{") and "installation/links" not in line
        ], running.said()


async def test_services_given_a_server_use_it(tmp_path: Path, postgres: object) -> None:
    from tests.support.postgres import fresh_name, session

    urls = {
        f"SLM_{name}_DATABASE_URL": session().url(fresh_name("slm"))
        for name in ("AGREEMENT", "MONITOR", "REPORT", "REVIEW", "NOTIFICATION")
    }
    urls["SLM_LOG"] = session().url(fresh_name("slm_log"))
    async with up(tmp_path, **urls) as running:
        assert not (tmp_path / "data" / "postgres").exists()
        assert await running.stop() == 0, running.said()


async def test_every_resource_has_one_owner(tmp_path: Path) -> None:
    async with open_installation(Settings(data_dir=tmp_path / "data")) as installation:
        owned = {resource: app.context for resource, app in resource_owners(installation.apps).items()}
        document = installation.face.own.openapi()
    operations = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(operations) == len(set(operations)) > 30
    expected = {
        "parties": "agreement",
        "agreements": "agreement",
        "measurements": "monitor",
        "breaches": "monitor",
        "stream": "monitor",
        "reports": "report",
        "reviews": "review",
        "action-plans": "review",
    }
    assert owned.items() >= expected.items()


async def test_a_stop_during_the_start_leaves_no_server_behind(tmp_path: Path) -> None:
    port = free_port()
    environment = {"SLM_DATA_DIR": str(tmp_path / "data"), "SLM_PORT": str(port)}
    async with started(["slm", "up"], tmp_path / "output", port, environment) as running:
        async with asyncio.timeout(60):
            while not (tmp_path / "data" / "postgres.lock").exists():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await running.stop(seconds=60) == 0, running.said()
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()


AT_REST = """
SELECT sum(xact_commit + xact_rollback)::int FROM pg_stat_database WHERE datname LIKE 'slm%'
"""
MOST_A_SECOND = 50.0
"""Transactions in all databases of an installation that nobody asks for anything."""


async def test_nothing_to_do_asks_the_database_little(tmp_path: Path) -> None:
    async with up(tmp_path):
        url = PrivatePostgres.url_of_running(tmp_path / "data" / "postgres")
        connection = await asyncpg.connect(url)
        try:
            # A session reports what it did once a second, or ten seconds after it has become idle.
            await asyncio.sleep(12.0)
            before, began = await connection.fetchval(AT_REST), time.monotonic()
            await asyncio.sleep(20.0)
            after = await connection.fetchval(AT_REST)
        finally:
            await connection.close()
        a_second = (after - before) / (time.monotonic() - began)
        assert a_second < MOST_A_SECOND
