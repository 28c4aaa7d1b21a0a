"""What a mapping reads in a payload, for the preview beside the mapping: tickets, outages, or what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.connections.hooks import Fault, faults_of
from slm_console.views.connections.sources import moment_of
from slm_console.views.reader import Reader


@dataclass(frozen=True, slots=True)
class ReadTicket:
    """A ticket as a mapping reads it: its number, and what is known of it as names and values."""

    number: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ReadOutage:
    """An outage as a mapping reads it. ``until`` is empty while it lasts."""

    what: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class ReadPayload:
    """What a mapping reads in a payload."""

    tickets: Sequence[ReadTicket]
    outages: Sequence[ReadOutage]
    notes: Sequence[str]
    faults: Sequence[Fault]

    @property
    def is_empty(self) -> bool:
        """Whether the mapping reads nothing in the payload, although nothing is wrong with it."""
        return not (self.tickets or self.outages or self.faults)


def read_payload(reader: Reader, preview: Mapping[str, Any]) -> ReadPayload:
    """Return the answer of a preview in words."""
    return ReadPayload(
        tickets=[_ticket(reader, each) for each in preview["tickets"]],
        outages=[_outage(reader, each) for each in preview["measurements"]],
        notes=[str(each) for each in preview["notes"]],
        faults=faults_of(preview["errors"]),
    )


def wrong_mapping(faults: Sequence[Mapping[str, Any]]) -> ReadPayload:
    """Return the preview of a mapping that cannot be read itself."""
    return ReadPayload((), (), (), faults_of(faults))


def _ticket(reader: Reader, ticket: Mapping[str, Any]) -> ReadTicket:
    facts = [(reader.gettext("As of"), moment_of(reader, ticket["updated_at"]))]
    if ticket["opened_at"]:
        facts.append((reader.gettext("Opened"), moment_of(reader, ticket["opened_at"])))
    if ticket["state"]:
        event, state = str(ticket["state_event"] or ""), str(ticket["state"])
        has_meaning = event not in ("", "state_changed")
        facts.append((reader.gettext("State"), f"{state} ({_event(reader, event)})" if has_meaning else state))
    facts += [
        (_event(reader, name), moment_of(reader, at) if at else reader.gettext("not yet"))
        for name, at in ticket["instants"].items()
    ]
    facts += [
        (_attribute(reader, name), reader.gettext("none") if value is None else str(value))
        for name, value in ticket["attributes"].items()
    ]
    return ReadTicket(str(ticket["number"]), facts)


def _event(reader: Reader, event: str) -> str:
    known = {
        "first_response": reader.gettext("first answer"),
        "resolved": reader.gettext("resolved"),
        "closed": reader.gettext("closed"),
        "cancelled": reader.gettext("cancelled"),
    }
    return known.get(event) or event.replace("_", " ")


def _attribute(reader: Reader, name: str) -> str:
    known = {
        "type": reader.gettext("Type"),
        "priority": reader.gettext("Priority"),
        "team": reader.gettext("Team"),
        "customer": reader.gettext("Customer"),
        "service": reader.gettext("Service"),
    }
    return known.get(name, name)


def _outage(reader: Reader, measurement: Mapping[str, Any]) -> ReadOutage:
    outage = measurement.get("outage") or {}
    return ReadOutage(
        what=str(measurement.get("indicator", "")),
        since=moment_of(reader, outage.get("from") or measurement.get("at")),
        until=moment_of(reader, outage["to"]) if outage.get("to") else "",
    )
