"""The installation that attack tests use: ``slm up`` as a user starts it, with two parties."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from tests.support.processes import Running, free_port, started


@dataclass
class Embedded:
    """A running installation, a client for it, and the keys of the two parties."""

    running: Running
    client: httpx.AsyncClient
    operator_key: str
    cast: Cast

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.running.url)
        return url.host, url.port or 80


@asynccontextmanager
async def embedded(folder: Path, settings: Mapping[str, str] | None = None) -> AsyncIterator[Embedded]:
    """Run an installation in an empty folder inside the block. It has one indicator of values, ``paying``."""
    port = free_port()
    environment = {"SLM_DATA_DIR": str(folder / "data"), "SLM_PORT": str(port), **(settings or {})}
    async with started(["slm", "up"], folder / "output", port, environment) as running:
        await running.ready(90)
        operator_key = (folder / "data" / "operator-key").read_text().strip()
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=running.url, timeout=30, limits=limits) as client:
            cast = await negotiation.gather_cast(client, operator_key)
            indicator = {"key": "paying", "kind": "value"}
            await negotiation.post(client, cast.provider_manager_key, "/api/v1/indicators", indicator)
            yield Embedded(running, client, operator_key, cast)
        await running.stop()
