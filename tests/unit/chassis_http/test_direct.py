"""Routes that are answered first: the same ids, problems and counts around them as around all others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from slm_chassis.access_registry import AccessRegistry
from slm_chassis.http.api import build_api
from slm_chassis.http.limits import Limits
from slm_chassis.http.parts import CLOCK
from slm_chassis.http.problems import Problem
from tests.support.api import client_of, foundation_of, memory_log

PATH = "/api/v1/trials"


async def taken(request: Request) -> Response:
    body = await request.body()
    if body == b"bad":
        raise Problem(422, "bad-trial", "A bad trial", "Send another.")
    return JSONResponse({"by": "direct", "bytes": len(body), "clock": type(CLOCK.find(request.app)).__name__}, 202)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    router = APIRouter()

    @router.post(PATH)
    async def framework() -> dict[str, str]:
        return {"by": "framework"}

    @router.get(PATH)
    async def listed() -> dict[str, str]:
        return {"by": "framework"}

    log = await memory_log()
    limits = Limits(max_body_bytes=100, max_bulk_body_bytes=100)
    foundation = foundation_of(AccessRegistry(log), log, limits=limits)
    api = build_api(foundation, title="Trial", routers=[router], direct={PATH: taken})
    async with client_of(api) as client:
        yield client


async def test_a_post_is_answered_directly_with_ids_and_limits_around_it(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, content=b"abc", headers={"X-Request-Id": "mine"})
    assert (answer.status_code, answer.json()) == (202, {"by": "direct", "bytes": 3, "clock": "SystemClock"})
    assert answer.headers["x-request-id"] == "mine"
    assert (await client.post(PATH, content=b"x" * 101)).status_code == 413
    assert PATH in (await client.get("/metrics")).text


async def test_what_goes_wrong_is_a_problem_document(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, content=b"bad")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-trial")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_other_methods_are_left_to_the_framework(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).json() == {"by": "framework"}


async def test_accepted_requests_are_logged_for_debugging_refused_ones_always(
    client: httpx.AsyncClient,
) -> None:
    with structlog.testing.capture_logs() as lines:
        await client.post(PATH, content=b"abc")
        await client.post(PATH, content=b"bad")
    requests = [line["status"] for line in lines if line["event"] == "request" and line["log_level"] != "debug"]
    assert requests == [422]
