"""The mapping of a file of tickets: which columns hold their history, their present state and instants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator, model_validator

from slm_mappings.mapping_parts import ColumnTest, Condition, MappingPart, Records, Text, Times, TranslatedColumn

TICKET_EVENTS = (
    "opened",
    "assigned",
    "state_changed",
    "priority_changed",
    "first_response",
    "customer_replied",
    "agent_replied",
    "resolved",
    "fulfilled",
    "reopened",
    "closed",
    "cancelled",
)
MOMENTS = ("assigned", "first_response", "resolved", "fulfilled", "closed", "cancelled")
"""Events whose instant a column can hold. Events with the same instant follow one another in this order."""
ENDS = frozenset({"resolved", "fulfilled", "closed", "cancelled"})


class TicketState(MappingPart):
    """The meaning of a state of the source: the product's name for it, the event of entering it, and whether clocks
    pause in it.

    ``when`` restricts the meaning by other columns, such as ServiceNow's ``hold_reason``.
    """

    state: Text
    event: Literal[TICKET_EVENTS] = "state_changed"  # type: ignore[valid-type]
    pauses: bool = False
    when: tuple[ColumnTest, ...] = ()

    @field_validator("when", mode="before")
    @classmethod
    def _short_form(cls, written: object) -> object:
        """Expand the short form of ``when``, an object of column → value, such as ``{hold_reason: Awaiting Caller}``.

        Each column must have its value or, if a list is given, one of the values in the list.
        """
        if not isinstance(written, dict):
            return written
        return [
            {"column": column, **({"one_of": value} if isinstance(value, list | tuple) else {"equals": value})}
            for column, value in written.items()
        ]


class TicketColumns(MappingPart):
    """The columns with the ticket's number and opening. In a history there are also the columns with each row's state
    and time.
    """

    ticket: str
    state: str | None = None
    at: str | None = None
    opened_at: str | None = None
    """The column with the instant of a ticket's opening. Without this column a ticket opens with its first row."""
    updated_at: str | None = None
    """When the ticket last changed. Only payloads of webhooks are read with it: the present state holds from then on.
    """


class Changes(MappingPart):
    """A history in which each row is the change of one field. Its columns hold the field's name, old value and new
    value.
    """

    field: str
    to: str
    before: str | None = Field(default=None, alias="from")
    of: dict[Text, Literal["state", "priority", "team"]]
    """Value of the column ``field`` → which of our fields it means. Rows of other fields are left out."""


class PresentState(MappingPart):
    """Columns with the ticket's state when the file was exported. They do not say since when it is in that state."""

    state: str | None = None
    event: Literal["at_export", "none"] = "at_export"
    """``at_export``: an open ticket gets an event with its present state at the time of the export."""


class EventColumn(MappingPart):
    """A column that holds the instant of one event of the ticket."""

    column: str
    of: Literal["last_row", "first_row"] = "last_row"

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, written: object) -> object:
        return {"column": written} if isinstance(written, str) else written


class Resolution(MappingPart):
    """The policy that decides when a ticket counts as resolved: once, at the time in a column, or each time it enters a
    state that means resolved.
    """

    column: str | None = None
    of: Literal["last_row", "first_row"] = "last_row"
    on_state: Literal[True] | None = None
    event: Literal["resolved", "fulfilled"] = "resolved"

    @model_validator(mode="after")
    def _says_one_thing(self) -> Resolution:
        if (self.column is None) == (self.on_state is None):
            raise ValueError("give either column or on_state: true")
        return self


class Policies(MappingPart):
    """Choices for cases that a source leaves open."""

    priority: Literal["final", "as_recorded"] = "as_recorded"
    """``final``: the priority of the last row counts from the opening on."""
    resolution: Resolution = Resolution(on_state=True)
    before_opening: Literal["at_opening", "keep"] = "at_opening"
    """What happens to a row that is dated before the ticket's opening. ``at_opening``: its event gets the instant of
    the opening, and its own time as an attribute. ``keep``: its event keeps its own time.
    """
    row_id: Literal["ordinal"] | TranslatedColumn = "ordinal"
    """The column that distinguishes the rows of a ticket; ``ordinal``: a row's place among them."""
    attributes: Literal["last_row", "first_row", "each_row"] = "last_row"
    """The row whose attributes are sent with the opening. ``each_row``: the attributes of the first row are sent with
    the opening, and later changes with the events of their rows.
    """


