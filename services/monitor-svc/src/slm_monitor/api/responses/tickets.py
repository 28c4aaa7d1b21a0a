"""Answers about tickets: lists, one ticket with its clocks, accepted snapshots, and comparisons with a tool's open
tickets.
"""

from __future__ import annotations

from slm_chassis.http.response_models import ABSENT, Answer, ListAnswer
from slm_monitor.api.responses.clocks import ClockAtRisk, TicketClockAnswer
from slm_monitor.api.responses.shapes import Document, Instant


class FailedClockAnswer(Answer):
    """A clock of a ticket that cannot be calculated, with the reason."""

    clock: str
    """What the clock would time"""
    reason: str
    """Why the clock cannot be calculated"""
    agreement_id: str = ABSENT
    """Id of the agreement that defines the clock; in lists only"""


class TicketAnswer(Answer):
    """A ticket, with the results of its last evaluation.

    A party that may see the ticket only because of a support agreement (OLA or underpinning contract) sees neither the
    ticket's type nor the person who holds it, only the team.
    """

    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""
    owner_party_id: str
    """Id of the party that sent the ticket"""
    type: str | None
    """Type of the ticket, as its tool calls it; null for readers who may not see it"""
    priority: str | None
    """Priority of the ticket, as its tool calls it"""
    state: str | None
    """State of the ticket, as its tool calls it"""
    held_by: str | None
    """The present holder: a team, or a person where the reader may see it; null: nobody"""
    opened_at: Instant | None
    """When the ticket was opened; null if no event says so"""
    last_event_at: Instant | None
    """Instant of the ticket's last event"""
    ended_at: Instant | None
    """When the ticket was resolved, closed or cancelled; null while it is open"""
    unmatched: bool
    """Whether no target has ever applied to the ticket; shown only to the party that sent it"""
    unmatched_cause: str | None
    """Why no target applies to the ticket; null otherwise"""
    unjudgeable: list[FailedClockAnswer]
    """Clocks of the ticket that cannot be calculated"""
    inconsistent: str | None
    """How the ticket's events contradict each other, so that it is not evaluated; null if they do not"""


class TicketList(ListAnswer[TicketAnswer | ClockAtRisk], use_attribute_docstrings=True):
    """One page of a list of tickets or, with `at_risk`, of running clocks with their tickets."""


class TicketEventAnswer(Answer):
    """An event of a ticket as it was accepted."""

    at: Instant
    """When the event happened"""
    received_at: Instant
    """When the event was received"""
    id: str
    """Id of the event, given by its source"""
    event: str
    """What happened, such as `opened`, `state_changed` or `resolved`"""
    state: str | None
    """State of the ticket after the event, as its tool calls it; null if the event does not change it"""
    sequence: int | None
    """Rank among events of the same instant; null if the source numbers none"""
    attributes: Document
    """Attributes of the ticket that the event sets"""


class UpdateExchangeSums(Answer):
    """For an update clock: how many messages were answered, and how fast."""

    target_id: str
    """Id of the target"""
    answered: int
    """How many messages were answered"""
    open: int
    """How many messages wait for an answer"""
    mean_seconds: int | None
    """Mean time to an answer, seconds of service time, rounded down; null if there is none"""
    longest_seconds: int | None
    """Longest time to an answer, seconds of service time; null if there is none"""
    met: bool
    """Whether every message was answered in time"""


class TicketWithClocksAnswer(TicketAnswer):
    """A ticket with its clocks, as of now or as known at an earlier instant."""

    as_of: Instant
    """Instant as of which the ticket is shown"""
    clocks: list[TicketClockAnswer]
    """The ticket's clocks in the reader's agreements; empty if its events contradict each other"""
    exchanges: list[UpdateExchangeSums]
    """For update clocks: how many messages were answered, and how fast"""
    events: list[TicketEventAnswer]
    """The ticket's events in the order of evaluation; only for the party that sent the ticket"""


class TicketPreview(Answer):
    """How the ticket in the request would be evaluated. Nothing is stored."""

    as_of: Instant
    """Instant as of which the clocks are calculated: now"""
    clocks: list[TicketClockAnswer]
    """The clocks that the ticket would have in agreements of the caller's party"""
    unmatched_cause: str | None
    """Why no target applies to the ticket; null if one applies"""
    unjudgeable: list[FailedClockAnswer]
    """Clocks of the ticket that cannot be calculated"""
    inconsistent: str | None
    """How the ticket's events contradict each other, so that it is not evaluated; null if they do not"""


class DerivedEvent(Answer):
    """A ticket event that was derived from a snapshot of the ticket."""

    event: str
    """What happened, such as `opened`, `state_changed` or `resolved`"""
    at: Instant
    """When the event happened"""
    id: str
    """Id of the event, derived from the snapshot"""


class SnapshotReceipt(Answer):
    """The result of a ticket's snapshot: the events that were derived from it, and are now stored."""

    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""
    events: list[DerivedEvent]
    """The derived events; empty if the snapshot contains nothing new"""
    position: str
    """Position after the events: a read with `min_position` set to this value waits until the events are evaluated;
    empty before the first event
    """


class StaleTicket(Answer):
    """A listed ticket about which monitor-svc seems to have missed events."""

    number: str
    """Number of the ticket in its tool"""
    state: str | None
    """Last known state of the ticket"""
    last_event_at: Instant | None
    """Instant of the last known event"""
    causes: list[str]
    """Signs that events are missing"""


class WronglyOpenTicket(Answer):
    """A ticket that monitor-svc knows as open but that its tool's list of open tickets does not contain."""

    number: str
    """Number of the ticket in its tool"""
    state: str | None
    """Last known state of the ticket"""
    last_event_at: Instant | None
    """Instant of the last known event"""


class TicketComparison(Answer):
    """The differences between a tool's list of open tickets and the tickets that monitor-svc knows."""

    source: str
    """Name of the tool"""
    listed: int
    """Number of tickets in the list"""
    missing: list[str]
    """Numbers of listed tickets that monitor-svc does not know"""
    stale: list[StaleTicket]
    """Tickets that were changed after their last known event, or are known as ended"""
    wrongly_open: list[WronglyOpenTicket]
    """Tickets that are known as open and are not listed"""
