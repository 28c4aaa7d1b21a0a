"""JSON Schemas of the published events, derived from their classes. An event's ``ce_dataschema`` names its schema."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from slm_chassis.http.operation import operation
from slm_chassis.http.problems import not_found
from slm_events.catalogue import BY_TYPE
from slm_events.envelope import SCHEMAS, schema_uri
from slm_events.schema import schema_of

router = APIRouter(tags=["schemas"])


_MEDIA = "application/schema+json"
_ANY_SCHEMA = {"type": "object", "description": "A JSON Schema, draft 2020-12"}


@router.get("/api/v1/schemas/{event_type}", **operation("Read the JSON Schema of an event", _ANY_SCHEMA, media=_MEDIA))
async def get_event_schema(event_type: str) -> JSONResponse:
    """No key is needed. ``event_type`` is ``slm.<context>.<event>.v<major>``, or an event's whole ``dataschema``:
    ``urn:slm:schema:`` followed by this type.
    """
    event_type = event_type.removeprefix(SCHEMAS)
    row = BY_TYPE.get(event_type)
    if row is None:
        raise not_found("event type", event_type)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_uri(event_type),
        **schema_of(row.event),
    }
    headers = {"Cache-Control": "public, max-age=3600"}
    return JSONResponse(schema, headers=headers, media_type=_MEDIA)
