"""Requests to the public API that are sent again while a service cannot answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from slm.demo import negotiation
from slm.demo.negotiation import Body, Unavailable

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.5


async def post_patiently(client: httpx.AsyncClient, key: str, path: str, body: Body) -> dict[str, Any]:
    """Send a POST request below ``/api/v1/`` and return the JSON answer. Raises ApiProblem."""
    return await _patiently(lambda: negotiation.post(client, key, f"/api/v1/{path}", body))


async def get_patiently(client: httpx.AsyncClient, key: str, path: str) -> dict[str, Any]:
    """Send a GET request below ``/api/v1/`` and return the JSON answer. Raises ApiProblem."""
    return await _patiently(lambda: negotiation.get(client, key, f"/api/v1/{path}"))


async def change_resource(client: httpx.AsyncClient, key: str, path: str, act: str, body: Body) -> dict[str, Any]:
    """Read a resource for its ETag, then send a POST request to ``path/act`` with this ETag. Raises ApiProblem."""

    async def once() -> dict[str, Any]:
        bearer = {"Authorization": f"Bearer {key}"}
        seen = await client.get(f"/api/v1/{path}", headers=bearer)
        headers = {**bearer, "If-Match": seen.headers.get("ETag", "")}
        return negotiation.answer_of(await client.post(f"/api/v1/{path}/{act}", json=body, headers=headers))

    return await _patiently(once)


async def _patiently(request: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Return the answer of a request. While the service cannot answer, repeat the request for at most a minute.

    Repeating is safe, because a request that a service could not answer had no effect.
    """
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return await request()
        except Unavailable:
            if time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
