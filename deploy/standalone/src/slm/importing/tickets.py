"""Rows of a ticket system's audit log → ticket events, one for each row and one each for opening and resolution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from slm.importing import records, times
from slm.importing.mapping import Column, State, TicketMapping
from slm.importing.records import Record
from slm.importing.told import Finding, ImportRefused, Oddities
from slm_events.instants import to_text

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Row:
    record: Record
    ordinal: int
    at: int
    state: State


def events(rows: Iterable[Record], mapping: TicketMapping, odd: Oddities) -> Iterator[Item]:
    """Ticket events in the form of POST /api/v1/ticket-events, ticket by ticket; what is strange goes to ``odd``.

    ImportRefused, naming the line, for a row that the mapping does not cover or a ticket whose rows stand apart.
    """
    teller = _Teller(mapping, odd)
    for ticket, group in _grouped(rows, mapping):
        yield from teller.events_of(ticket, group)


def _grouped(rows: Iterable[Record], mapping: TicketMapping) -> Iterator[tuple[str, list[Record]]]:
    seen: set[str] = set()
    ticket, group = "", list[Record]()
    for row in rows:
        number = str(records.value_of(row, mapping.columns.ticket, mapping.missing) or "")
        if not number:
            raise _refused(row, mapping.columns.ticket, "", "every row names its ticket")
        if number != ticket:
            if group:
                yield ticket, group
            if number in seen:
                raise _refused(row, mapping.columns.ticket, number, "its rows stand apart; sort the file by ticket")
            seen.add(number)
            ticket, group = number, []
        group.append(row)
    if group:
        yield ticket, group


def _refused(row: Record, column: str, value: object, remedy: str) -> ImportRefused:
    return ImportRefused("The mapping does not fit the file", [Finding(f"line {row.place}, {column}", value, remedy)])


class _Teller:
    """Tells the events of one ticket after the other."""

    def __init__(self, mapping: TicketMapping, odd: Oddities) -> None:
        self._mapping = mapping
        self._odd = odd
        self._instant = times.reader(mapping.times)

    def events_of(self, ticket: str, group: list[Record]) -> Iterator[Item]:
        """The opening, the rows in the file's order and the resolution."""
        rows = [self._row(record, ordinal) for ordinal, record in enumerate(group, start=1)]
        if any(later.at < earlier.at for earlier, later in pairwise(rows)):
            self._odd.note("tickets with rows out of order", ticket)
        opening = self._mapping.columns.opened_at
        opened_at = self._time(group[-1], opening) if opening else None
        opened_at = min(row.at for row in rows) if opened_at is None else opened_at
        reason = self._exclusion(group)
        head = {"source": self._mapping.source, "ticket": ticket}
        yield head | self._opened(group, rows[0], opened_at, reason)
        for item in self._of_rows(ticket, rows, opened_at, judged=reason is None):
            yield head | item
        resolution = self._mapping.policies.resolution
        if resolution.column is not None:
            row = group[0] if resolution.of == "first_row" else group[-1]
            resolved_at = self._time(row, resolution.column)
            if resolved_at is not None:
                if resolved_at < opened_at:
                    self._odd.note("tickets resolved before they were opened", ticket)
                event = {"id": resolution.event, "event": resolution.event, "at": to_text(resolved_at)}
                yield head | event | {"sequence": len(rows) + 1}

    def _row(self, record: Record, ordinal: int) -> _Row:
        columns = self._mapping.columns
        named = records.value_of(record, columns.state, self._mapping.missing)
        state = self._mapping.states.get(str(named))
        if state is None:
            raise _refused(record, columns.state, named, "the mapping's states do not list it; add it there")
        at = self._time(record, columns.at)
        if at is None:
            raise _refused(record, columns.at, "", "every row needs its own time")
        return _Row(record, ordinal, at, state)

    def _opened(self, group: list[Record], first: _Row, opened_at: int, reason: str | None) -> Item:
        last = group[-1]
        final = self._mapping.policies.priority == "final"
        kind = self._told(last, self._mapping.type, "type")
        priority = self._told(last if final else group[0], self._mapping.priority, "priority")
        attributes = {name: self._text(last, column) for name, column in self._mapping.attributes.items()}
        item: Item = {"id": "opened", "event": "opened", "at": to_text(opened_at), "sequence": 0}
        item["state"] = first.state.state
        if reason is None:
            item |= {"type": kind, "priority": priority}
        else:
            attributes |= {"not_judged": reason, "recorded_type": kind, "recorded_priority": priority}
        item["service"] = self._told(last, self._mapping.service, "service")
        item["attributes"] = {name: value for name, value in attributes.items() if value is not None}
        return {name: value for name, value in item.items() if value not in (None, {})}

    def _of_rows(self, ticket: str, rows: list[_Row], opened_at: int, *, judged: bool) -> Iterator[Item]:
        follows_priority = judged and self._mapping.policies.priority == "as_recorded"
        state, priority = "", self._told(rows[0].record, self._mapping.priority, "priority")
        for row in rows:
            item: Item = {"id": self._row_id(row), "sequence": row.ordinal, "at": to_text(row.at)}
            item |= {"event": self._event(row, state), "state": row.state.state}
            if follows_priority:
                now = self._told(row.record, self._mapping.priority, "priority")
                if now is not None and now != priority:
                    item["priority"] = now
                    if item["event"] == "state_changed" and row.state.state == state:
                        item["event"] = "priority_changed"
                priority = now
            if row.at < opened_at:
                self._odd.note("rows dated before the ticket was opened", ticket)
                if self._mapping.policies.before_opening == "at_opening":
                    item |= {"at": to_text(opened_at), "attributes": {"dated_at": to_text(row.at)}}
            state = row.state.state
            yield item

    def _event(self, row: _Row, before: str) -> str:
        """The event of entering a state; staying in it, or a resolution told by a column, is a change of state."""
        policy = self._mapping.policies.resolution
        event = str(row.state.event)
        if before == row.state.state or (policy.column is not None and event in ("resolved", "fulfilled")):
            return "state_changed"
        ended = {"resolved", "fulfilled", "closed"}
        left = {state.state for state in self._mapping.states.values() if state.event in ended}
        if policy.on_state and before in left and event not in ended:
            return "reopened"
        return event

    def _row_id(self, row: _Row) -> str:
        policy = self._mapping.policies.row_id
        if policy == "ordinal":
            return str(row.ordinal)
        own = self._told(row.record, policy, "row_id")
        if own is None:
            raise _refused(row.record, policy.column, "", "every row needs an id; or say row_id: ordinal")
        return own

    def _exclusion(self, group: list[Record]) -> str | None:
        for condition in self._mapping.exclude_where:
            rows = {"last_row": group[-1:], "first_row": group[:1], "any_row": group}[condition.of]
            if any(records.holds(condition, row, self._mapping.missing) for row in rows):
                self._odd.note(
                    f"tickets not judged: {condition}", self._text(group[0], self._mapping.columns.ticket) or ""
                )
                return str(condition)
        return None

    def _told(self, row: Record, told: str | Column | None, field: str) -> str | None:
        if told is None or isinstance(told, str):
            return told
        value = self._text(row, told.column)
        if value is None or value in told.values:
            return None if value is None else told.values[value]
        if told.values and told.others == "refuse":
            raise _refused(row, told.column, value, f"{field}.values does not list it; add it, or say others: keep")
        return None if told.others == "drop" else value

    def _text(self, row: Record, column: str) -> str | None:
        value = records.value_of(row, column, self._mapping.missing)
        return None if value is None else str(value)

    def _time(self, row: Record, column: str) -> int | None:
        value = records.value_of(row, column, self._mapping.missing)
        if value is None:
            return None
        try:
            return self._instant(value)
        except ValueError:
            form = self._mapping.times.format
            raise _refused(row, column, value, f"it is no time in the mapping's times.format, {form}") from None
