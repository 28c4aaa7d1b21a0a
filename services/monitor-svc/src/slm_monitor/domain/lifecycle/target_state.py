"""Published results: windows, breaches, risks, tickets and clocks, and the changes that one step makes to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.terms.terms_history import FigureHistory

OPEN_ENDED = 2**62
"""An instant later than any other: the end of a run of missed minutes that has not recovered."""


NO_MINUTE = -1
"""A minute before all others, which are numbered since 1970."""


@dataclass(frozen=True, slots=True)
class WindowAdjustment:
    """The result that later facts would give an accepted window, as last published. ``number`` counts these results."""

    number: int
    verdict: str
    figure: str | None


@dataclass(slots=True)
class TargetWindow:
    """One window of one target with its last result. ``good`` and ``total`` are microseconds or counts.

    ``figure`` is the exact figure as text, ``display`` the rounded one; ``as_of`` is the instant up to which facts were
    known.
    """

    target_id: str
    window_id: str
    version: int
    start: UtcMicroseconds
    end: UtcMicroseconds
    verdict: str = "no_data"
    good: int = 0
    total: int = 0
    figure: str | None = None
    display: str = "–"
    detail: dict[str, Any] = field(default_factory=dict)
    closed_at: UtcMicroseconds | None = None
    revision: int = 0
    as_of: UtcMicroseconds = 0
    judged_to: int = NO_MINUTE
    """The last evaluated minute of a rolling window, numbered since 1970; NO_MINUTE if no minute is evaluated yet, and
    for other windows.
    """
    frozen_at: UtcMicroseconds | None = None
    """When both parties accepted the window; its result does not change after that."""
    adjusted: WindowAdjustment | None = None


@dataclass(slots=True)
class Breach:
    """A published breach. ``standing`` is False once the breach is withdrawn. ``until`` is when a rolling target
    recovered.
    """

    breach_id: str
    target_id: str
    agreement_id: str
    version: int
    window_id: str
    level: str
    ordinal: int
    certain_at: UtcMicroseconds
    published_at: UtcMicroseconds
    provider_party_id: str
    customer_party_id: str
    service_id: str
    standing: bool = True
    revision: int = 0
    until: UtcMicroseconds | None = None
    subject: str = ""
    """The subject of the indicator or ticket that the breach is about."""
    document: dict[str, Any] = field(default_factory=dict)
    """The last published event of the breach."""
    pending: dict[str, Any] | None = None
    """Fields of a rolling breach that changed while its first minute was not over. They are published when that minute
    is over.
    """


@dataclass(slots=True)
class Risk:
    """A published warning. ``standing`` is False once the warning has cleared; ``opened_at`` is
    when it first opened.
    """

    risk_id: str
    target_id: str
    agreement_id: str
    window_id: str
    cause: str
    threshold: str
    opened_at: UtcMicroseconds
    provider_party_id: str
    customer_party_id: str
    service_id: str
    standing: bool = True
    cleared_at: UtcMicroseconds | None = None
    outcome: str | None = None
    revision: int = 0
    again_until: UtcMicroseconds | None = None
    """A warning that returns before this instant reopens; later, it is a new warning."""
    document: dict[str, Any] = field(default_factory=dict)
    """The published event. If it is empty, the event is not in memory, and the stored document is kept."""


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event to publish. ``event_id`` is set if the id is derived from the event's subject, so that a replay does not
    publish the event twice.
    """

    event: Any
    at: UtcMicroseconds
    event_id: str | None = None


@dataclass(slots=True)
class EvaluationChanges:
    """Everything that one evaluation step changes, committed together with the facts that caused it."""

    events: list[OutgoingEvent] = field(default_factory=list)
    windows: dict[tuple[str, str], TargetWindow] = field(default_factory=dict)
    breaches: dict[str, Breach] = field(default_factory=dict)
    risks: dict[str, Risk] = field(default_factory=dict)
    clocks: dict[tuple[str, str, int], TicketClock] = field(default_factory=dict)
    instances: list[FigureTarget] = field(default_factory=list)
    """Instances of targets with ``group_by`` that a new label value has created."""
    tickets: dict[str, TicketState] = field(default_factory=dict)
    dropped_windows: set[tuple[str, str]] = field(default_factory=set)
    """(target, window) of rows to delete, because the changed terms have no such window."""
    dropped_clocks: set[tuple[str, str, int]] = field(default_factory=set)
    """(target, ticket, ordinal) of rows to delete, because later facts show that the clock never existed."""

    unjudgeable: dict[str, str | None] = field(default_factory=dict)
    """Target id → why the target cannot be evaluated; None if it can be evaluated again."""
    mark: Mapping[str, Any] = field(default_factory=dict)
    """Fields about an import that are added to every event published with these changes."""

    def publish(self, event: Any, at: UtcMicroseconds, event_id: str | None = None) -> None:
        self.events.append(OutgoingEvent(replace(event, **self.mark) if self.mark else event, at, event_id))

    def add(self, other: EvaluationChanges) -> None:
        """Merge other changes into these."""
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
    """The state of a clock as last published. ``risks`` are (threshold, id) of its open risks."""

    state: str = ""
    deadline_at: UtcMicroseconds = 0
    warned: tuple[str, ...] = ()
    escalated: tuple[int, ...] = ()
    risks: tuple[tuple[str, str], ...] = ()
    started_at: UtcMicroseconds | None = None


