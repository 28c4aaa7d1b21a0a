"""A webhook's payload as a mapping reads it: tickets as they are now, or measurements of outages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from slm_events.instants import to_text
from slm_mappings import outages, payloads, shown_tickets
from slm_mappings.messages import ImportFinding, ImportRefused, Oddities
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.shown_tickets import ShownTicket
from slm_mappings.ticket_mapping import TicketMapping

Item = dict[str, Any]
_PLACE = re.compile(r"line (\d+), ")


@dataclass(slots=True)
class MappedPayload:
    """The tickets or measurements in a payload. ``notes`` are lines about records that the mapping leaves out."""

    source: str
    tickets: list[ShownTicket] = field(default_factory=list)
    measurements: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def document(self) -> Item:
        """Return the result as JSON, in the form of previews and of the expected results in a connector's examples."""
        return {
            "tickets": [_ticket_document(each) for each in self.tickets],
            "measurements": self.measurements,
            "notes": self.notes,
        }


def map_payload(payload: bytes, mapping: TicketMapping | OutageMapping) -> MappedPayload:
    """Return the tickets or measurements that a payload contains according to a mapping.

    The mapping must be one that ``payloads.check_for_payloads`` accepts.

    Raises ImportRefused; its findings name the columns, their values and the remedies.
    """
    records = payloads.read_payload(payload, mapping.records, payloads.count_columns(mapping))
    oddities = Oddities()
    found = MappedPayload(mapping.source)
    try:
        if isinstance(mapping, TicketMapping):
            found.tickets = shown_tickets.read_shown_tickets(records, mapping, oddities)
        else:
            items = outages.outage_measurements(records, mapping, oddities)
            # The end of an outage must win over its beginning, also when the beginning is sent again afterwards.
            found.measurements = [item | {"revision": 1} if "outage" in item else item for item in items]
    except ImportRefused as refused:
        raise _about_payload(refused, len(records)) from refused
    found.notes = [line for line in oddities.lines() if not line.startswith("outages without an end")]
    return found


def _about_payload(refused: ImportRefused, records: int) -> ImportRefused:
    """Return the refusal with fields that name columns of the payload and, if it has several records, the record."""
    place = "" if records == 1 else r"record \1, "
    findings = [
        ImportFinding(_PLACE.sub(place, each.field), each.value, each.remedy.removesuffix(" (1 row)"))
        for each in refused.findings
    ]
    return ImportRefused("The mapping does not fit the payload", findings)


def _ticket_document(ticket: ShownTicket) -> Item:
    return {
        "number": ticket.number,
        "updated_at": to_text(ticket.updated_at),
        "opened_at": None if ticket.opened_at is None else to_text(ticket.opened_at),
        "state": ticket.state,
        "state_event": ticket.state_event or None,
        "instants": {event: None if at is None else to_text(at) for event, at in ticket.instants.items()},
        "attributes": dict(ticket.attributes),
    }
