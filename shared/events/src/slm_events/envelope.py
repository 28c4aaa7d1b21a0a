"""The CloudEvents 1.0 envelope of an event, and its binding to log records: data in the value, attributes in
headers.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_events import frozen, shapes
from slm_events.catalogue import BY_TYPE, PUBLISHED, EventType
from slm_events.foreign import Unreadable, decode_json, is_storable
from slm_events.instants import from_text


class NotAnEvent(ValueError):
    """The log record is not a valid published event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event with its CloudEvents attributes. Instants are RFC 3339 text."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    recorded_at: str
    data: Any
    """The event: an instance of the class published under ``type``."""
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


_HEADERS = {
    "ce_id": "id",
    "ce_source": "source",
    "ce_type": "type",
    "ce_subject": "subject",
    "ce_time": "time",
    "ce_recordedtime": "recorded_at",
    "ce_correlationid": "correlation_id",
    "ce_causationid": "causation_id",
    "ce_traceparent": "traceparent",
}


_INSTANTS = ("ce_time", "ce_recordedtime")
_LONGEST_ATTRIBUTE = 1_000
SCHEMAS = "urn:slm:schema:"
"""The prefix of schema URIs. It is a URN because events are kept for ever, and an installation's address may change."""


def schema_uri(event_type: str) -> str:
    """Return the absolute URI of the schema of an event's data, as CloudEvents demands it.

    Every service answers ``GET /api/v1/schemas/{event_type}`` with this schema, for the event type or for this URI.
    """
    return SCHEMAS + event_type


def to_json(event: Any) -> bytes:
    """Return the event's data as compact JSON."""
    # dataclasses.asdict copies deeply, which took a third of the time of publishing. The fields are JSON already.
    if (names := _fields.get(type(event))) is None:
        names = _fields[type(event)] = tuple(field.name for field in dataclasses.fields(event))
    return _ENCODER.encode({name: getattr(event, name) for name in names}).encode()


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=dataclasses.asdict)
_fields: dict[type[Any], tuple[str, ...]] = {}
"""Each event class → the names of its fields, in order; derived once."""


def to_headers(envelope: Envelope) -> dict[str, str]:
    """Return the attributes as headers in CloudEvents binary mode."""
    headers = {"ce_specversion": "1.0", "content-type": "application/json"}
    for header, name in _HEADERS.items():
        value = getattr(envelope, name)
        if value is not None:
            headers[header] = value
    headers["ce_dataschema"] = schema_uri(envelope.type)
    return headers


def from_record(value: bytes, headers: Mapping[str, str]) -> Envelope:
    """Return the envelope of a log record, with its event. Unknown fields are ignored.

    Raises only NotAnEvent, whatever the bytes are. The error names the attribute, the type or the field that is missing
    or wrong.
    """
    row, raw = raw_from_record(value, headers)
    known: dict[str, Any] = {name: headers.get(header) for header, name in _HEADERS.items()}
    data = from_json(row.event, raw)
    known["subject"] = known["subject"] or str(getattr(data, row.subject_field))
    known["time"] = known["time"] or ""
    known["recorded_at"] = known["recorded_at"] or known["time"]
    return Envelope(data=data, **known)


def raw_from_record(value: bytes, headers: Mapping[str, str]) -> tuple[EventType, dict[str, Any]]:
    """Return the event type of a log record and its data as JSON, including unknown fields.

    Used by code that passes an event on unchanged. Raises only NotAnEvent, whatever the bytes are.
    """
    for header in ("ce_id", "ce_source", "ce_type"):
        if not headers.get(header):
            raise NotAnEvent(f"the record has no {header}")
    for header in _HEADERS:
        if text := headers.get(header):
            _check_attribute(header, text)
    row = BY_TYPE.get(headers["ce_type"])
    if row is None:
        raise NotAnEvent(f"{headers['ce_type']!r} is not a published event type")
    try:
        data = decode_json(value)
    except Unreadable as error:
        raise NotAnEvent(f"data of {row.type}: {error}") from error
    if not isinstance(data, dict):
        raise NotAnEvent(f"data of {row.type}: the data is not a JSON object")
    if (flaw := shapes.find_field_error(row.event, data)) is not None:
        raise NotAnEvent(f"data of {row.type}: {flaw}")
    return row, data


def _check_attribute(header: str, text: str) -> None:
    # Ids and subjects go into indexes, which refuse long ones, and into columns, which refuse NUL.
    if len(text) > _LONGEST_ATTRIBUTE or not is_storable(text):
        raise NotAnEvent(
            f"{header} is longer than {_LONGEST_ATTRIBUTE} characters or contains characters that cannot be stored"
        )
    if header in _INSTANTS:
        try:
            from_text(text)
        except (ValueError, OverflowError) as error:
            raise NotAnEvent(f"{header}: {error}") from error


def from_json(event: type[Any], data: Any) -> Any:
    """Return the event of a decoded JSON object, ignoring unknown fields.

    Raises TypeError that names a missing field.
    """
    if not isinstance(data, dict):
        raise TypeError("the data is not a JSON object")
    return frozen.make_frozen(event, data)


def type_of(event: Any) -> str:
    """Return the published type of an event or of its class."""
    return PUBLISHED[event if isinstance(event, type) else type(event)].type
