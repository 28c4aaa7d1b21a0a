"""What a mapping reads in a payload, for the preview beside the mapping: tickets, outages, or what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.connections.hooks import Fault, faults_of
from slm_console.views.connections.sources import moment_of
from slm_console.views.reader import Reader
from slm_console.views.ticket_pages import event_name


@dataclass(frozen=True, slots=True)
class ReadFact:
    """What is known of a ticket, as name and value.

    - ``own_name``: the name of the field, if the mapping gave it, else empty.
    - ``own_value``: the value, if it comes from the payload or the mapping, else empty.
    - ``said``: what the console says of it.
    """

    name: str = ""
    own_name: str = ""
    own_value: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class ReadTicket:
    """A ticket as a mapping reads it."""

    number: str
    facts: Sequence[ReadFact]


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
    facts = [ReadFact(reader.gettext("As of"), said=moment_of(reader, ticket["updated_at"]))]
    if ticket["opened_at"]:
        facts.append(ReadFact(reader.gettext("Opened"), said=moment_of(reader, ticket["opened_at"])))
    if ticket["state"]:
        event = str(ticket["state_event"] or "")
        meant = "" if event in ("", "state_changed") else event_name(reader, event)
        facts.append(ReadFact(reader.gettext("State"), own_value=str(ticket["state"]), said=meant))
    facts += [
        ReadFact(event_name(reader, name), said=moment_of(reader, at) if at else reader.gettext("not yet"))
        for name, at in ticket["instants"].items()
    ]
    return ReadTicket(
        str(ticket["number"]), facts + [_attribute(reader, *each) for each in ticket["attributes"].items()]
    )


def _attribute(reader: Reader, name: str, value: object) -> ReadFact:
    known = {
        "type": reader.gettext("Type"),
        "priority": reader.gettext("Priority"),
        "team": reader.gettext("Team"),
        "customer": reader.gettext("Customer"),
        "service": reader.gettext("Service"),
    }
    said = reader.gettext("none") if value is None else ""
    own = "" if value is None else str(value)
    return ReadFact(known.get(name, ""), "" if name in known else name, own, said)


def _outage(reader: Reader, measurement: Mapping[str, Any]) -> ReadOutage:
    outage = measurement.get("outage") or {}
    return ReadOutage(
        what=str(measurement.get("indicator", "")),
        since=moment_of(reader, outage.get("from") or measurement.get("at")),
        until=moment_of(reader, outage["to"]) if outage.get("to") else "",
    )
