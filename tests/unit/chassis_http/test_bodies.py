"""Bodies of requests that are worked on at the same time are bounded together; who is refused lost nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request

from slm_chassis.access_registry import AccessRegistry
from slm_chassis.http.limits import Limits
from tests.support import api as trial

MOST = 10_000
router = APIRouter()


@router.post("/api/v1/slow")
async def slow(request: Request) -> int:
    size = len(await request.body())
    await request.app.state.gate.wait()
    return size


@pytest.fixture
async def api() -> FastAPI:
    log = await trial.memory_log()
    api = trial.api_of(
        [router],
        AccessRegistry(log),
        log,
        limits=Limits(max_body_bytes=MOST, max_bulk_body_bytes=MOST, max_bodies_bytes=MOST),
    )
    api.state.gate = asyncio.Event()
    return api


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 1_000):
        yield body[start : start + 1_000]


@pytest.mark.parametrize("announced", [True, False])
async def test_one_body_too_many_is_refused_and_accepted_after_the_others(api: FastAPI, announced: bool) -> None:
    async with trial.client_of(api) as client:

        async def post(size: int) -> httpx.Response:
            body = b"x" * size
            return await client.post("/api/v1/slow", content=body if announced else in_pieces(body))

        first = asyncio.create_task(post(6_000))
        await asyncio.sleep(0.05)
        refused = await post(5_000)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/overloaded")
        assert refused.headers["Retry-After"] == "1"
        second = asyncio.create_task(post(4_000))
        await asyncio.sleep(0.05)
        api.state.gate.set()
        assert [(await each).json() for each in (first, second)] == [6_000, 4_000]
        assert (await post(8_000)).json() == 8_000
