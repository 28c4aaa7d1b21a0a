"""What monitor-svc publishes of the clocks of tickets, each turn with the terms the clock runs by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMoved:
    """What every change of a ticket's clock carries."""

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
    """An import was still loading history of the ticket's source."""
    import_id: str | None = None
    """The import whose history this tells of; ``ImportJudged`` follows."""
    catch_up: int | None = None
    """The version that catches up with what was recorded before it was signed; ``AgreementCaughtUp`` follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStarted(ClockMoved):
    """A ticket's clock for a target began to run."""

    past_due: bool = False
    """The target came to apply when its deadline had passed: no breach is told, unless the terms say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPaused(ClockMoved):
    """The ticket entered a state in which the clock does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockResumed(ClockMoved):
    """The clock runs again, its deadline moved by the paused time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStopped(ClockMoved):
    """The ticket reached the clock's stop: met, or completed late."""

    elapsed_calendar_seconds: int
    elapsed_service_seconds: int
    net_calendar_seconds: int = 0
    """Without any waiting, also that which began after the deadline."""
    net_service_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCancelled(ClockMoved):
    """The target no longer applies to the ticket, or the ticket was cancelled: neither met nor breached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWarned(ClockMoved):
    """A share of the clock's duration is used up while it runs; its deadline is still ahead."""

    threshold: str
    """Percent of the duration: ``75``."""
    time_left_seconds: int
    """To the deadline, in the clock's own measure."""
    held_by: str | None = None
    """The team, or else the person, that holds the ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDeadlineMoved(ClockMoved):
    """The deadline of a clock that goes on is another one, though no pause has ended: a correction, a date of the
    ticket, or amended terms."""

    previous_deadline_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEscalated(ClockMoved):
    """The instant of an agreed escalation has come, and the clock has not stopped."""

    level: str
    """``functional`` | ``hierarchical``."""
    to: str | None
    """Who is called upon, where the terms say it."""
    offset: dict[str, Any]
    """From the deadline, with its meaning: ``{"service_time": "-PT30M"}``."""
    held_by: str | None = None
