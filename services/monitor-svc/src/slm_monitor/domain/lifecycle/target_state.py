"""What stands: windows, breaches and risks as they were last established, and what a judgement changes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slm_monitor.domain.clocks.clock_replay import Clock
from slm_monitor.domain.terms.terms import ServiceLevelTarget

OPEN_ENDED = 2**62
"""The end of a run of minutes that has not recovered."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What later facts would make of a window that both parties accepted, as it was last told."""

    number: int
    status: str
    figure: str | None


@dataclass(slots=True)
class Window:
    """One target's window: its figure as last established. ``good`` and ``total`` are microseconds or counts."""

    target_id: str
    window_id: str
    version: int
    start: int
    end: int
    status: str = "no_data"
    good: int = 0
    total: int = 0
    figure: str | None = None
    display: str = "–"
    detail: dict[str, Any] = field(default_factory=dict)
    closed_at: int | None = None
    revision: int = 0
    as_of: int = 0
    judged_to: int | None = None
    """The last minute judged, of a rolling window."""
    frozen_at: int | None = None
    """When both parties accepted it: from then on it stays as it is."""
    adjusted: Adjustment | None = None


@dataclass(slots=True)
class Breach:
    """A breach that was published; ``standing`` False once withdrawn. ``until`` is when a rolling one recovered."""

    breach_id: str
    target_id: str
    agreement_id: str
    version: int
    window_id: str
    level: str
    ordinal: int
    certain_at: int
    published_at: int
    provider_party_id: str
    customer_party_id: str
    service_id: str
    standing: bool = True
    revision: int = 0
    until: int | None = None
    subject: str = ""
    """The indicator or ticket it came from."""
    document: dict[str, Any] = field(default_factory=dict)
    """The event as published last."""
    pending: dict[str, Any] | None = None
    """What facts have moved of a rolling breach whose first minute is not over: told once it is."""


@dataclass(slots=True)
class Risk:
    """A warning that was published; ``standing`` until cleared. ``opened_at``: when it was first opened."""

    risk_id: str
    target_id: str
    agreement_id: str
    window_id: str
    cause: str
    threshold: str
    opened_at: int
    provider_party_id: str
    customer_party_id: str
    service_id: str
    standing: bool = True
    cleared_at: int | None = None
    outcome: str | None = None
    revision: int = 0
    again_until: int | None = None
    """A warning that cleared, and comes back before this instant, is the same one: it reopens."""
    document: dict[str, Any] = field(default_factory=dict)
    """As it was published; empty where it is only known that it was: it stays as it is stored."""


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event to publish. ``event_id`` is fixed where the event follows from a breach: replays publish it once."""

    event: Any
    at: int
    event_id: str | None = None


@dataclass(slots=True)
class Changes:
    """All that one step of the judge changes, to be committed with the facts that caused it."""

    events: list[OutgoingEvent] = field(default_factory=list)
    windows: dict[tuple[str, str], Window] = field(default_factory=dict)
    breaches: dict[str, Breach] = field(default_factory=dict)
    risks: dict[str, Risk] = field(default_factory=dict)
    clocks: dict[tuple[str, str, int], TicketClock] = field(default_factory=dict)
    instances: list[ServiceLevelTarget] = field(default_factory=list)
    """Targets that a label value heard for the first time has brought."""
    tickets: dict[str, TicketState] = field(default_factory=dict)
    dropped_windows: set[tuple[str, str]] = field(default_factory=set)
    """(target, window): rows to delete, as other terms have undone them."""
    dropped_clocks: set[tuple[str, str, int]] = field(default_factory=set)
    """(target, ticket, ordinal): rows to delete, as later news of the ticket have undone them."""

    unjudgeable: dict[str, str | None] = field(default_factory=dict)
    """Target → why it cannot be judged; None: it is judged again."""
    mark: Mapping[str, Any] = field(default_factory=dict)
    """Fields of every event published here: what it says of an import."""

    def publish(self, event: Any, at: int, event_id: str | None = None) -> None:
        self.events.append(OutgoingEvent(replace(event, **self.mark) if self.mark else event, at, event_id))

    def add(self, other: Changes) -> None:
        """Take up what was changed apart."""
        self.events += other.events
        self.instances += other.instances
        for name in _KEPT_APART:
            getattr(self, name).update(getattr(other, name))


_KEPT_APART = (
    "windows",
    "breaches",
    "risks",
    "clocks",
    "tickets",
    "dropped_windows",
    "dropped_clocks",
    "unjudgeable",
)


@dataclass(frozen=True, slots=True)
class PublishedClock:
    """What was published of a clock, so that nothing is told twice. ``risks``: (threshold, id) of those that stand."""

    state: str = ""
    deadline_at: int = 0
    warned: tuple[str, ...] = ()
    escalated: tuple[int, ...] = ()
    risks: tuple[tuple[str, str], ...] = ()
    started_at: int | None = None


@dataclass(frozen=True, slots=True)
class InconsistentTicket:
    """A ticket whose events contradict each other: none of its clocks is judged. ``at``: in the window of which instant
    it counts, in the coverage alone; ``targets``: those that would have judged it."""

    reason: str
    at: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TicketState:
    """What a ticket is like by all that is known of it. ``unjudgeable``: what of it cannot be worked out, and why."""

    subject: str
    due_at: int | None
    type: str | None = None
    priority: str | None = None
    state: str | None = None
    held_by: str | None = None
    opened_at: int | None = None
    last_at: int | None = None
    ended_at: int | None = None
    unmatched_because: str | None = None
    """Why no agreement with a customer judges it."""
    unjudgeable: tuple[tuple[str, str, str], ...] = ()
    """(clock, reason, agreement)."""
    team: str | None = None
    inconsistent: InconsistentTicket | None = None
    readers: Mapping[str, str] = field(default_factory=dict)
    """The other parties that see it, each with how much of it."""


@dataclass(frozen=True, slots=True)
class TicketClock:
    """A clock with the ticket it belongs to. ``due_at``: when a timer has to look at it again; None: never."""

    owner_party_id: str
    source: str
    ticket: str
    clock: Clock
    due_at: int | None
    told: PublishedClock = field(default_factory=lambda: PublishedClock())
    at_risk_at: int | None = None
    """Since when the clock warns."""
    excused: bool = False
    """Whether a dispute decided that its breach was none: it counts as met."""

    @property
    def since(self) -> int:
        """The earliest instant at which the clock is another one than it was taken for. One that was past due when it
        was attached ended before it began."""
        known = [self.clock.started_at, self.told.started_at, self.clock.breached_at]
        if self.told.state:
            known.append(self.told.deadline_at)
        return min(at for at in known if at is not None)

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.clock.target.target_id, f"{self.owner_party_id}/{self.source}/{self.ticket}", self.clock.ordinal)
