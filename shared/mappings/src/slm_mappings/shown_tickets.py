"""Tickets as a payload shows them: their present state, and the instants of what has happened to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from slm_mappings import values
from slm_mappings.messages import ImportFinding, ImportRefused, Oddities
from slm_mappings.records import Record
from slm_mappings.ticket_history import ColumnTranslator, is_over
from slm_mappings.ticket_mapping import ENDS, TicketMapping, TicketState


@dataclass(frozen=True, slots=True)
class ShownTicket:
    """A ticket as it is from ``updated_at`` on. Instants are microseconds UTC.

    ``instants``: event → when it happened, or None if it has not happened. ``attributes``: name → value, or None to
    remove the attribute. ``state_event``: the event by which a ticket enters this state, such as ``resolved``.
    """

    number: str
    updated_at: int
    opened_at: int | None
    state: str | None
    state_event: str
    instants: Mapping[str, int | None]
    attributes: Mapping[str, Any]


def read_shown_tickets(records: Iterable[Record], mapping: TicketMapping, oddities: Oddities) -> list[ShownTicket]:
    """Return the tickets of a payload's records. ``oddities`` collects the records that the mapping leaves out.

    Raises ImportRefused, naming the columns, for values that the mapping does not cover.
    """
    translator = ColumnTranslator(mapping)
    found = []
    for record in records:
        if all(values.passes_test(test, record, mapping.missing) for test in mapping.rows_where):
            found.append(_shown(record, mapping, translator, oddities))
        else:
            oddities.note("records left out: rows_where", f"record {record.place}")
    translator.unlisted.refuse_any()
    return found


def _shown(record: Record, mapping: TicketMapping, translator: ColumnTranslator, oddities: Oddities) -> ShownTicket:
    columns = mapping.columns
    number = translator.text(record, columns.ticket)
    if number is None:
        raise _missing(record, columns.ticket, "every record must name its ticket")
    assert columns.updated_at is not None, "the mapping was checked for payloads"
    updated_at = translator.time(record, columns.updated_at)
    if updated_at is None:
        raise _missing(record, columns.updated_at, "every record must say when the ticket last changed")
    present = None if mapping.present is None else mapping.present.state
    state = None if present is None else translator.state(record, present)
    return ShownTicket(
        number=number,
        updated_at=updated_at,
        opened_at=translator.time(record, columns.opened_at) if columns.opened_at else None,
        state=None if state is None else state.state,
        state_event="" if state is None else str(state.event),
        instants=_instants(record, mapping, translator, state),
        attributes=_attributes(record, mapping, translator, oddities),
    )


def _instants(
    record: Record, mapping: TicketMapping, translator: ColumnTranslator, state: TicketState | None
) -> dict[str, int | None]:
    wanted = {str(event): moment.column for event, moment in mapping.moments.items()}
    if mapping.resolution_moment is not None:
        event, moment = mapping.resolution_moment
        wanted[event] = moment.column
    found = {event: translator.time(record, column) for event, column in wanted.items()}
    if state is None:
        return found
    if state.event in ENDS or is_over(state.state):
        # A ticket that has ended is not open again because its tool leaves the time of the end empty.
        return {event: at for event, at in found.items() if at is not None or event not in ENDS}
    # Tools keep the time of an earlier resolution in a ticket that is open again.
    return {event: None if event in ENDS else at for event, at in found.items()}


def _attributes(
    record: Record, mapping: TicketMapping, translator: ColumnTranslator, oddities: Oddities
) -> dict[str, Any]:
    found: dict[str, Any] = {name: translator.text(record, column) for name, column in mapping.attributes.items()}
    for name in ("type", "priority", "team", "assignee", "service", "customer"):
        source = getattr(mapping, name)
        if source is not None:
            found[name] = translator.read(record, source, name)
    if mapping.exclude_where:
        reason = next(
            (str(each) for each in mapping.exclude_where if values.holds_for_rows(each, [record], mapping.missing)),
            None,
        )
        found["not_judged"] = reason
        if reason is not None:
            oddities.note(f"tickets not judged: {reason}", f"record {record.place}")
            recorded = {f"recorded_{name}": found.get(name) for name in ("type", "priority")}
            found |= {"type": None, "priority": None, **recorded}
    return found


def _missing(record: Record, column: str, remedy: str) -> ImportRefused:
    finding = ImportFinding(f"line {record.place}, {column}", "", remedy)
    return ImportRefused("The mapping does not fit the payload", [finding])
