"""The requests to ticket tools, made from a connector's description, and what their answers say."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from slm_events.instants import from_text
from slm_mappings.ticket_writing import TicketSearch, TicketWriting, filled
from slm_notification.domain.ticket_writers import FIGURES, DueWrite, TicketWriter

WHOLE = "."
MOST_FOUND_AT_ONCE = 50
"""The most tickets that one search asks for."""


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A request to a tool, without its credentials."""

    method: str
    url: str
    body: str | None = None


def authorization_of(kind: str, user: str, secret: str) -> str:
    """Return the value of the header ``Authorization``."""
    if kind == "basic":
        return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()
    return f"Bearer {secret}" if kind == "bearer" else f"Token token={secret}"


def search_request(find: TicketSearch, address: str, numbers: Sequence[str]) -> ToolRequest:
    """Return the request that finds tickets by their numbers, which must be valid for the tool."""
    values = {"numbers": find.separator.join(numbers), "count": str(len(numbers))}
    query = {name: filled(template, values) for name, template in find.query.items()}
    return ToolRequest("GET", f"{address}{filled(find.path, values)}?{urlencode(query, quote_via=quote)}")


def found_references(find: TicketSearch, answer: str, numbers: Collection[str]) -> dict[str, dict[str, str]]:
    """Return number → reference of the tickets in the answer to a search. Raises ValueError for any other answer."""
    items = _member(json.loads(answer), find.items)
    if not isinstance(items, list):
        raise ValueError("there is no list of tickets in it")
    found = {}
    for item in items:
        number = _text(_member(item, find.number))
        reference = {name: _text(_member(item, member)) for name, member in find.names.items()}
        if number in numbers and all(reference.values()):
            found[number] = reference
    return found


def values_of(writing: TicketWriting, writer: TicketWriter, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tool's field → the value to write into it."""
    values: dict[str, Any] = {}
    for figure in FIGURES:
        if (field := writer.fields.get(figure)) is None:
            continue
        value = wanted.get(figure)
        if figure == "due_at":
            value = _instant(writing, writer, field, value)
        elif figure == "breached":
            value = writing.flags.yes if value else writing.flags.no
        values[field] = value
    return values


def change_request(writing: TicketWriting, writer: TicketWriter, write: DueWrite) -> ToolRequest:
    """Return the request that writes a ticket's figures, and no other field."""
    change = writing.change
    parts = {"number": write.ticket, **(write.reference or {})}
    path = filled(change.path, {name: quote(value, safe="") for name, value in parts.items()})
    fields = values_of(writing, writer, write.wanted)
    query = {name: filled(template, {"fields": ",".join(fields)}) for name, template in change.query.items()}
    asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
    body = fields if change.body == WHOLE else {change.body: fields}
    return ToolRequest(change.method, f"{writer.address}{path}{asked}", json.dumps(body))


def unknown_fields(writing: TicketWriting, writer: TicketWriter, answer: str) -> list[str]:
    """Return the fields that are missing in a tool's answer to a change, because the tool does not have them.

    Return an empty list if the answers of this tool do not show the fields of a ticket.
    """
    if writing.change.answer is None:
        return []
    try:
        shown = _member(json.loads(answer), writing.change.answer)
    except (ValueError, RecursionError):
        return []
    return [field for field in writer.fields.values() if field not in shown] if isinstance(shown, dict) else []


def _instant(writing: TicketWriting, writer: TicketWriter, field: str, value: str | None) -> str | None:
    if value is None:
        return writing.empty
    pattern = writing.times.others.get(field, writing.times.format)
    moment = datetime.fromtimestamp(from_text(value) // 1_000_000, UTC)
    is_date = "%H" not in pattern
    return (moment.astimezone(ZoneInfo(writer.time_zone)) if is_date else moment).strftime(pattern)


def _member(value: Any, path: str) -> Any:
    for name in () if path == WHOLE else path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return str(value) if isinstance(value, (str, int)) else ""
