"""Conversion of a ticket's rows to events: opening, history, instants in columns, and present state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from slm_events.instants import to_text
from slm_mappings import values
from slm_mappings.messages import ImportFinding, ImportRefused, Oddities
from slm_mappings.records import Record
from slm_mappings.ticket_history import ColumnTranslator, HistoryRow, TicketHistory
from slm_mappings.ticket_mapping import ENDS, MOMENTS, TicketMapping

Item = dict[str, Any]
_UNKNOWN_END = "ended at a time that the file does not give"


def ticket_events(
    rows: Iterable[Record], mapping: TicketMapping, oddities: Oddities, exported_at: int
) -> Iterator[Item]:
    """Yield items of POST /api/v1/ticket-events, ticket by ticket. ``oddities`` collects what is unusual.

    ``exported_at`` (microseconds UTC): the tickets had their present states at this instant. Raises ImportRefused,
    naming the line, for a row that the mapping does not cover, or a ticket whose rows are not adjacent. Values that the
    mapping does not list are collected and refused together after the last ticket.
    """
    translator = ColumnTranslator(mapping)
    history = TicketHistory(mapping, translator, oddities)
    for ticket, group in _grouped(rows, mapping):
        yield from _Ticket(mapping, translator, history, oddities, ticket, group).events(exported_at)
    translator.unlisted.refuse_any()


def _grouped(rows: Iterable[Record], mapping: TicketMapping) -> Iterator[tuple[str, list[Record]]]:
    seen: set[str] = set()
    ticket, group = "", list[Record]()
    for row in rows:
        number = values.text_of(row, mapping.columns.ticket, mapping.missing)
        if not number:
            raise _ticket_refusal(row, mapping.columns.ticket, "", "every row must name its ticket")
        if number != ticket:
            if group:
                yield ticket, group
            if number in seen:
                raise _ticket_refusal(
                    row, mapping.columns.ticket, number, "its rows are not adjacent; sort the file by ticket"
                )
            seen.add(number)
            ticket, group = number, []
        group.append(row)
    if group:
        yield ticket, group


def _ticket_refusal(row: Record, column: str, value: object, remedy: str) -> ImportRefused:
    return ImportRefused(
        "The mapping does not fit the file", [ImportFinding(f"line {row.place}, {column}", value, remedy)]
    )


class _Ticket:
    """Converts the rows of one ticket to events."""

    def __init__(
        self,
        mapping: TicketMapping,
        translator: ColumnTranslator,
        history: TicketHistory,
        oddities: Oddities,
        ticket: str,
        group: list[Record],
    ) -> None:
        self._mapping = mapping
        self._translator = translator
        self._history = history
        self._oddities = oddities
        self._ticket = ticket
        self._group = group

    def events(self, exported_at: int) -> Iterator[Item]:
        """Yield the ticket's opening, its history in the file's order, the events whose instants are in columns, and
        its present state.
        """
        mapping, group = self._mapping, self._group
        rows = self._history.rows(group)
        if any(later.at < earlier.at for earlier, later in pairwise(rows)):
            self._oddities.note("tickets with rows out of order", self._ticket)
        opened_at = self._opened_at(rows)
        if opened_at is None:
            self._oddities.note("tickets left out: the file does not say when they were opened", self._ticket)
            return
        moments = self._moments()
        reason = self._exclusion() or self._unknown_end(rows, moments)
        head = {"source": mapping.source, "ticket": self._ticket}
        yield head | self._opened(rows, opened_at, reason)
        for item in self._history.events_of(self._ticket, group, rows, opened_at, judged=reason is None):
            yield head | item
        for number, (event, at) in enumerate(moments.items(), start=1):
            if at < opened_at:
                self._oddities.note(f"tickets {_PAST.get(event, event)} before they were opened", self._ticket)
            moment_item: Item = {"id": event, "event": event, "at": to_text(at), "sequence": len(rows) + number}
            if event == "assigned":
                moment_item |= self._held_by()
            yield head | moment_item
        yield from (head | item for item in self._present(rows, moments, opened_at, exported_at))

    def _opened_at(self, rows: list[HistoryRow]) -> int | None:
        column = self._mapping.columns.opened_at
        written = self._translator.time(self._group[-1], column) if column else None
        return min((row.at for row in rows), default=None) if written is None else written

    def _moments(self) -> dict[str, int]:
        """Return event → instant (microseconds UTC) for each event whose instant is in a column, in the order of
        ``MOMENTS``.
        """
        found = dict(self._mapping.moments)
        if self._mapping.resolution_moment is not None:
            event, moment = self._mapping.resolution_moment
            found[event] = moment
        moments = {}
        for event in sorted(found, key=MOMENTS.index):
            row = self._group[0] if found[event].of == "first_row" else self._group[-1]
            at = self._translator.time(row, found[event].column)
            if at is not None:
                moments[event] = at
        return moments

    def _opened(self, rows: list[HistoryRow], opened_at: int, reason: str | None) -> Item:
        mapping, last = self._mapping, self._group[-1]
        kind = self._translator.read(last, mapping.type, "type")
        priority = self._history.first_priority(self._group, rows)
        is_last = mapping.policies.attributes == "last_row"
        attributes: Item = {**self._history.attributes(last if is_last else self._group[0])}
        attributes["customer"] = self._translator.read(last, mapping.customer, "customer")
        item: Item = {"id": "opened", "event": "opened", "at": to_text(opened_at), "sequence": 0}
        item["state"] = self._history.first_state(self._ticket, rows, opened_at, judged=reason is None)
        if reason is None:
            item |= {"type": kind, "priority": priority}
        else:
            attributes |= {"not_judged": reason, "recorded_type": kind, "recorded_priority": priority}
        item["service"] = self._translator.read(last, mapping.service, "service")
        item["attributes"] = {name: value for name, value in attributes.items() if value is not None}
        return {name: value for name, value in item.items() if value not in (None, {})}

    def _held_by(self) -> Item:
        held = {
            name: self._translator.read(self._group[-1], source, name)
            for name, source in (("team", self._mapping.team), ("assignee", self._mapping.assignee))
        }
        named = {name: value for name, value in held.items() if value is not None}
        return {"attributes": named} if named else {}

    def _exclusion(self) -> str | None:
        for condition in self._mapping.exclude_where:
            if values.holds_for_rows(condition, self._group, self._mapping.missing):
                self._oddities.note(f"tickets not judged: {condition}", self._ticket)
                return str(condition)
        return None

    def _unknown_end(self, rows: list[HistoryRow], moments: dict[str, int]) -> str | None:
        """Return the reason why the ticket cannot be evaluated; None if it can be.

        The reason is that the ticket has ended, but no column and no row says when.
        """
        state = self._present_state()
        if state is None or state.event not in ENDS or self._has_ended(rows, moments):
            return None
        self._oddities.note(f"tickets not judged: {_UNKNOWN_END}", self._ticket)
        return _UNKNOWN_END

    def _has_ended(self, rows: list[HistoryRow], moments: dict[str, int]) -> bool:
        return any(event in ENDS for event in moments) or any(
            row.event in ENDS or (row.state and row.state.event in ENDS) for row in rows
        )

    def _present_state(self) -> Any:
        present = self._mapping.present
        if present is None or present.state is None:
            return None
        return self._translator.state(self._group[-1], present.state)

    def _present(
        self, rows: list[HistoryRow], moments: dict[str, int], opened_at: int, exported_at: int
    ) -> Iterator[Item]:
        state = self._present_state()
        if state is None:
            return
        has_ended = self._has_ended(rows, moments)
        if not rows:
            until = "end" if has_ended or state.event in ENDS else "present state"
            self._oddities.note(
                f"tickets without any state before their {until}: earlier pauses do not count", self._ticket
            )
        assert self._mapping.present is not None
        if state.event in ENDS or self._mapping.present.event == "none":
            return
        if exported_at < max([opened_at, *moments.values(), *(row.at for row in rows)]):
            remedy = "the file has later events; give the instant of its export as exported_at or --exported-at"
            raise ImportRefused(
                "The mapping does not fit the file", [ImportFinding("exported_at", to_text(exported_at), remedy)]
            )
        at = to_text(exported_at)
        event = "reopened" if has_ended else "state_changed"
        if has_ended:
            self._oddities.note("tickets that were reopened at a time that the file does not give", self._ticket)
        sequence = len(rows) + len(moments) + 1
        yield {"id": f"present/{at}", "event": event, "state": state.state, "at": at, "sequence": sequence}
        if (
            (self._mapping.team or self._mapping.assignee)
            and not self._mapping.has_history
            and "assigned" not in moments
        ):
            held = self._held_by()
            if held:
                self._oddities.note("teams that hold a ticket since a time that the file does not give", self._ticket)
                yield {"id": f"held/{at}", "event": "assigned", "at": at, "sequence": sequence + 1, **held}


_PAST = {"first_response": "answered"}


def names_first_response(mapping: TicketMapping) -> bool:
    """Whether the mapping has a column or a state from which the first response to a ticket is known."""
    moment_item = {each.event for states in mapping.states.values() for each in states}
    if mapping.event is not None:
        moment_item |= set(mapping.event.values.values())
    return "first_response" in mapping.moments or bool({"first_response", "agent_replied"} & moment_item)
