"""Health and metrics for an operator's tools: ``/livez``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import asyncpg
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from slm_chassis.access_registry import AccessRegistry, AccessUnavailable
from slm_chassis.http.parts import ACCESS, DATABASE, METRICS, STREAMS, Part
from slm_chassis.tables import dead_letter, outbox
from slm_chassis.write_probe import WriteProbe

Check = Callable[[], Sequence[str]]
"""A function that returns what is wrong, one sentence each; empty if nothing is. It must not block."""

READINESS = Part[list[Check]]("readiness")
PROBE = Part[WriteProbe]("write_probe")

_CHECK_SECONDS = 2.0

router = APIRouter(include_in_schema=False)


async def problems_of(api: FastAPI) -> list[str]:
    """Return every reason why a service is not ready, one sentence each."""
    access = ACCESS.find(api)
    found = list(await PROBE.find(api).problems())
    if not access.caught_up:
        found.append("access: the keys enrolled so far are not all read yet")
    else:
        found.extend(await _access_problems(access))
    for check in READINESS.find(api):
        found.extend(check())
    if STREAMS.find(api).ending:
        found.append("shutting down")
    METRICS.find(api).ready.set(not found)
    return found


async def metrics_text(api: FastAPI) -> bytes:
    """Return a service's metrics as text, including those that are measured only when somebody reads them."""
    metrics, database = METRICS.find(api), DATABASE.find(api)
    await problems_of(api)
    # The outbox grows while the log cannot be reached, which is when this metric matters. It needs the database.
    with suppress(OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError):
        async with asyncio.timeout(_CHECK_SECONDS), database.read() as connection:
            metrics.outbox_rows.set(await connection.scalar(select(func.count()).select_from(outbox)) or 0)
            waiting = select(func.count()).select_from(dead_letter).where(dead_letter.c.state != "redriven")
            metrics.dead_letters.set(await connection.scalar(waiting) or 0)
    return metrics.text()


async def _access_problems(access: AccessRegistry) -> list[str]:
    try:
        await access.confirm()
    except AccessUnavailable:
        return ["access: the log of keys cannot be read to its end, so every key is refused"]
    return []


@router.get("/livez")
async def live() -> dict[str, str]:
    """Answer that the process is alive."""
    return {"status": "alive"}


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Answer 200 if the service is ready, else 503 with the reasons."""
    found = await problems_of(request.app)
    return JSONResponse({"status": "not ready" if found else "ready", "reasons": found}, 503 if found else 200)


@router.get("/metrics")
async def figures(request: Request) -> Response:
    """Answer with the metrics in Prometheus's text format."""
    return Response(await metrics_text(request.app), media_type=CONTENT_TYPE_LATEST)
