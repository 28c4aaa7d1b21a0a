"""A webhook's payload as a mapping reads it: tickets as they are now, or measurements of outages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from slm_events.instants import to_text
from slm_mappings import outages, payloads, shown_tickets
from slm_mappings.messages import ImportFinding, ImportRefused, Oddities
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.records import Record
from slm_mappings.shown_tickets import ShownTicket
from slm_mappings.ticket_mapping import TicketMapping

Item = dict[str, Any]
MOST_MEASUREMENTS = 10_000
MOST_CHARACTERS = 5_000_000
_PLACE = re.compile(r"line (\d+), ")


@dataclass(slots=True)
class MappedPayload:
    """The tickets or measurements in a payload.

    ``notes`` are lines about records that the mapping leaves out. ``refused`` names the records that could not be read;
    None if there are none. ``characters`` is the total length of all attributes of the tickets.
    """

    source: str
    tickets: list[ShownTicket] = field(default_factory=list)
    measurements: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: ImportRefused | None = None
    characters: int = 0

    def document(self) -> Item:
        """Return the result as JSON. Previews show it in this form, and a connector's examples state their expected
        results in it.
        """
        return {
            "tickets": [_ticket_document(each) for each in self.tickets],
            "measurements": self.measurements,
            "notes": self.notes,
        }


def map_payload(payload: bytes, mapping: TicketMapping | OutageMapping) -> MappedPayload:
    """Return the tickets or measurements that a payload contains according to a mapping.

    ``payloads.check_for_payloads`` must accept the mapping.

    Records that cannot be read are left out and named in ``refused``. If no record can be read, ImportRefused is
    raised; its findings name the columns, their values and the remedies.
    """
    records = payloads.read_payload(payload, mapping.records, payloads.count_columns(mapping))
    oddities = Oddities()
    found = MappedPayload(mapping.source)
    findings: list[ImportFinding] = []
    for record in records:
        try:
            _read(record, mapping, oddities, found)
        except ImportRefused as refused:
            findings += _findings_about_payload(refused, len(records))
        _check_size(found)
    if findings:
        found.refused = ImportRefused("The mapping does not fit the payload", findings)
        if not (found.tickets or found.measurements):
            raise found.refused
    found.notes = [line for line in oddities.lines() if not line.startswith("outages without an end")]
    return found


def _read(record: Record, mapping: TicketMapping | OutageMapping, oddities: Oddities, found: MappedPayload) -> None:
    if isinstance(mapping, TicketMapping):
        found.tickets += shown_tickets.read_shown_tickets([record], mapping, oddities)
        return
    items = [*islice(outages.outage_measurements([record], mapping, oddities), MOST_MEASUREMENTS + 1)]
    # The end of an outage must win over its beginning, also when the beginning is sent again afterwards.
    found.measurements += [item | {"revision": 1} if "outage" in item else item for item in items]


def _check_size(found: MappedPayload) -> None:
    """Raise ImportRefused if far too much was read: a mapping may name the same long text of a payload many times."""
    if found.tickets:
        found.characters += sum(len(value) for value in found.tickets[-1].attributes.values() if value is not None)
    remedy = None
    if found.characters > MOST_CHARACTERS:
        remedy = f"its tickets have more than {MOST_CHARACTERS:,} characters in attributes; name fewer columns"
    elif len(found.measurements) > MOST_MEASUREMENTS:
        remedy = f"it names more than {MOST_MEASUREMENTS:,} outages of indicators"
    if remedy is not None:
        raise ImportRefused("The payload cannot be read", [ImportFinding("payload", None, remedy)])


def _findings_about_payload(refused: ImportRefused, records: int) -> list[ImportFinding]:
    """Return the findings with the names of the payload's columns.

    If the payload has several records, the number of the record stands before each column.
    """
    place = "" if records == 1 else r"record \1, "
    return [
        ImportFinding(_PLACE.sub(place, each.field), each.value, each.remedy.removesuffix(" (1 row)"))
        for each in refused.findings
    ]


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
