"""The changes that a step of a partition commits, and the content of its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slm_chassis.log.port import Record, StoredRecord
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.loaded_partition import SeriesCheckpoint
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, TargetWindow
from slm_monitor.domain.series.hour_buckets import HourChunk

JUDGED, WAITING, HELD = "judged", "waiting", "held"
"""The evaluation status of a ticket: evaluated, waiting, or HELD if an import holds some of its time."""


@dataclass(slots=True)
class ImportEffect:
    """How many windows, clocks and breach events of one agreement were published because of one import."""

    provider_party_id: str
    customer_party_id: str
    windows_closed: int = 0
    windows_restated: int = 0
    clocks_ended: int = 0
    breach_events: int = 0


@dataclass(frozen=True, slots=True)
class DependencyChangeMessage:
    """A message to the partition of a derived target: the target must be evaluated again from an instant on."""

    partition: int
    target_id: str
    since: UtcMicroseconds


@dataclass(slots=True)
class QuarantineEntry:
    """A fact to put into the quarantine, with the reason."""

    owner_party_id: str | None
    subject: str
    reason: str
    fact: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SuspendedSource:
    """A party's source that is suspended: what it sends is quarantined until somebody resumes it."""

    owner_party_id: str
    topic: str
    source: str
    reason: str


@dataclass(slots=True)
class DeadLetterRecord:
    """A record that could not be evaluated, with the reason and the number of attempts."""

    record: StoredRecord
    reason: str
    attempts: int


@dataclass(slots=True)
class PartitionStepChanges:
    """Everything that one step of a partition commits, in one transaction."""

    expected: dict[str, int]
    positions: dict[str, int]
    watermark: UtcMicroseconds = 0
    """All facts up to this instant have arrived and been evaluated. The watermark never goes back."""
    received_at: UtcMicroseconds = 0
    """The instant at which the step's facts were received. "As known at T" means the facts received by T."""
    facts: list[Fact] = field(default_factory=list)
    blob: MeasuredValues | None = None
    inbox: list[int] = field(default_factory=list)
    changes: EvaluationChanges = field(default_factory=EvaluationChanges)
    tickets: dict[str, str] = field(default_factory=dict)
    """Ticket → JUDGED, WAITING, or HELD if an import holds some of its time."""
    forwards: list[tuple[str, int, Record]] = field(default_factory=list)
    """(topic, partition, record): rows that arrived on a partition to which their subject does not belong."""
    quarantined: list[QuarantineEntry] = field(default_factory=list)
    dead: list[DeadLetterRecord] = field(default_factory=list)
    sources: list[SuspendedSource] = field(default_factory=list)
    """Sources that this step suspends."""
    recounted: dict[str, int] = field(default_factory=dict)
    """Series whose accumulators in the checkpoint are outdated → instant of the latest fact. After a crash their
    accumulators are made again from the record.
    """
    redriven: list[str] = field(default_factory=list)
    """Dead letters whose records were sent again and are evaluated in this step."""
    released: list[str] = field(default_factory=list)
    """Imports of which this partition has evaluated all indicators and tickets."""
    derived: list[str] = field(default_factory=list)
    """Imports whose derived targets this partition has evaluated too."""
    expired: list[str] = field(default_factory=list)
    """Imports that expire with this step."""
    extended: dict[str, int] = field(default_factory=dict)
    """Imports for which facts have arrived → the new instant at which they expire."""
    touched: dict[tuple[str, str], ImportEffect] = field(default_factory=dict)
    """(import, agreement) → the number of results published because of the import."""
    caught_up: list[tuple[str, int]] = field(default_factory=list)
    """(agreement, version) whose terms this partition has applied to the past of its own indicators and tickets."""
    caught_up_derived: list[tuple[str, int]] = field(default_factory=list)
    """(agreement, version) whose terms this partition has also applied to the past of its derived targets."""
    catch_up_breaches: dict[tuple[str, int], int] = field(default_factory=dict)
    """(agreement, version) → number of events of breaches and risks published in its catch-up."""
    news: list[DependencyChangeMessage] = field(default_factory=list)
    """Messages to the derived targets whose members this step changed."""
    causes: dict[str, int] = field(default_factory=dict)
    """Indicator with breaches or risks → the first instant at which its states changed. These breaches and risks are
    grouped into causes again.
    """
    silences: dict[str, int | None] = field(default_factory=dict)
    """Indicator → the instant since which it is stale, or None if it sends again."""

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
class PartitionCheckpoint:
    """The part of a partition that is written about once a second: rows of the record, accumulators, and figures.

    ``positions``: topic → position before which all records have been evaluated. A topic that is left out keeps its
    position.
    """

    positions: Mapping[str, int]
    blob_seq: int
    segments: list[tuple[str, int, list[HourChunk]]] = field(default_factory=list)
    series: dict[str, SeriesCheckpoint] = field(default_factory=dict)
    windows: list[TargetWindow] = field(default_factory=list)
    news: list[DependencyChangeMessage] = field(default_factory=list)
