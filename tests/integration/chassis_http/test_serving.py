"""A service behind a real socket: it takes what clients send, says how it is, and stops when told to."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse

from slm_chassis import tables
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.app import Endpoint, ServiceApp, serve
from slm_chassis.clock import SystemClock
from slm_chassis.database import Database
from slm_chassis.http.api import build_api
from tests.support import api as trial

router = APIRouter()


@router.get("/api/v1/stream", response_class=EventSourceResponse)
async def stream() -> AsyncIterator[dict[str, int]]:
    yield {"n": 1}
    await asyncio.Event().wait()


@router.post("/api/v1/raw")
async def take_raw(request: Request) -> dict[str, int]:
    return {"bytes": sum([len(chunk) async for chunk in request.stream()])}


@dataclass
class Running:
    app: ServiceApp
    url: str
    serving: asyncio.Task[None]


@pytest.fixture
async def running(database_url: str) -> AsyncIterator[Running]:
    database = await Database.open(database_url, clock=SystemClock(), source="/slm/test/trial")
    async with database.engine.begin() as connection:
        await connection.run_sync(tables.create_technical_tables)
    log = await trial.memory_log()
    registry = AccessRegistry(log, bootstrap_key=trial.BOOTSTRAP_KEY)
    foundation = trial.foundation_of(registry, log, database)
    app = ServiceApp(foundation, build_api(foundation, title="Trial", routers=[router]), [])
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve([app], app.http, Endpoint("127.0.0.1", 0), started=port.set_result))
    either: list[asyncio.Future[Any]] = [port, serving]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    yield Running(app, f"http://127.0.0.1:{port.result()}", serving)
    if not serving.done():
        os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(serving, 20)


async def test_a_started_service_becomes_ready(running: Running) -> None:
    async with httpx.AsyncClient(base_url=running.url) as client:
        async with asyncio.timeout(5):
            while (answer := await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert answer.json() == {"status": "ready", "reasons": []}
        figures = (await client.get("/metrics")).text
        assert "slm_trial_ready 1.0" in figures
        assert "slm_trial_outbox_rows 0.0" in figures


async def test_sigterm_ends_open_streams_whole_and_the_service_with_them(running: Running) -> None:
    async with (
        httpx.AsyncClient(base_url=running.url) as client,
        client.stream("GET", "/api/v1/stream", timeout=10) as answer,
    ):
        lines = answer.aiter_lines()
        assert await anext(lines) == 'data: {"n":1}'
        os.kill(os.getpid(), signal.SIGTERM)
        rest = [line async for line in lines]
        assert rest == [""]
        await asyncio.wait_for(running.serving, 5)


async def test_a_body_of_100_megabytes_is_refused_and_the_server_goes_on(running: Running) -> None:
    host, port = running.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /api/v1/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 10_000_000)
    answer = await asyncio.wait_for(reader.read(), 10)
    assert answer.startswith(b"HTTP/1.1 413") and b"/problems/too-large" in answer
    assert b"connection: close" in answer.lower()
    writer.close()
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as client:
        assert (await client.get("/livez")).status_code == 200


async def test_an_endless_body_without_length_is_refused(running: Running) -> None:
    host, port = running.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /api/v1/raw HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(20):
        writer.write(b"20000\r\n" + b"x" * 0x20000 + b"\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    assert head.startswith(b"HTTP/1.1 413")
    writer.close()


async def test_a_request_that_is_no_http_is_refused(running: Running) -> None:
    host, port = running.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x16\x03\x01 nonsense\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 400")
    writer.close()


async def test_a_taken_port_is_an_error_and_leaves_nothing_running(running: Running) -> None:
    port = int(running.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"):
        await serve([], running.app.http, Endpoint("127.0.0.1", port))
