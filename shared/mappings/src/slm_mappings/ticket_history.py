"""The history of a ticket: its rows in the file's order, and the event of each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from slm_events.instants import to_text
from slm_mappings import times, values
from slm_mappings.mapping_parts import TranslatedColumn
from slm_mappings.messages import ImportFinding, ImportRefused, Oddities, UnlistedValues
from slm_mappings.records import Record
from slm_mappings.ticket_mapping import ENDS, TicketMapping, TicketState

Item = dict[str, Any]
_MOST_SHOWN, _SHOWN = 10, 80
"""The most columns that a finding shows beside its own, and the characters of each value."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A row of a ticket's history: state, priority, team and assignee from the row's time on; None for no change."""

    record: Record
    ordinal: int
    at: int
    state: TicketState | None
    priority: str | None = None
    team: str | None = None
    assignee: str | None = None
    event: str | None = None
    """What happened, if a column of the file says so; otherwise it follows from the state."""
    before: str | None = None
    """In a history of single changes: the field's value before the change, as the file writes it."""


def is_over(state: str | None) -> bool:
    """Whether the product counts a ticket in the state with this name as ended. None is not ended."""
    return (state or "").lower() in ("resolved", "fulfilled", "closed", "cancelled", "canceled")


class ColumnTranslator:
    """Translates the values of columns by the mapping. Values that the mapping does not list are collected in
    ``unlisted``.
    """

    def __init__(self, mapping: TicketMapping) -> None:
        self.unlisted = UnlistedValues()
        self._mapping = mapping
        self._instant = times.time_reader(mapping.times)

    def text(self, row: Record, column: str) -> str | None:
        """Return the column's value as text; None if it is missing."""
        return values.text_of(row, column, self._mapping.missing)

    def time(self, row: Record, column: str) -> int | None:
        """Return the column's instant, microseconds UTC; None if it is missing. Raises ImportRefused if it is not a
        time.
        """
        value = self.text(row, column)
        if value is None:
            return None
        try:
            return self._instant(value)
        except ValueError:
            remedy = f"it is not a time in the mapping's times.format, {self._mapping.times.format}"
            finding = ImportFinding(f"line {row.place}, {column}", value, remedy)
            raise ImportRefused("The mapping does not fit the file", [finding]) from None

    def read(self, row: Record, source: str | TranslatedColumn | None, field: str) -> str | None:
        """Return ``source`` itself if it is a constant. If it names a column, return the column's value, translated."""
        if source is None or isinstance(source, str):
            return source
        return self.translated(row, source.column, self.text(row, source.column), source, field)

    def translated(
        self, row: Record, column: str, value: str | None, source: TranslatedColumn, field: str
    ) -> str | None:
        """Return the translation of a value; None if the value is missing, dropped or not listed.

        A value that is not listed is added to ``unlisted``.
        """
        if value is None or value in source.values:
            return None if value is None else source.values[value]
        if source.values and source.others == "refuse":
            self.unlisted.note(
                column, value, row.place, f"{field}.values does not list it; add it, or use others: keep"
            )
            return None
        return None if source.others == "drop" else value

    def state(self, row: Record, column: str) -> TicketState | None:
        """Return the state that a column names; None if the mapping does not list it.

        Such a value is added to ``unlisted``.
        """
        return self.state_named(row, column, self.text(row, column))

    def state_named(self, row: Record, column: str, named: str | None) -> TicketState | None:
        """Return the entry of the mapping for the source's state ``named``. The row's other columns may decide which
        entry it is.

        None if no entry fits. The state is then noted in ``unlisted``.
        """
        listed = self._mapping.states.get(named or "", ())
        for state in listed:
            if all(values.passes_test(test, row, self._mapping.missing) for test in state.when):
                return state
        if listed:
            columns = dict.fromkeys(test.column for state in listed for test in state.when)
            texts = [(each, self.text(row, each) or "") for each in islice(columns, _MOST_SHOWN)]
            shown = ", ".join(f"{each} {text[:_SHOWN]!r}" for each, text in texts)
            remedy = "no entry for it under states matches these columns; add one, or one without when"
            self.unlisted.note(column, f"{named} with {shown}", row.place, remedy)
        else:
            remedy = "states does not list it; add it there"
            if named is None:
                remedy += ", or exclude such rows with rows_where"
            self.unlisted.note(column, named, row.place, remedy)
        return None


def _with_attributes(item: Item, attributes: dict[str, Any]) -> Item:
    return item | {"attributes": {**item.get("attributes", {}), **attributes}} if attributes else item


