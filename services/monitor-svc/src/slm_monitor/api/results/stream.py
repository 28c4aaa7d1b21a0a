"""Route that streams published events: ``GET /api/v1/stream`` as server-sent events. Any
replica can resume a stream.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.parts import TheStreams
from slm_chassis.http.policies import STREAM
from slm_chassis.http.problems import Problem, invalid
from slm_monitor.api.dependencies import TheEventStream
from slm_monitor.application.stream.event_stream import (
    EventStream,
    InvalidStreamPosition,
    StreamClient,
    StreamFilter,
)

RETRY_SECONDS = 5
router = APIRouter(prefix="/api/v1/stream", tags=["stream"])
_LINES = {"type": "string", "description": "Server-sent events, each with the id, the type and the data of one event"}
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Headers of a stream: nothing on the way to the reader may keep or collect it."""


@router.get("", **operation("Follow events as they are published", _LINES, "streams-full", media=STREAM))
async def stream_events(
    caller: Caller,
    events: TheEventStream,
    streams: TheStreams,
    agreement_id: Annotated[str | None, Query(description="Only events of this agreement")] = None,
    service_id: Annotated[str | None, Query(description="Only events of this service")] = None,
    type: Annotated[list[str] | None, Query(description="Only these event types, such as TargetBreached")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Stream the events that the caller's party may see, as they are published.

    ``Last-Event-ID`` (sent by browsers when they reconnect) resumes after that event, on any replica. If more than
    10,000 events were missed, ``event: reset`` names where to read the present state instead.
    """
    client = await open_stream_client(
        events, StreamFilter(caller, agreement_id, service_id, frozenset(type or ())), last_event_id
    )
    client.end = streams.ender()
    return StreamingResponse(events.lines(client), media_type=STREAM, headers=STREAM_HEADERS)


async def open_stream_client(events: EventStream, wanted: StreamFilter, last_event_id: str | None) -> StreamClient:
    """Open a client of the event stream. Raises a problem: 503 if too many are open, 422 for an invalid event id."""
    if events.is_full:
        detail = "Try another replica, or this one in a few seconds."
        raise Problem(
            503, "streams-full", "Too many streams are open", detail, headers={"Retry-After": str(RETRY_SECONDS)}
        )
    try:
        return await events.client(wanted, last_event_id)
    except InvalidStreamPosition as error:
        raise invalid("Last-Event-ID", last_event_id, str(error)) from error
