"""What a step of a partition commits, and what its checkpoint writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slm_chassis.log.port import Record, StoredRecord
from slm_monitor.application.state.loaded_partition import SeriesCheckpoint
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.lifecycle.target_state import Changes, Window
from slm_monitor.domain.series.hour_buckets import Chunk

JUDGED, WAITING, HELD = "judged", "waiting", "held"
"""The evaluation status of a ticket; HELD: a part of it waits for an import."""


@dataclass(slots=True)
class ImportEffect:
    """The number of windows, clocks and breach events of one agreement that were published for one import."""

    provider_party_id: str
    customer_party_id: str
    windows_closed: int = 0
    windows_restated: int = 0
    clocks_ended: int = 0
    breach_events: int = 0


@dataclass(frozen=True, slots=True)
class DependencyChange:
    """A derived target must be evaluated again from an instant on: a message to the partition of that target."""

    partition: int
    target_id: str
    since: int


@dataclass(slots=True)
class QuarantineEntry:
    """A fact in the quarantine, with the reason."""

    owner_party_id: str | None
    subject: str
    reason: str
    fact: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SuspendedSource:
    """A party's source that is set aside: what it sends is quarantined until somebody resumes it."""

    owner_party_id: str
    topic: str
    source: str
    reason: str


@dataclass(slots=True)
class DeadRecord:
    """A record that could not be evaluated, with the reason and the number of attempts."""

    record: StoredRecord
    reason: str
    attempts: int


@dataclass(slots=True)
class PartitionStep:
    """Everything that one step of a partition commits, in one transaction."""

    expected: dict[str, int]
    positions: dict[str, int]
    watermark: int = 0
    """All facts up to this instant have arrived and been evaluated. The watermark never goes back."""
    received_at: int = 0
    """The instant at which the step's facts were received. "As known at T" means the facts received by T."""
    facts: list[Fact] = field(default_factory=list)
    blob: MeasuredValues | None = None
    inbox: list[int] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    tickets: dict[str, str] = field(default_factory=dict)
    """Ticket → JUDGED, WAITING, or HELD where a part of the ticket waits for an import."""
    forwards: list[tuple[str, int, Record]] = field(default_factory=list)
    """(topic, partition, record): rows that arrived on a partition to which their subject does not belong."""
    quarantined: list[QuarantineEntry] = field(default_factory=list)
    dead: list[DeadRecord] = field(default_factory=list)
    sources: list[SuspendedSource] = field(default_factory=list)
    """Sources that this step sets aside."""
    recounted: dict[str, int] = field(default_factory=dict)
    """Series whose accumulators in the checkpoint are outdated → instant of the latest fact. After a crash they are
    made again from the record."""
    redriven: list[str] = field(default_factory=list)
    """Dead letters whose records were sent again and are evaluated now."""
    released: list[str] = field(default_factory=list)
    """Imports whose indicators and tickets this partition has evaluated to the end."""
    derived: list[str] = field(default_factory=list)
    """Imports whose derived targets this partition has evaluated too."""
    expired: list[str] = field(default_factory=list)
    """Imports that end by themselves with this step."""
    extended: dict[str, int] = field(default_factory=dict)
    """Imports for which facts have arrived → the new instant at which they end by themselves."""
    touched: dict[tuple[str, str], ImportEffect] = field(default_factory=dict)
    """(import, agreement) → the number of results published for it."""
    caught_up: list[tuple[str, int]] = field(default_factory=list)
    """(agreement, version) whose recorded past this partition has evaluated for its indicators and tickets."""
    caught_up_derived: list[tuple[str, int]] = field(default_factory=list)
    """(agreement, version) whose derived targets this partition has evaluated over the recorded past too."""
    catch_up_breaches: dict[tuple[str, int], int] = field(default_factory=dict)
    """(agreement, version) → number of events of breaches and risks published in its catch-up."""
    news: list[DependencyChange] = field(default_factory=list)
    """Messages to derived targets whose members this step changed."""
    silences: dict[str, int | None] = field(default_factory=dict)
    """Indicator → the instant since which it is stale, or None if it no longer is."""

    @property
    def is_empty(self) -> bool:
        changed = self.changes
        return self.expected == self.positions and not (
            self.facts
            or self.blob is not None
            or self.inbox
            or self.tickets
            or self.forwards
            or self.quarantined
            or self.dead
            or self.released
            or self.derived
            or self.expired
            or self.extended
            or changed.events
            or self.caught_up
            or self.caught_up_derived
            or changed.windows
            or changed.breaches
            or changed.risks
            or changed.clocks
            or changed.tickets
            or changed.dropped_windows
            or changed.unjudgeable
            or self.news
            or self.silences
            or self.sources
        )


@dataclass(slots=True)
class Checkpoint:
    """The part of a partition that is written about once a second: rows into the record, accumulators and figures
    beside.

    ``positions``: everything below them has been evaluated; a topic that is left out keeps its position.
    """

    positions: Mapping[str, int]
    blob_seq: int
    segments: list[tuple[str, int, list[Chunk]]] = field(default_factory=list)
    series: dict[str, SeriesCheckpoint] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    news: list[DependencyChange] = field(default_factory=list)