class TicketHistory:
    """Converts the rows of tickets to events, one ticket at a time."""

    def __init__(self, mapping: TicketMapping, translator: ColumnTranslator, oddities: Oddities) -> None:
        self._mapping = mapping
        self._translator = translator
        self._oddities = oddities

    def rows(self, group: Sequence[Record]) -> list[HistoryRow]:
        """Return the history of one ticket, made from its records ``group``, in the file's order.

        Records that the mapping excludes are left out. A row's ordinal is the place of its record in ``group``, from 1.
        """
        if not self._mapping.has_history:
            return []
        found = []
        for ordinal, record in enumerate(group, start=1):
            if not all(values.passes_test(test, record, self._mapping.missing) for test in self._mapping.rows_where):
                self._oddities.note("rows left out: rows_where", f"line {record.place}")
                continue
            row = self._row(record, ordinal)
            if row is not None:
                found.append(row)
        return found

    def _row(self, record: Record, ordinal: int) -> HistoryRow | None:
        if self._mapping.changes is not None:
            return self._change(record, ordinal)
        column = self._mapping.columns.state
        state = None if column is None else self._translator.state(record, column)
        event = self._translator.read(record, self._mapping.event, "event")
        if event is None and state is None:
            if column is None and self._mapping.event is not None:
                self._oddities.note(
                    f"rows left out: {self._mapping.event.column} names no event", f"line {record.place}"
                )
            return None
        team = self._translator.read(record, self._mapping.team, "team")
        assignee = self._translator.read(record, self._mapping.assignee, "assignee")
        priority = self._translator.read(record, self._mapping.priority, "priority")
        return HistoryRow(record, ordinal, self._time(record), state, priority, team, assignee, event)

    def _change(self, record: Record, ordinal: int) -> HistoryRow | None:
        changes = self._mapping.changes
        assert changes is not None
        name = self._translator.text(record, changes.field)
        what = changes.of.get(name or "")
        if what is None:
            self._oddities.note(f"rows left out: {changes.field} = {name or 'missing'}", f"line {record.place}")
            return None
        value = self._translator.text(record, changes.to)
        before = self._translator.text(record, changes.before) if changes.before else None
        at = self._time(record)
        if what == "state":
            state = self._translator.state_named(record, changes.to, value)
            return None if state is None else HistoryRow(record, ordinal, at, state, before=before)
        source = self._mapping.priority if what == "priority" else self._mapping.team
        if isinstance(source, TranslatedColumn):
            value = self._translator.translated(record, changes.to, value, source, what)
        return HistoryRow(record, ordinal, at, None, before=before, **{what: value})

    def _time(self, record: Record) -> int:
        column = self._mapping.columns.at
        assert column is not None
        at = self._translator.time(record, column)
        if at is None:
            finding = ImportFinding(f"line {record.place}, {column}", "", "every row of a history needs its own time")
            raise ImportRefused("The mapping does not fit the file", [finding])
        return at

    # -- the opening ----------------------------------------------------------------------------------------------

    def first_state(self, ticket: str, rows: Sequence[HistoryRow], opened_at: int, *, judged: bool) -> str | None:
        """Return the name of the state in which the ticket was opened; None if the file does not say.

        If the file has a column for the state before a change, this is the first row's value in that column. Otherwise
        it is the state of the first row. But if the first row is later than the opening, its state may be wrong for the
        time before: clocks would pause or end too early. So the result is None if that row ends the ticket, or is the
        only row with a state. If the ticket will be evaluated (``judged``), this is noted as an oddity.
        """
        states = [row for row in rows if row.state is not None]
        if not states:
            return None
        first = states[0]
        assert first.state is not None
        if self._mapping.changes is not None and first.before is not None:
            before = self._translator.state_named(first.record, str(self._mapping.changes.before), first.before)
            return None if before is None else before.state
        is_end = first.state.event in ENDS or is_over(first.state.state)
        if first.at <= opened_at or (len(states) > 1 and not is_end):
            return first.state.state
        if judged:
            self._oddities.note("tickets with a single state in the file: pauses before it do not count", ticket)
        return None

    def first_priority(self, group: Sequence[Record], rows: Sequence[HistoryRow]) -> str | None:
        """Return the priority with which the ticket was opened. If ``policies.priority`` is ``final``, return its last
        priority.
        """
        is_final = self._mapping.policies.priority == "final"
        source = self._mapping.priority
        changed = [row for row in rows if row.priority is not None]
        if self._mapping.changes is None or not changed:
            return self._translator.read(group[-1] if is_final else group[0], source, "priority")
        if is_final:
            return changed[-1].priority
        before = changed[0].before
        if before is None or not isinstance(source, TranslatedColumn):
            return before
        return self._translator.translated(
            changed[0].record, str(self._mapping.changes.before), before, source, "priority"
        )

    # -- the rows -------------------------------------------------------------------------------------------------

    def events_of(
        self, ticket: str, group: Sequence[Record], rows: Sequence[HistoryRow], opened_at: int, *, judged: bool
    ) -> Iterator[Item]:
        """Yield one event for each row with a state or a changed priority, and one for each change of the team.

        Changes of priority are left out unless the ticket will be evaluated (``judged``) and ``policies.priority`` is
        ``as_recorded``.
        """
        follows_priority = judged and self._mapping.policies.priority == "as_recorded"
        state, priority, held = "", self.first_priority(group, rows), dict[str, str]()
        kept = self.attributes(group[0])
        for row in rows:
            item: Item = {"id": self._row_id(row), "sequence": row.ordinal, "at": to_text(row.at)}
            if row.state is not None:
                item |= {"event": self._event(row.state, state), "state": row.state.state}
            elif row.priority is not None:
                item["event"] = "priority_changed"
            if row.event is not None:
                item["event"] = row.event
            if row.priority is not None and row.priority != priority:
                if follows_priority:
                    item["priority"] = row.priority
                    if item["event"] == "state_changed" and row.state is not None and row.state.state == state:
                        item["event"] = "priority_changed"
                priority = row.priority
            moved = self._moved(ticket, row, opened_at)
            holder = {name: each for name, each in (("team", row.team), ("assignee", row.assignee)) if each is not None}
            is_assigned = held | holder != held
            held |= holder
            changed, kept = self._changed_attributes(row, kept)
            if row.event == "assigned":
                changed |= holder
            if row.event != "opened" and "event" in item and (row.state or row.event or "priority" in item):
                yield item | _with_attributes(moved, changed)
            if is_assigned and row.event != "assigned":
                assigned = {"id": f"{item['id']}/assigned", "event": "assigned", "sequence": row.ordinal}
                yield assigned | {"at": item["at"]} | _with_attributes(moved, holder)
            state = state if row.state is None else row.state.state

    def attributes(self, record: Record) -> dict[str, str | None]:
        """Return attribute → the row's value, for the attributes that the mapping names; None for a missing value."""
        return {name: self._translator.text(record, column) for name, column in self._mapping.attributes.items()}

    def _changed_attributes(
        self, row: HistoryRow, before: dict[str, str | None]
    ) -> tuple[dict[str, Any], dict[str, str | None]]:
        """Return the attributes that a row changes, and the values of all attributes after the row."""
        if self._mapping.policies.attributes != "each_row":
            return {}, before
        now = self.attributes(row.record)
        return {name: value for name, value in now.items() if value != before[name]}, now

    def _moved(self, ticket: str, row: HistoryRow, opened_at: int) -> Item:
        """Return the fields that move a row's event to the ticket's opening; empty if the event keeps its own instant.

        The event is moved if the row is dated before the opening and the mapping asks for it
        (``policies.before_opening``). The event of a row that ends the ticket is never moved.
        """
        if row.at >= opened_at:
            return {}
        self._oddities.note("rows dated before the ticket was opened", ticket)
        is_end = row.state is not None and row.state.event in ENDS
        if is_end or self._mapping.policies.before_opening != "at_opening":
            return {}
        return {"at": to_text(opened_at), "attributes": {"dated_at": to_text(row.at)}}

    def _event(self, now: TicketState, before: str) -> str:
        """Return the event by which a ticket enters the state ``now``. ``before``: the name of the state that the
        ticket leaves.

        ``state_changed`` if both states are the same, or if a column gives the instant of the event. ``reopened`` if
        the state before had ended the ticket.
        """
        by_column = self._mapping.resolution_moment is not None
        event = str(now.event)
        if before == now.state or (by_column and event in ("resolved", "fulfilled")):
            return "state_changed"
        if event in self._mapping.moments:
            return "state_changed"
        ended = {"resolved", "fulfilled", "closed"}
        # If a column gives the resolution's instant, only a row with the event closed ends the ticket.
        ending = {"closed"} if by_column else ended
        ending -= self._mapping.moments.keys()
        left = {each.state for states in self._mapping.states.values() for each in states if each.event in ending}
        if before in left and event not in ended and not is_over(now.state):
            return "reopened"
        return event

    def _row_id(self, row: HistoryRow) -> str:
        policy = self._mapping.policies.row_id
        if policy == "ordinal":
            return str(row.ordinal)
        own = self._translator.read(row.record, policy, "row_id")
        if own is None:
            finding = ImportFinding(
                f"line {row.record.place}, {policy.column}", "", "every row needs an id; add it, or use row_id: ordinal"
            )
            raise ImportRefused("The mapping does not fit the file", [finding])
        return own
