"""The state of a partition as the store loads it, and the parts of that state which its evaluators share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion
from slm_monitor.domain.facts.facts import MeasuredValues
from slm_monitor.domain.lifecycle.target_state import NO_MINUTE, Breach, Risk, TargetWindow


@dataclass(frozen=True, slots=True)
class ImportHold:
    """An import that is loading history. The time before ``through`` of its indicators and sources is not evaluated
    yet.

    ``release``: None while the import is open; afterwards ``topic:partition`` of the intake → position behind the
    import's last fact.
    """

    import_id: str
    owner_party_id: str
    indicators: frozenset[str]
    sources: frozenset[str]
    through: UtcMicroseconds
    expires_at: UtcMicroseconds
    latest_end: UtcMicroseconds = 2**62
    """The instant (µs) at which the import expires even if facts keep arriving."""
    release: Mapping[str, int] | None = None
    is_evaluated_here: bool = False
    """Whether this partition has evaluated the import's indicators and tickets."""
    is_evaluated_everywhere: bool = False
    """Whether all partitions have evaluated the import's indicators and tickets, so that derived targets may be
    evaluated."""

    def covers(self, subject: str) -> bool:
        """Return whether an indicator or a ticket (``<owner>/<source>/<number>``) waits for this import."""
        owner, _, rest = subject.partition("/")
        if owner != self.owner_party_id:
            return False
        source, slash, _ = rest.partition("/")
        return (source in self.sources) if slash else (rest in self.indicators)


@dataclass(slots=True)
class AgreementCatchUp:
    """How far one partition has evaluated earlier facts by a newly signed agreement version."""

    agreement_id: str
    version: int
    begun_at: UtcMicroseconds
    """The instant at which the terms arrived, in installation time. Timers due by then belong to the recorded past."""
    is_evaluated_here: bool = False
    """Whether this partition has evaluated the indicators and tickets of the version."""
    is_evaluated_everywhere: bool = False
    """Whether all partitions have evaluated the version's indicators and tickets, so that derived targets may be
    evaluated."""

    @property
    def key(self) -> tuple[str, int]:
        return self.agreement_id, self.version


@dataclass(frozen=True, slots=True)
class AgreementTerms:
    """An agreement as monitor-svc knows it: the content of each version's AgreementFinalized, and the instant of an
    early end.
    """

    agreement_id: str
    versions: Sequence[Mapping[str, Any]]
    ended_at: UtcMicroseconds | None


@dataclass(slots=True)
class AccumulatorState:
    """The accumulators of one target, as a checkpoint stores them.

    ``fingerprint``: text that identifies the terms and exclusions with which the accumulators were made.
    ``windows``: window id → [start, sums, raw sums]. Raw sums ignore exclusions. The form of the sums depends on the
    aggregation.
    """

    fingerprint: str
    windows: Mapping[str, Sequence[Any]]
    measured: Sequence[Any] | None = None
    """The minutes near measurements, as ``MeasuredTime`` writes them; None in a checkpoint of an older version."""


@dataclass(slots=True)
class SeriesCheckpoint:
    """The state of a series that is stored beside its rows: the accumulators of each target, and for each rolling
    window the last evaluated minute.
    """

    high_water: int
    tallies: dict[str, AccumulatorState] = field(default_factory=dict)
    judged_to: dict[str, int] = field(default_factory=dict)

    def last_minute(self, target_id: str, window_id: str) -> int:
        """Return the last evaluated minute of a target's window; NO_MINUTE if none is stored."""
        return self.judged_to.get(f"{target_id} {window_id}", NO_MINUTE)


@dataclass(slots=True)
class LoadedPartition:
    """A partition as loaded from the store, with the facts accepted after its checkpoint."""

    number: int
    epoch: int
    positions: dict[str, int]
    watermark: UtcMicroseconds
    agreements: Sequence[AgreementTerms]
    windows: Sequence[TargetWindow]
    breaches: Sequence[Breach]
    risks: Sequence[Risk]
    series: Mapping[str, SeriesCheckpoint]
    blobs: Sequence[tuple[MeasuredValues, int]]
    """Rows that are not in the record yet, each with the instant at which they were received."""
    blob_seq: int
    saved_blob: int
    holds: Sequence[ImportHold]
    waiting_tickets: frozenset[str]
    """The tickets that must be evaluated, and those of which an import holds some time."""
    ticket_dues: Sequence[tuple[str, int]]
    exclusions: Sequence[ApprovedExclusion] = ()
    """The approved exclusions of all agreements."""
    watched: Sequence[str] = ()
    """The indicators of all partitions that have a ``stale_after``."""
    silences: Mapping[str, int] = field(default_factory=dict)
    """The indicators of this partition that were published as stale → since when (µs)."""
    unjudgeable: Mapping[str, str] = field(default_factory=dict)
    """Failed target → reason."""
    overturned: Collection[str] = ()
    """The ids of the breaches that a dispute overturned."""
    record_starts: Mapping[str, int] = field(default_factory=dict)
    """Indicator of any partition → the instant from which its record is complete. Only indicators whose older facts
    were deleted are listed.
    """
    catch_ups: Sequence[AgreementCatchUp] = ()
    """The catch-ups whose terms have arrived in this partition, and that this partition has not finished."""