class TicketMapping(MappingPart):
    """The mapping of a file of tickets, which is an audit log or a list. The rows of a ticket must be adjacent."""

    kind: Literal["tickets"]
    source: str = Field(pattern=r"^[^/]+$")
    records: Records
    times: Times = Times()
    missing: tuple[str, ...] = ("",)
    exported_at: str | None = None
    """When the file was exported, RFC 3339. Without it the time at which the file was written is used."""
    columns: TicketColumns
    changes: Changes | None = None
    present: PresentState | None = None
    moments: dict[Literal[MOMENTS], EventColumn] = Field(default_factory=dict)  # type: ignore[valid-type]
    type: str | TranslatedColumn = "incident"
    priority: str | TranslatedColumn | None = None
    team: str | TranslatedColumn | None = None
    """The team that holds the ticket: in a history each row's team, else the team from the moment ``assigned`` on."""
    assignee: str | TranslatedColumn | None = None
    """The person who holds the ticket: in a history each row's person, else the one from the moment ``assigned`` on."""
    event: TranslatedColumn | None = None
    """The column that names the event of each row of a history; ``values`` translates its texts to our events."""
    service: str | TranslatedColumn | None = None
    customer: str | TranslatedColumn | None = None
    attributes: dict[str, str] = Field(default_factory=dict)
    """Our name of an attribute → the column with its value. ``policies.attributes`` says in which row it is read."""
    states: dict[Text, tuple[TicketState, ...]] = Field(default_factory=dict)
    policies: Policies = Policies()
    rows_where: tuple[ColumnTest, ...] = ()
    """Rows are read as history only if they pass all of these tests."""
    exclude_where: tuple[Condition, ...] = ()
    """Tickets that no target may evaluate: their events are imported without type and priority."""

    @field_validator("states", mode="before")
    @classmethod
    def _one_state_is_a_list_of_one(cls, written: object) -> object:
        if not isinstance(written, dict):
            return written
        return {name: [each] if isinstance(each, dict) else each for name, each in written.items()}

    @model_validator(mode="after")
    def _can_be_followed(self) -> TicketMapping:
        for problem in self._contradictions():
            raise ValueError(problem)
        return self

    def _contradictions(self) -> Iterator[str]:
        columns = self.columns
        if columns.state is not None and self.changes is not None:
            yield "give columns.state, or changes, not both: each is a way to write a history"
        if self.has_history and columns.at is None:
            yield "a history needs columns.at, the time of each row; a state without a time belongs under present"
        if columns.at is not None and not self.has_history:
            yield "columns.at is the time of a row of a history: give columns.state, changes or event"
        if columns.opened_at is None and columns.at is None:
            yield "give columns.opened_at: without a history there is no other time at which a ticket was opened"
        if not (self.has_history or self.moments or self.present):
            yield "give columns.state and columns.at, changes, present or moments: without them there are no events"
        if self.has_states and not self.states:
            yield "give states: what each state of the file means"
        ends = {"resolved", "fulfilled"} & set(self.moments)
        if len(ends) + (self.policies.resolution.column is not None) > 1:
            yield "give one resolution: moments.resolved, moments.fulfilled or policies.resolution.column"
        if self.changes is not None and "state" not in self.changes.of.values():
            yield "changes.of must name the field that is the state"
        yield from self._contradictions_of_event()

    def _contradictions_of_event(self) -> Iterator[str]:
        if self.event is None:
            return
        if unknown := set(self.event.values.values()) - set(TICKET_EVENTS):
            yield f"event.values has {', '.join(sorted(unknown))}; use {', '.join(TICKET_EVENTS)}"
        if self.event.others == "keep":
            yield "event.others is refuse or drop: other texts are no events"
        if self.changes is not None:
            yield "give event, or changes, not both: each says what a row is"
        if twice := set(self.event.values.values()) & set(self.moments):
            yield f"give {', '.join(sorted(twice))} once: in event, or in moments"

    @property
    def has_history(self) -> bool:
        """Whether the rows of a ticket give its states over time."""
        return self.columns.state is not None or self.changes is not None or self.event is not None

    @property
    def has_states(self) -> bool:
        """Whether the file gives any state of a ticket, past or present."""
        has_past = self.columns.state is not None or self.changes is not None
        return has_past or (self.present is not None and self.present.state is not None)

    @property
    def resolution_moment(self) -> tuple[str, EventColumn] | None:
        """The event of the resolution, and the column with its instant; None if no column gives this instant."""
        for event in ("resolved", "fulfilled"):
            if event in self.moments:
                return event, self.moments[event]
        policy = self.policies.resolution
        return None if policy.column is None else (policy.event, EventColumn(column=policy.column, of=policy.of))

    @property
    def pauses(self) -> list[str]:
        """The product's names of the states in which clocks pause, for a target's ``pause``."""
        return sorted({each.state for states in self.states.values() for each in states if each.pauses})
