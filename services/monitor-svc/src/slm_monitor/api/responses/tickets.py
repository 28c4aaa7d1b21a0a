"""Answers about tickets: lists, one ticket with its clocks, accepted snapshots, and comparisons with their tools."""

from __future__ import annotations

from slm_chassis.http.response_models import ABSENT, Answer, ListAnswer
from slm_monitor.api.responses.clocks import ClockAtRisk, TicketClockAnswer
from slm_monitor.api.responses.shapes import Document, Instant


class FailedClockAnswer(Answer):
    """A clock of a ticket that cannot be worked out."""

    clock: str
    """What would be timed"""
    reason: str
    """Why it cannot be worked out"""
    agreement_id: str = ABSENT
    """Id of the agreement whose clock it is; in lists only"""


class TicketAnswer(Answer):
    """A ticket as it was last judged.

    The other side of a support sees neither its type nor the person that holds it, but the team.
    """

    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""
    owner_party_id: str
    """Id of the party that sent the ticket"""
    type: str | None
    """Its type, as its tool calls it; null for readers who do not see it"""
    priority: str | None
    """Its priority, as its tool calls it"""
    state: str | None
    """Its state, as its tool calls it"""
    held_by: str | None
    """The present holder: a team, or a person where the reader may see it; null: nobody"""
    opened_at: Instant | None
    """When it was opened; null if no event says so"""
    last_event_at: Instant | None
    """When its last event happened"""
    ended_at: Instant | None
    """When it was resolved, closed or cancelled; null while it is open"""
    unmatched: bool
    """Whether no target has ever applied to it; told to the party that sent it"""
    unmatched_cause: str | None
    """Why no target applies to it; null otherwise"""
    unjudgeable: list[FailedClockAnswer]
    """Its clocks that cannot be worked out"""
    inconsistent: str | None
    """How its events contradict each other, so that it is not judged; null if they do not"""


class TicketList(ListAnswer[TicketAnswer | ClockAtRisk]):
    """One page of a list of tickets; with `at_risk` of clocks, each with its ticket."""


class TicketEventAnswer(Answer):
    """An event of a ticket as it was accepted."""

    at: Instant
    """When it happened"""
    received_at: Instant
    """When it was received"""
    id: str
    """Its id, given by its source"""
    event: str
    """What happened, such as `opened`, `state_changed` or `resolved`"""
    state: str | None
    """The ticket's state from then on, as its tool calls it; null if it stays"""
    sequence: int | None
    """Its place among events of the same instant; null if its source numbers none"""
    attributes: Document
    """The ticket's attributes that it sets"""


class ExchangeSums(Answer):
    """For an update clock: how messages were answered."""

    target_id: str
    """Id of the target"""
    answered: int
    """How many were answered"""
    open: int
    """How many wait for an answer"""
    mean_seconds: int | None
    """Mean time to an answer, seconds of service time, rounded down; null without one"""
    longest_seconds: int | None
    """Longest time to an answer, seconds of service time; null without one"""
    met: bool
    """Whether every one was answered in time"""


class TicketWithClocksAnswer(TicketAnswer):
    """A ticket with its clocks, as of now or as it was known."""

    as_of: Instant
    """Instant as of which it is shown"""
    clocks: list[TicketClockAnswer]
    """Its clocks in the reader's agreements; none where its events contradict each other"""
    exchanges: list[ExchangeSums]
    """For update clocks: how messages were answered"""
    events: list[TicketEventAnswer]
    """Its events in the order in which they are judged; only for the party that sent it"""


class DerivedEvent(Answer):
    """An event that follows from a snapshot."""

    event: str
    """What happened, such as `opened`, `state_changed` or `resolved`"""
    at: Instant
    """When it happened"""
    id: str
    """Its id, derived from the snapshot"""


class SnapshotReceipt(Answer):
    """The events derived from a snapshot of a ticket; they are durable."""

    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""
    events: list[DerivedEvent]
    """The events; none where the snapshot says nothing new"""
    position: str
    """Send it as `min_position` to read what is known once they are judged; empty before the first event"""


class StaleTicket(Answer):
    """A ticket whose known state differs from its tool's list."""

    number: str
    """Number of the ticket in its tool"""
    state: str | None
    """Its state as it is known"""
    last_event_at: Instant | None
    """When its last known event happened"""
    causes: list[str]
    """What shows that something is missing"""


class WronglyOpenTicket(Answer):
    """A ticket that is known as open and is not in the list."""

    number: str
    """Number of the ticket in its tool"""
    state: str | None
    """Its state as it is known"""
    last_event_at: Instant | None
    """When its last known event happened"""


class TicketComparison(Answer):
    """How a tool's list of open tickets differs from what is known."""

    source: str
    """Name of the tool"""
    listed: int
    """How many tickets were listed"""
    missing: list[str]
    """Numbers of listed tickets that are not known"""
    stale: list[StaleTicket]
    """Tickets that were changed after their last known event, or are known as ended"""
    wrongly_open: list[WronglyOpenTicket]
    """Tickets that are known as open and are not listed"""
