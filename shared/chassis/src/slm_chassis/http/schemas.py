"""JSON Schemas of the published events, derived from their classes: what ``ce_dataschema`` points to."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from slm_chassis.http.problems import not_found
from slm_events.catalogue import BY_TYPE

router = APIRouter(tags=["schemas"])


@cache
def schema_of(event_type: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's data. Raises KeyError for a type that is not published."""
    schema = TypeAdapter(BY_TYPE[event_type].event).json_schema()
    identity = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"/api/v1/schemas/{event_type}"}
    return identity | schema


@router.get("/api/v1/schemas/{event_type}", summary="JSON Schema of a published event")
async def event_schema(event_type: str) -> JSONResponse:
    """Open to everyone, as the published language is. ``event_type`` like ``slm.monitor.target-breached.v1``."""
    if event_type not in BY_TYPE:
        raise not_found("event type", event_type)
    headers = {"Cache-Control": "public, max-age=3600"}
    return JSONResponse(schema_of(event_type), headers=headers, media_type="application/schema+json")
