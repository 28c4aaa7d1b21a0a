"""A real Prometheus that scrapes an exporter, and writes to the product or is asked by it; and what was stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import yaml

from tests.support.killable import Killable
from tests.support.processes import free_port
from tests.support.prometheus import program


@asynccontextmanager
async def exporter() -> AsyncIterator[str]:
    """An exporter whose counter rises by three with each scrape; yields its host and port."""
    scraped = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal scraped
        await reader.readuntil(b"\r\n\r\n")
        scraped += 1
        body = f"# TYPE requests_total counter\nrequests_total {3 * scraped}\nother {scraped}\n".encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


class Sender:
    """A Prometheus in a folder, which can be stopped and started on its data. Without ``url`` it writes nowhere."""

    def __init__(self, folder: Path, target: str, url: str = "", access: Mapping[str, Any] | None = None) -> None:
        self._folder = folder
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._process: asyncio.subprocess.Process | None = None
        configuration: dict[str, Any] = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [target]}]}],
        }
        if url:
            configuration["remote_write"] = [
                {
                    "url": f"{url}/api/v1/prometheus/write",
                    **(access or {}),
                    "queue_config": {"batch_send_deadline": "1s", "max_backoff": "1s"},
                    "write_relabel_configs": [
                        {"source_labels": ["__name__"], "regex": "up|requests_total|other", "action": "keep"}
                    ],
                }
            ]
        folder.mkdir()
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))

    async def start(self) -> None:
        """Start it, and wait until it answers queries."""
        # What is refused for ever would hold up its end for a minute.
        patience = "--storage.remote.flush-deadline=5s"
        arguments = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", patience)
        with (self._folder / "log").open("a") as log:
            self._process = await asyncio.create_subprocess_exec(
                program("prometheus"),
                *arguments,
                f"--web.listen-address=127.0.0.1:{self._port}",
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        await eventually(self._is_ready)

    async def _is_ready(self) -> bool:
        async with httpx.AsyncClient(base_url=self.address) as client:
            try:
                return (await client.get("/-/ready")).is_success
            except httpx.TransportError:
                return False

    async def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        await asyncio.wait_for(self._process.wait(), 30)

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    async def samples(self) -> dict[int, float]:
        """The samples of the counter that it has stored: instant in ms → value."""
        async with httpx.AsyncClient(base_url=self.address) as client:
            answer = await client.get("/api/v1/query", params={"query": "requests_total[1h]"})
        [series] = answer.json()["data"]["result"]
        return {round(at * 1000): float(value) for at, value in series["values"]}

    async def evaluated(self, expression: str, start: int, end: int) -> dict[int, float]:
        """Return the values of an expression that has one series, at each second: instant in ms → value."""
        given = {"query": expression, "start": str(start), "end": str(end), "step": "1"}
        async with httpx.AsyncClient(base_url=self.address) as client:
            answer = await client.get("/api/v1/query_range", params=given)
        [series] = answer.raise_for_status().json()["data"]["result"]
        return {at * 1000: float(value) for at, value in series["values"]}


async def facts(server: Killable, indicator: str) -> list[tuple[int, dict[str, Any]]]:
    """All facts of an indicator: (instant in ms, content)."""
    connection = await asyncpg.connect(server.database_url)
    try:
        rows = await connection.fetch("SELECT at, body FROM fact WHERE subject LIKE $1", f"%/{indicator}")
    finally:
        await connection.close()
    return [(row["at"] // 1000, json.loads(row["body"])) for row in rows]


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.5)
