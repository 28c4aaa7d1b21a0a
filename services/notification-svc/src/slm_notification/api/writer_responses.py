"""Response models of ticket writers."""

from __future__ import annotations

from typing import Any, Literal

from slm_chassis.http.response_models import Answer, Instant


class TicketFieldsAnswer(Answer):
    """The names of the tool's fields."""

    due_at: str | None
    """The field for the due date; null: not written"""
    state: str | None
    """The field for the state of the clocks; null: not written"""
    breached: str | None
    """The field for whether a breach stands; null: not written"""


class TicketToolResponse(Answer):
    """A ticket tool whose fields a writer can change, as its connector describes it."""

    name: str
    """Name of the connector, for the field `connector` of a writer"""
    title: str
    """Name of the tool"""
    source: str
    """The name under which the tool's tickets usually come in"""
    authentication: list[Literal["basic", "bearer", "token"]]
    """The ways in which a writer can prove itself to the tool, the most usual first"""
    fields: TicketFieldsAnswer
    """The fields that are written unless a writer names others; null: the tool has none for the figure"""
    dates: list[str]
    """Fields that hold a date without time, so that the writer's time zone matters"""
    guide: str
    """How to set up the tool, as Markdown; empty if there is none"""


class WriterAuthenticationAnswer(Answer):
    """The kind of credential with which a writer logs in at the tool. The secret is never shown."""

    kind: Literal["basic", "bearer", "token"]
    """`basic`: user and password; `bearer` and `token`: a token of the tool"""
    user: str
    """User of `basic`; empty for the other kinds"""


class _WriterProgress(Answer):
    """The tickets of a writer, counted by how far they are, and how its latest request ended."""

    waiting: int
    """Tickets that are still to be written"""
    written: int
    """Tickets that the tool has as they are here"""
    failed: int
    """Tickets given up until they change, each with its reason in the list of writes"""
    failing_since: Instant | None
    """Since when every request fails; null if the latest one succeeded"""
    problem: str
    """Why the latest request failed; empty if it did not"""
    next_attempt_at: Instant | None
    """When a failing writer sends its next request; null if it does not fail"""
    last_written_at: Instant | None
    """When a ticket was written last; null: never"""


class TicketWriterStatusResponse(_WriterProgress):
    """How a writer is doing."""

    writer_id: str
    """Id of the writer (UUID)"""
    state: Literal["active", "paused", "suspended"]
    """State of the writer"""


class TicketWriterResponse(_WriterProgress):
    """An account at a ticket tool, and the fields into which figures are written. The secret is never shown."""

    writer_id: str
    """Id of the writer (UUID)"""
    party_id: str
    """Id of the party whose tickets are written"""
    title: str
    """What the writer is for, in the party's words"""
    connector: str
    """Name of the connector that describes the tool"""
    address: str
    """Address of the tool"""
    source: str
    """The source whose tickets are written"""
    authentication: WriterAuthenticationAnswer
    """How requests prove who sends them"""
    fields: TicketFieldsAnswer
    """The fields to write"""
    clocks: list[str]
    """Only clocks of these kinds count; empty: all"""
    time_zone: str
    """The time zone of dates without time"""
    state: Literal["active", "paused", "suspended"]
    """`paused` by its party; `suspended` after a long time without any success"""
    state_reason: str
    """Why the writer is suspended; empty otherwise"""
    state_at: Instant
    """Since when the writer is in this state"""
    created_at: Instant
    """When the writer was made"""
    created_by_principal_id: str
    """Id of the principal that made the writer"""


class WrittenFiguresAnswer(Answer):
    """The figures of a ticket. A figure is null if the writer has no field for it."""

    due_at: Instant | None
    """The due date; null also if there is none any more"""
    state: str | None
    """The state of the clocks"""
    breached: bool | None
    """Whether a breach stands"""


class TicketWriteResponse(Answer):
    """A ticket that a writer keeps up to date, with the result of the latest attempt."""

    writer_id: str
    """Id of the writer (UUID)"""
    source: str
    """The ticket's source"""
    ticket: str
    """The ticket's number"""
    state: Literal["waiting", "written", "failed"]
    """`failed`: given up until the ticket changes or everything is written again"""
    figures: WrittenFiguresAnswer
    """What the ticket is to say"""
    changed_at: Instant
    """When the figures changed last"""
    attempts: int
    """Attempts that failed since then"""
    last_attempt_at: Instant | None
    """When the latest attempt began; null if there was none"""
    next_attempt_at: Instant | None
    """When the next attempt is due; null unless the ticket is waiting"""
    written_at: Instant | None
    """When the tool accepted figures last; null: never"""
    status: int | None
    """HTTP status of the latest answer; null if there was none"""
    problem: str
    """Why the latest attempt failed, or why the next one waits; empty otherwise"""
    excerpt: str
    """The beginning of the latest answer's body"""


class WriteTestResponse(Answer):
    """A test write and its result."""

    writer_id: str
    """Id of the writer (UUID)"""
    ticket: str
    """The ticket's number"""
    values: dict[str, Any]
    """Name of the tool's field → the value sent"""
    sample: bool
    """Whether the values are samples, because no clock of this ticket is known here"""
    succeeded: bool
    """Whether the tool accepted the values"""
    status: int | None
    """HTTP status of the tool's answer; null if there was none"""
    problem: str
    """Why it failed; empty otherwise"""
    excerpt: str
    """The beginning of the answer's body"""


class RewriteResponse(Answer):
    """The number of tickets that a writer writes again."""

    writer_id: str
    """Id of the writer (UUID)"""
    tickets: int
    """The number of tickets"""
