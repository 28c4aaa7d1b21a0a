"""The events of ticket clocks. Each names the version of the terms by which the clock runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketClockEvent:
    """The fields that all events of a ticket's clock have."""

    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    service_id: str
    provider_party_id: str
    customer_party_id: str
    source: str
    ticket: str
    clock: str
    state: str
    """The state of the clock after the change: ``running`` | ``paused`` | ``met`` | ``breached`` | ``completed_late`` |
    ``cancelled``.
    """
    deadline_at: str | None
    at: str
    """The instant at which the clock changed, by the time of the ticket's events."""
    published_at: str
    importing: bool = False
    """Whether an import was still loading history of the ticket's source."""
    import_id: str | None = None
    """The id of the import whose history caused the event; null without one. ``ImportJudged`` follows when all of the
    import is evaluated.
    """
    catch_up: int | None = None
    """The agreement version that caused the event: its past was being evaluated after its signing; null for other
    events. ``AgreementCaughtUp`` follows when the past is evaluated.
    """
    ordinal: int | None = None
    """Tells the clocks of one target and ticket apart, as in the breach of the clock."""
    sent_by: str | None = None
    """Whose source sent the ticket: ``provider`` | ``customer``. Parties may use the same names for their sources, so
    the name alone does not tell.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStarted(TicketClockEvent):
    """A ticket's clock for a target started."""

    past_due: bool = False
    """Whether the deadline had already passed when the target began to apply. Then no breach is published unless the
    terms demand it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPaused(TicketClockEvent):
    """The ticket entered a state in which the clock does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockResumed(TicketClockEvent):
    """The clock runs again after a pause. Its deadline has moved later by the paused time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStopped(TicketClockEvent):
    """The ticket met the clock's stop condition, either in time (``met``) or late (``completed_late``)."""

    elapsed_calendar_seconds: int
    elapsed_service_seconds: int
    net_calendar_seconds: int = 0
    """Elapsed calendar time without all pauses, including those that began after the deadline."""
    net_service_seconds: int = 0
    """Elapsed service time without all pauses, including those that began after the deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCancelled(TicketClockEvent):
    """The target no longer applies to the ticket, or the ticket was cancelled. The clock is neither met nor
    breached.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWarned(TicketClockEvent):
    """A running clock has used up a share of its duration, and its deadline has not passed yet."""

    threshold: str
    """The share of the duration that is used up, in percent, such as ``75``."""
    time_left_seconds: int
    """Seconds until the deadline, in the kind of time in which the objective counts."""
    held_by: str | None = None
    """The team that holds the ticket, or the person if there is no team."""
    hidden_from_party_id: str | None = None
    """The customer, if the agreement's `customer_sees` hides this event from it; null if both parties may see the
    event.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDeadlineMoved(TicketClockEvent):
    """The clock's deadline changed, but not because a pause ended: a correction, a date of the ticket, or amended terms
    moved it.
    """

    previous_deadline_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEscalated(TicketClockEvent):
    """The instant of an agreed escalation has come, and the clock has not stopped."""

    level: str
    """``functional`` | ``hierarchical``."""
    to: str | None
    """The person or team to escalate to; null if the terms name nobody."""
    offset: dict[str, Any]
    """The escalation's distance from the deadline, such as ``{"service_time": "-PT30M"}``."""
    held_by: str | None = None
    """The team that holds the ticket, or the person if there is no team."""
