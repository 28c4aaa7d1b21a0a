"""The events of ticket clocks. Each names the version of the terms by which the clock runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMoved:
    """The fields that all changes of a ticket's clock have."""

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
    """``running`` | ``paused`` | ``met`` | ``breached`` | ``completed_late`` | ``cancelled``."""
    deadline_at: str | None
    at: str
    """Event time of the change."""
    published_at: str
    importing: bool = False
    """Whether an import was still loading history of the ticket's source."""
    import_id: str | None = None
    """The import whose history caused the event. ``ImportJudged`` follows when all of it is judged."""
    catch_up: int | None = None
    """The agreement version whose past is being judged after its signing. ``AgreementCaughtUp`` follows when that is
    done.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStarted(ClockMoved):
    """A ticket's clock for a target started."""

    past_due: bool = False
    """The deadline had already passed when the target began to apply. No breach is published unless the terms demand
    it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPaused(ClockMoved):
    """The ticket entered a state in which the clock does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockResumed(ClockMoved):
    """The clock runs again. Its deadline has moved by the paused time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStopped(ClockMoved):
    """The ticket met the clock's stop condition, either in time (``met``) or late (``completed_late``)."""

    elapsed_calendar_seconds: int
    elapsed_service_seconds: int
    net_calendar_seconds: int = 0
    """Elapsed calendar time without all pauses, including those that began after the deadline."""
    net_service_seconds: int = 0
    """Elapsed service time without all pauses, including those that began after the deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCancelled(ClockMoved):
    """The target no longer applies to the ticket, or the ticket was cancelled. The clock is neither met nor
    breached.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWarned(ClockMoved):
    """A running clock has used up a share of its duration, and its deadline has not passed yet."""

    threshold: str
    """The share in percent of the duration, such as ``75``."""
    time_left_seconds: int
    """Seconds until the deadline, counted as the clock counts time."""
    held_by: str | None = None
    """The team that holds the ticket, or the person if there is no team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDeadlineMoved(ClockMoved):
    """The deadline changed without the end of a pause: by a correction, a date of the ticket, or amended terms."""

    previous_deadline_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEscalated(ClockMoved):
    """An agreed escalation is due, and the clock has not stopped."""

    level: str
    """``functional`` | ``hierarchical``."""
    to: str | None
    """Whom to escalate to, if the terms name somebody."""
    offset: dict[str, Any]
    """The escalation's distance from the deadline, such as ``{"service_time": "-PT30M"}``."""
    held_by: str | None = None
    """The team that holds the ticket, or the person if there is no team."""