@dataclass(frozen=True, slots=True)
class InconsistentTicket:
    """A ticket whose events contradict each other, so that none of its clocks is evaluated.

    In each window that contains ``at``, the ticket is counted among the tickets that could not be evaluated.
    ``targets`` are the ids of the targets that would apply to the ticket.
    """

    reason: str
    at: UtcMicroseconds
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TicketState:
    """The state of a ticket by all facts known. ``due_at`` is the instant of its next timer; None if there is none."""

    subject: str
    due_at: UtcMicroseconds | None
    type: str | None = None
    priority: str | None = None
    state: str | None = None
    held_by: str | None = None
    opened_at: UtcMicroseconds | None = None
    last_at: UtcMicroseconds | None = None
    ended_at: UtcMicroseconds | None = None
    unmatched_cause: str | None = None
    """Why no agreement with a customer covers the ticket, or why no agreement evaluates it; otherwise None."""
    unjudgeable: tuple[tuple[str, str, str], ...] = ()
    """The ticket's clocks that cannot be evaluated: (kind of clock, reason, agreement id)."""
    team: str | None = None
    inconsistent: InconsistentTicket | None = None
    readers: Mapping[str, str] = field(default_factory=dict)
    """The other parties that are shown the ticket: party id → how much of it, ``whole`` or ``projected``."""


@dataclass(frozen=True, slots=True)
class TicketClock:
    """A clock with the ticket that it belongs to. ``due_at`` is the instant of its next timer; None
    if there is none.
    """

    owner_party_id: str
    source: str
    ticket: str
    clock: TicketClockState
    due_at: UtcMicroseconds | None
    published: PublishedClock = field(default_factory=lambda: PublishedClock())
    at_risk_at: UtcMicroseconds | None = None
    """The instant from which the clock is at risk; None if it is not running."""
    excused: bool = False
    """Whether the decision on a dispute annulled the clock's breach, so that the clock counts as met."""

    @property
    def since(self) -> UtcMicroseconds:
        """The earliest instant from which this clock may differ from its published state.

        It can be earlier than the clock's start: if the clock was past due when its target began to apply, the deadline
        lies before the start.
        """
        known = [self.clock.started_at, self.published.started_at, self.clock.breached_at]
        if self.published.state:
            known.append(self.published.deadline_at)
        return min(at for at in known if at is not None)

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.clock.target.target_id, f"{self.owner_party_id}/{self.source}/{self.ticket}", self.clock.ordinal)


@dataclass(slots=True)
class TargetState:
    """One target with its windows, breaches and risks as last published."""

    line: FigureHistory
    windows: dict[str, TargetWindow] = field(default_factory=dict)
    breaches: dict[str, Breach] = field(default_factory=dict)
    risks: dict[str, Risk] = field(default_factory=dict)
    overturned: Collection[str] = ()
    """The ids of all breaches, whatever their target, that the decision on a dispute annulled."""
    record_begins_at: UtcMicroseconds | None = None
    """The instant from which the store has all facts; None if no fact was ever deleted."""

    @property
    def target_id(self) -> str:
        return self.line.latest.target_id

    def is_beyond_record(self, window: TargetWindow) -> bool:
        """Whether a closed window must not change any more, because some of its facts were deleted."""
        begins_at = self.record_begins_at
        return begins_at is not None and window.closed_at is not None and window.start < begins_at

    def open_risks(self, window_id: str) -> list[Risk]:
        return [risk for risk in self.risks.values() if risk.standing and risk.window_id == window_id]


@dataclass(frozen=True, slots=True)
class EvaluationMoment:
    """The instants that belong to one evaluation: up to when facts have arrived, and when results are published.

    All facts up to ``as_of`` have arrived, and ``now`` is the instant of publishing. If ``through`` is given, an import
    is loading history, and the time before ``through`` is not evaluated yet. If ``import_id`` is given, the history
    that this import loaded is evaluated now.
    """

    as_of: UtcMicroseconds
    now: UtcMicroseconds
    cause: str = "fact"
    through: UtcMicroseconds | None = None
    import_id: str | None = None

    @property
    def mark(self) -> dict[str, Any]:
        """Return the fields about an import that every event of this evaluation gets."""
        if self.through is not None:
            return {"importing": True}
        return {} if self.import_id is None else {"import_id": self.import_id}
