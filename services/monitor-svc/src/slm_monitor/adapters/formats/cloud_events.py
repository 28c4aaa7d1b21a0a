"""CloudEvents 1.0 over HTTP, in binary, structured and batched mode: each event carries one item of the intake.

Fields that an item leaves out are taken from its event: ``id``, ``source``, and ``at`` (from the event's ``time``). An
event that is sent twice counts once, because its id and source are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec

from slm_monitor.adapters.formats import otlp_bounds
from slm_monitor.adapters.formats.wire_formats import MOST_ITEMS, MalformedBody
from slm_monitor.domain.facts.rejections import IntakeRejection, ItemRejected

MEASUREMENT, TICKET_EVENT = "slm.measurement.v1", "slm.ticket-event.v1"
STRUCTURED, BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"
_REQUIRED = ("id", "source", "type")
_TIMELESS = ("outage", "recovery", "retract")
"""Fields of measurements that have their own instants or need none. A measurement with one of these fields does not
take ``at`` from its event.
"""


@dataclass
class ReadEvents:
    """The result of reading a request: the items, and the rejections of events that cannot be read.

    ``items``: type of event → (index of the event in the request, item).
    """

    items: dict[str, list[tuple[int, dict[str, Any]]]] = field(
        default_factory=lambda: {MEASUREMENT: [], TICKET_EVENT: []}
    )
    refusals: list[IntakeRejection] = field(default_factory=list)


def read_cloud_events(body: bytes, headers: Mapping[str, str]) -> ReadEvents:
    """Read the events of a request. Raises MalformedBody if the request as a whole cannot be read."""
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    found = ReadEvents()
    for index, event in enumerate(_events(body, kind, headers)):
        try:
            name, item = _item_of(event)
        except ItemRejected as error:
            found.refusals.append(IntakeRejection(index, *error.parts))
        else:
            found.items[name].append((index, item))
    return found


def _events(body: bytes, kind: str, headers: Mapping[str, str]) -> list[Any]:
    if otlp_bounds.has_too_many_values(body):
        raise MalformedBody("the body has too many values; send smaller batches")
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody(f"the body is not JSON: {error}") from error
    if kind == STRUCTURED:
        return [document]
    if kind == BATCHED:
        if not isinstance(document, list):
            raise MalformedBody("a batch is a JSON array of events")
        if len(document) > MOST_ITEMS:
            raise MalformedBody(f"the batch has {len(document)} events; send at most {MOST_ITEMS} at once")
        return document
    attributes = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    if not attributes:
        raise MalformedBody(f"send the headers ce-id, ce-source and ce-type, or the content type {STRUCTURED}")
    return [{**attributes, "data": document}]


def _item_of(event: Any) -> tuple[str, dict[str, Any]]:
    """Return type and item of an event. Raises ItemRejected."""
    if not isinstance(event, dict):
        raise ItemRejected("no_event", "", event, "send each event as a JSON object")
    if event.get("specversion") != "1.0":
        raise ItemRejected("no_event", "specversion", event.get("specversion"), "send 1.0")
    for name in _REQUIRED:
        if not isinstance(event.get(name), str) or not event[name]:
            raise ItemRejected("no_event", name, event.get(name), "this is required: text that is not empty")
    name, item = event["type"], event.get("data")
    if name not in (MEASUREMENT, TICKET_EVENT):
        raise ItemRejected("unknown_type", "type", name, f"send {MEASUREMENT} or {TICKET_EVENT}")
    if not isinstance(item, dict):
        raise ItemRejected("no_item", "data", item, "send one item as a JSON object, not as text, list or data_base64")
    own = {"id": event["id"], "source": event["source"]}
    if event.get("time") is not None and not any(each in item for each in _TIMELESS):
        own["at"] = event["time"]
    if "retract" in item:
        # A retraction is known by the id that it takes back.
        del own["id"]
    return name, {**own, **item}
