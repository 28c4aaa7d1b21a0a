"""Each service as a process of its own: it waits for what it needs, serves, and stops when told to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from slm.contexts import CONTEXTS
from tests.support.operator_key import KEY
from tests.support.postgres import PostgresForTests, fresh_name, session
from tests.support.processes import free_port, started


def environment_of(context: str, port: int) -> dict[str, str]:
    return {
        "SLM_LOG": session().url(fresh_name("slm_log")),
        f"SLM_{context.upper()}_DATABASE_URL": session().url(fresh_name(f"slm_{context}")),
        f"SLM_{context.upper()}_PORT": str(port),
        "SLM_BOOTSTRAP_KEY": KEY,
    }


@pytest.mark.parametrize("context", CONTEXTS)
async def test_a_service_runs_alone(context: str, tmp_path: Path, postgres: object) -> None:
    port = free_port()
    environment = environment_of(context, port)
    async with started([f"slm_{context}"], tmp_path / "output", port, environment) as running:
        await running.ready()
        async with httpx.AsyncClient(base_url=running.url, headers={"X-API-Key": KEY}) as client:
            paths = (await client.get("/openapi.json")).json()["paths"]
            path = next(
                path for path, item in paths.items() if "get" in item and "{" not in path and "stream" not in path
            )
            assert (await client.get(path)).status_code == 200
            assert (await client.get(path, headers={"X-API-Key": "slm_wrong"})).status_code == 401
        assert await running.stop() == 0, running.said()


async def test_a_service_waits_for_its_database(tmp_path: Path, postgres: object) -> None:
    if not isinstance(session(), PostgresForTests):
        pytest.skip("needs a server it may stop")
    server = PostgresForTests()
    try:
        url = server.url("slm_report")
        server.crash()
        port = free_port()
        environment = environment_of("report", port) | {"SLM_REPORT_DATABASE_URL": url}
        async with started(["slm_report"], tmp_path / "output", port, environment) as running:
            async with asyncio.timeout(30):
                while "waiting" not in running.said():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            server.start()
            await running.ready()
            assert await running.stop() == 0, running.said()
    finally:
        server.remove()
