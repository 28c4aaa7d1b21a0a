"""Conversion of rows to the JSON objects of the API: instants as text, durations in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_events.instants import to_text

_INSTANTS = frozenset(
    {
        "start",
        "end",
        "closed_at",
        "as_of",
        "certain_at",
        "published_at",
        "until",
        "opened_at",
        "cleared_at",
        "started_at",
        "deadline_at",
        "stopped_at",
        "breached_at",
        "changed_at",
        "received_at",
        "decided_at",
    }
)
_LENGTHS = {
    "elapsed_calendar": "elapsed_calendar_seconds",
    "elapsed_service": "elapsed_service_seconds",
    "net_calendar": "net_calendar_seconds",
    "net_service": "net_service_seconds",
}
_RENAMED = {"start": "start_at", "end": "end_at", "until": "recovered_at", "display": "figure_display"}
FOREVER = 253_402_300_799_000_000


def build_row_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as the JSON object of the API: instants as text, durations in seconds, columns renamed as the API
    names them.
    """
    document: dict[str, Any] = {}
    for name, value in row.items():
        if name in _INSTANTS and value is not None:
            document[_RENAMED.get(name, name)] = to_text(min(value, FOREVER))
        elif name in _LENGTHS:
            document[_LENGTHS[name]] = value // 1_000_000
        else:
            document[_RENAMED.get(name, name)] = value
    return document


_OF_EVENTS = ("hidden_from_party_id", "customer_sees_plan")
"""Fields of an event that say who may see it. Answers leave these fields out: whoever gets an answer may see the event.
"""


def build_breach_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a breach or warning as the JSON object of the API: the published event, with the present values of its
    row.
    """
    document = {name: value for name, value in row["document"].items() if name not in _OF_EVENTS}
    own = build_row_document({name: value for name, value in row.items() if name != "document"})
    return {**document, **own}
