"""A public API of canned answers, and the console over it: pages without a database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from slm_console import bootstrap
from slm_console.settings import ConsoleSettings
from slm_console.web.visit import SERVICES
from slm_events.instants import from_text

KEY = "slm_stub"
ETAG = '"7"'
"""The entity tag of every answer."""


@dataclass
class StubClock:
    """A clock that stands still."""

    at: int = from_text("2026-11-26T09:42:00Z")

    def now(self) -> int:
        return self.at

    def of_real(self, real: int) -> int:
        return self.at

    def real_seconds(self, microseconds: int) -> float:
        return microseconds / 1_000_000


@dataclass
class StubApi:
    """ASGI application that answers a path with a JSON document.

    ``away`` are resources, or single paths, that answer 503; ``stuck`` are resources that answer nothing.
    """

    answers: dict[str, Any]
    away: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    paths: list[str] = field(default_factory=list)
    """Path of every request."""
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    """Method, path and body of every request but GET."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and query string of every GET request."""
    refused: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Method and path, such as ``PUT /api/v1/things/7`` → the problem document that answers it."""
    matched: list[str] = field(default_factory=list)
    """The header If-Match of every PUT and PATCH."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        resource = path.removeprefix("/api/v1/").split("/", 1)[0]
        self.paths.append(path)
        status, answer = 404, {"type": "/problems/not-found", "title": "No such thing", "status": 404}
        if scope["method"] == "GET":
            self.asked.append((path, scope["query_string"].decode()))
        if dict(scope["headers"]).get(b"authorization") != f"Bearer {KEY}".encode():
            status, answer = 401, {"type": "/problems/unauthenticated", "status": 401}
        elif resource in self.stuck:
            await asyncio.sleep(60)
        elif self.away & {resource, path}:
            status, answer = 503, {}
        elif scope["method"] != "GET":
            body = (await receive()).get("body") or b"null"
            self.sent.append((scope["method"], path, json.loads(body)))
            status, answer = 200, self.answers.get(f"POST {path}", {})
            if scope["method"] in ("PUT", "PATCH"):
                self.matched.append(dict(scope["headers"]).get(b"if-match", b"").decode())
        elif path in self.answers:
            status, answer = 200, self.answers[path]
        problem = self.refused.get(f"{scope['method']} {path}")
        if problem is not None and status == 200:
            status, answer = int(problem["status"]), problem
        head = [(b"content-type", b"application/json"), (b"etag", ETAG.encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def console_over(api: StubApi, **settings: Any) -> FastAPI:
    """Return the console over an API in this process."""
    console = bootstrap.build(ConsoleSettings(**settings), StubClock())
    SERVICES.find(console).lend(dict.fromkeys(("agreement", "monitor", "report", "review", "notification"), api))
    return console


@asynccontextmanager
async def browser_of(api: StubApi, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Open a browser that is signed in."""
    transport = httpx.ASGITransport(console_over(api, **settings))
    cookies = {"slm_session": KEY, "slm_zone": "Europe/Zurich"}
    async with httpx.AsyncClient(transport=transport, base_url="http://slm", cookies=cookies) as client:
        yield client


def listed(*items: Mapping[str, Any]) -> dict[str, Any]:
    """Return a list as the API answers it."""
    return {"items": list(items), "next": None}
