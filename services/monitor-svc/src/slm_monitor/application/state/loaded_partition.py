"""The state of a partition as the store loads it, and the parts that its evaluators share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_monitor.domain.exclusions.maintenance_rules import Exclusion
from slm_monitor.domain.facts.facts import MeasuredValues
from slm_monitor.domain.lifecycle.target_state import Breach, Risk, Window


@dataclass(frozen=True, slots=True)
class Hold:
    """An import that is loading history. The indicators and sources that it names are not evaluated before ``through``.

    ``release`` is None while the import is open; afterwards it holds the intake positions up to which its facts
    reach.
    """

    import_id: str
    owner_party_id: str
    indicators: frozenset[str]
    sources: frozenset[str]
    through: int
    expires_at: int
    latest_end: int = 2**62
    """The instant at which the import ends by itself even if facts keep arriving."""
    release: Mapping[str, int] | None = None
    is_evaluated_here: bool = False
    """Whether the partition that reads this has evaluated the import's indicators and tickets."""
    is_evaluated_everywhere: bool = False
    """Whether all partitions have evaluated the import's indicators and tickets, so that derived targets may be
    evaluated."""

    def covers(self, subject: str) -> bool:
        """Whether an indicator or a ticket (``<owner>/<source>/<number>``) waits for this import."""
        owner, _, rest = subject.partition("/")
        if owner != self.owner_party_id:
            return False
        source, slash, _ = rest.partition("/")
        return (source in self.sources) if slash else (rest in self.indicators)


@dataclass(slots=True)
class CatchUp:
    """The evaluation of the recorded past by a newly signed version, as one partition sees it."""

    agreement_id: str
    version: int
    begun_at: int
    """The instant at which the terms arrived, installation time. Timers due by then belong to the recorded past."""
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
    """An agreement as monitor-svc knows it: the AgreementFinalized of each version, and the instant of an early end."""

    agreement_id: str
    versions: Sequence[Mapping[str, Any]]
    ended_at: int | None


@dataclass(slots=True)
class AccumulatorState:
    """The accumulators of one target, as a checkpoint stores them.

    ``fingerprint`` is of the terms and exclusions that they were made with. ``windows``: window id → [start, sums, sums
    without regard to exclusions]; the form of the sums depends on the aggregation.
    """

    fingerprint: str
    windows: Mapping[str, Sequence[Any]]


@dataclass(slots=True)
class SeriesCheckpoint:
    """The state of a series that is kept beside its rows: the accumulators of each of its targets, and for each rolling
    window the last minute that was evaluated."""

    high_water: int
    tallies: dict[str, AccumulatorState] = field(default_factory=dict)
    judged_to: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class LoadedPartition:
    """A partition as loaded from the store, with the facts accepted after its checkpoint."""

    number: int
    epoch: int
    positions: dict[str, int]
    watermark: int
    agreements: Sequence[AgreementTerms]
    windows: Sequence[Window]
    breaches: Sequence[Breach]
    risks: Sequence[Risk]
    series: Mapping[str, SeriesCheckpoint]
    blobs: Sequence[tuple[MeasuredValues, int]]
    """Pairs of rows and the instant at which they were received."""
    blob_seq: int
    saved_blob: int
    holds: Sequence[Hold]
    waiting_tickets: frozenset[str]
    """The tickets that must be evaluated, and those of which an import holds a part."""
    ticket_dues: Sequence[tuple[str, int]]
    exclusions: Sequence[Exclusion] = ()
    """The approved exclusions of all agreements."""
    watched: Sequence[str] = ()
    """The indicators with a ``stale_after``, of all partitions."""
    silences: Mapping[str, int] = field(default_factory=dict)
    """The indicators of this partition that were published as stale → since when."""
    unjudgeable: Mapping[str, str] = field(default_factory=dict)
    """Failed target → reason."""
    overturned: Collection[str] = ()
    """The ids of the breaches that a dispute overturned."""
    record_starts: Mapping[str, int] = field(default_factory=dict)
    """Indicator → the instant from which on the record is complete, where older facts were deleted; of all
    partitions."""
    catch_ups: Sequence[CatchUp] = ()
    """The catch-ups whose terms have arrived in this partition, and that it has not finished."""
