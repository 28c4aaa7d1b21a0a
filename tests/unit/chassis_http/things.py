"""An API with a list, a door and two streams, for the tests of who may use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse

from slm_chassis.access import Principal
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.http.access import Caller, require_role
from slm_chassis.log.memory import MemoryEventLog
from tests.support import api as trial

router = APIRouter()


@router.get("/api/v1/things")
async def things(caller: Caller) -> dict[str, str]:
    return {"name": caller.name}


@router.post("/api/v1/things")
async def add_thing(caller: Annotated[Principal, Depends(require_role("integrator", "viewer"))]) -> dict[str, str]:
    return {"name": caller.name}


@router.get("/api/v1/stream", response_class=EventSourceResponse)
async def stream(caller: Caller) -> AsyncIterator[dict[str, str]]:
    yield {"name": caller.name}


@router.get("/api/v1/endless/stream", response_class=EventSourceResponse)
async def endless_stream(caller: Caller) -> AsyncIterator[dict[str, str]]:
    while True:
        yield {"name": caller.name}
        await asyncio.sleep(0.05)


async def ask(registry: AccessRegistry, log: MemoryEventLog, key: str = "", **request: object) -> httpx.Response:
    async with trial.client_of(trial.api_of([router], registry, log), key) as client:
        return await client.request(**({"method": "GET", "url": "/api/v1/things"} | request))  # type: ignore[arg-type]
