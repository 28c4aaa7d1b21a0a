"""A page of the same origin opens streams with its session's cookie, which is good for nothing else."""

from __future__ import annotations

import asyncio

import pytest

from slm_chassis.access_registry import AccessRegistry
from slm_chassis.clock import ManualClock
from slm_events import instants
from tests.support import api as trial
from tests.unit.chassis_http.things import ask, router

_COOKIE = {"Cookie": "slm_session=slm_a"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://trial"},
        {"Accept": "text/event-stream"},
    ],
)
async def test_a_page_of_the_same_origin_opens_a_stream_with_its_cookie(headers: dict[str, str]) -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log)
    registry.learn(trial.enrolled("slm_a", "viewer"))
    client = trial.client_of(trial.api_of([router], registry, log), "")
    async with client:
        headers = {
            name: value.replace("http://trial", str(client.base_url).rstrip("/")) for name, value in headers.items()
        }
        answer = await client.get("/api/v1/stream", headers={**_COOKIE, **headers})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Accept": "text/event-stream"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://elsewhere.example", "Accept": "text/event-stream"},
        {"Origin": "null"},
        {"Accept": "image/avif,image/webp,*/*"},
        {},
    ],
)
async def test_another_origin_opens_no_stream_with_the_cookie(headers: dict[str, str]) -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log)
    registry.learn(trial.enrolled("slm_a", "viewer"))
    assert (await ask(registry, log, url="/api/v1/stream", headers={**_COOKIE, **headers})).status_code == 401


@pytest.mark.parametrize(
    "request_line", [("GET", "/api/v1/things"), ("POST", "/api/v1/things"), ("HEAD", "/api/v1/stream")]
)
async def test_the_cookie_counts_for_nothing_but_streams(request_line: tuple[str, str]) -> None:
    log = await trial.memory_log()
    registry = AccessRegistry(log)
    registry.learn(trial.enrolled("slm_a", "viewer"))
    method, url = request_line
    headers = {**_COOKIE, "Sec-Fetch-Site": "same-origin"}
    assert (await ask(registry, log, method=method, url=url, headers=headers)).status_code in (401, 405)


@pytest.mark.parametrize("how", ["killed", "expired"])
async def test_a_session_that_ends_takes_its_open_stream_along(how: str) -> None:
    log, clock = await trial.memory_log(), ManualClock(instants.from_text("2026-11-22T21:00:00Z"))
    expires_at = "2026-11-22T22:00:00Z"
    async with trial.running(AccessRegistry(log, clock=clock)) as registry:
        registry.learn(trial.enrolled("slm_a", "viewer", expires_at=expires_at))
        headers = {**_COOKIE, "Sec-Fetch-Site": "same-origin"}
        asking = asyncio.create_task(ask(registry, log, url="/api/v1/endless/stream", headers=headers))
        await asyncio.sleep(0.3)
        assert not asking.done()
        if how == "killed":
            revoked = trial.enrolled("slm_a", "viewer", expires_at=expires_at, revoked_at="2026-11-22T21:00:00Z")
            await trial.announce(log, revoked)
        else:
            clock.move_to(instants.from_text(expires_at))
        answer = await asyncio.wait_for(asking, 2.0)
    assert answer.status_code == 200
