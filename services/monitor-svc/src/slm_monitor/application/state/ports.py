"""Ports of the evaluators: the store that keeps facts, results and positions together, and the rows that cross it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from slm_chassis.log.port import Record, StoredRecord
from slm_monitor.domain.exclusions.maintenance_rules import Exclusion
from slm_monitor.domain.facts.facts import Fact, MeasuredValues
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.lifecycle.target_state import Breach, Changes, PublishedClock, Risk, Window
from slm_monitor.domain.rolling.missed_runs import MissedRun
from slm_monitor.domain.rolling.rolling_derived import EndedClock
from slm_monitor.domain.series.hour_buckets import Chunk


class NotOwner(Exception):
    """Another worker has taken the partition over. The receiver must drop the partition at once."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A message to a partition.

    ``kind`` is terms | hold | release | derive | caught_up | exclusion | derived | accepted | dispute | record |
    sources.
    """

    seq: int
    partition: int
    kind: str
    ref: Mapping[str, Any]


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
class PendingDependencies:
    """The terms and tickets that some partition has not evaluated yet; derived targets made of them must wait.

    ``ticket_owners``: the parties some of whose tickets are still to be evaluated.
    """

    has_terms: bool = False
    ticket_owners: frozenset[str] = frozenset()


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


@dataclass(frozen=True, slots=True)
class DependencyChange:
    """A derived target must be evaluated again from an instant on: a message to the partition of that target."""

    partition: int
    target_id: str
    since: int


@dataclass(frozen=True, slots=True)
class MemberWindow:
    """A window of a member target. ``breached_at``: when its breach became certain; None if it has no breach in
    force."""

    verdict: str
    figure: str | None
    closed_at: int | None
    breached_at: int | None


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


class Quarantine(Protocol):
    """The place for facts that are kept but not evaluated."""

    async def set_aside(self, facts: Sequence[QuarantineEntry]) -> None: ...


class EvaluationStore(Protocol):
    """The store of a partition's state. Every write is fenced by the partition's epoch and raises NotOwner if it is
    outdated."""

    async def take_over(self, partition: int) -> LoadedPartition:
        """Become the owner, with the next epoch, and load everything."""
        ...

    async def reload(self, partition: int, epoch: int) -> LoadedPartition:
        """Load everything again as the same owner. Raises NotOwner."""
        ...

    async def sources_aside(self) -> Mapping[tuple[str, str, str], str]:
        """The sources that are set aside: (party, topic, source) → reason."""
        ...

    async def present(self) -> int:
        """The database's clock as installation time, µs. Timers fire by it, because clocks of replicas differ."""
        ...

    async def inbox(self, partitions: Sequence[int]) -> Sequence[InboxRow]: ...

    async def agreement(self, agreement_id: str) -> AgreementTerms: ...

    async def hold(self, import_id: str, partition: int) -> Hold | None:
        """The hold of an import as a partition sees it; None if there is none."""
        ...

    async def catch_ups(self, agreement_id: str, partition: int) -> Sequence[CatchUp]:
        """The versions of an agreement that a partition has not caught up with."""
        ...

    async def exclusions(self, agreement_id: str) -> Sequence[Exclusion]:
        """The exclusions of an agreement that are approved and not revoked."""
        ...

    async def facts(self, subjects: Sequence[str]) -> Mapping[str, dict[str, Fact]]:
        """Subject → key → fact: all facts of these indicators or tickets that are kept one by one."""
        ...

    async def known(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Fact]:
        """Those of these (subject, key) under which a fact is kept by itself, with that fact."""
        ...

    async def facts_between(self, subject: str, start: int, end: int) -> Sequence[Fact]:
        """The facts of an indicator that are kept one by one and whose instant lies in ``[start, end)``."""
        ...

    async def readings(self, stream: str, first: int, last: int) -> Sequence[Fact]:
        """The counter readings of a stream with an instant from ``first`` to ``last``, with the one before and the one
        after."""
        ...

    async def hours(self, subject: str, hours: Sequence[int]) -> Mapping[int, list[Chunk]]:
        """Hour since 1970 → recorded rows of a series, for those of the given hours that have any."""
        ...

    async def ticket_states(
        self, tickets: Sequence[str]
    ) -> tuple[Mapping[str, dict[tuple[str, str, int], PublishedClock]], Mapping[str, dict[str, Breach]]]:
        """By ticket: its clocks as last published, and its breaches."""
        ...

    async def tickets_of(self, owner_party_id: str, partition: int) -> Sequence[str]: ...

    async def indicator(self, subject: str) -> Indicator | None: ...

    async def last_signals(self, subjects: Sequence[str]) -> Mapping[str, tuple[int, int | None]]:
        """Indicator with a ``stale_after`` → that duration in µs, and the instant of its last signal."""
        ...

    async def member_windows(
        self, target_ids: Sequence[str], window_ids: Sequence[str]
    ) -> Mapping[tuple[str, str], MemberWindow]:
        """(target, window id) → window of a member, in whichever partition it lies."""
        ...

    async def member_runs(self, target_ids: Sequence[str], window_id: str) -> Mapping[str, Sequence[MissedRun]]:
        """Target → the runs of minutes in which it missed its objective over a rolling window, according to its
        breaches."""
        ...

    async def clocks_ended(self, target_ids: Sequence[str], span: tuple[int, int], as_of: int) -> Sequence[EndedClock]:
        """The clocks of these targets that ended within a span, as known at ``as_of``."""
        ...

    async def tickets_inconsistent(self, target_ids: Sequence[str], spans: Sequence[tuple[int, int]]) -> Sequence[int]:
        """For each span, the number of tickets under these targets whose events contradict each other, so that none is
        evaluated."""
        ...

    async def tickets_ended(
        self, target_ids: Sequence[str], spans: Sequence[tuple[int, int]], as_of: int
    ) -> Sequence[tuple[int, int]]:
        """For each span: the number of tickets with a clock of these targets that ended in it (stopped or breached) by
        ``as_of``, and how many of those met every one."""
        ...

    async def taken(self) -> Mapping[tuple[str, int], int]:
        """(topic, partition) → the position up to which that partition has taken in the intake."""
        ...

    async def behind(self) -> PendingDependencies:
        """The terms and tickets that some partition has not evaluated yet."""
        ...

    async def commit(self, partition: int, epoch: int, step: PartitionStep) -> int | None:
        """Commit a step; return the sequence number of its blob of rows, or None without one. Raises NotOwner."""
        ...

    async def checkpoint(self, partition: int, epoch: int, checkpoint: Checkpoint) -> None:
        """Commit a checkpoint. Raises NotOwner."""
        ...
