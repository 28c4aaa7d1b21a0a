"""What the judge needs from the outside: a store that keeps facts, findings and positions together."""

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
    """Another process has taken the partition over: drop it at once."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """Something of elsewhere that a partition has to take into account: ``kind`` is terms | hold | release |
    derive | caught_up | exclusion | derived | accepted | dispute | record."""

    seq: int
    partition: int
    kind: str
    ref: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hold:
    """An import that is loading history: of what it names, judgements of what lies before ``through`` wait.

    ``release`` is None while it is open, then the intake positions up to which its facts reach.
    """

    import_id: str
    owner_party_id: str
    indicators: frozenset[str]
    sources: frozenset[str]
    through: int
    expires_at: int
    latest_end: int = 2**62
    """However much comes, it ends by itself at this instant."""
    release: Mapping[str, int] | None = None
    is_judged_here: bool = False
    """Whether the partition that reads this has judged the import's indicators and tickets."""
    is_everywhere: bool = False
    """Whether all partitions have: targets made of them may be judged."""

    def covers(self, subject: str) -> bool:
        """Whether an indicator or a ticket (``<owner>/<source>/<number>``) waits for it."""
        owner, _, rest = subject.partition("/")
        if owner != self.owner_party_id:
            return False
        source, slash, _ = rest.partition("/")
        return (source in self.sources) if slash else (rest in self.indicators)


@dataclass(slots=True)
class CatchUp:
    """A signed version that is judged over what was recorded before, as a partition sees it."""

    agreement_id: str
    version: int
    begun_at: int
    """When its terms were heard, installation time: what was due by then belongs to the past."""
    is_judged_here: bool = False
    """Whether this partition has judged the indicators and tickets of it."""
    is_everywhere: bool = False
    """Whether all partitions have: targets made of them may be judged."""

    @property
    def key(self) -> tuple[str, int]:
        return self.agreement_id, self.version


JUDGED, WAITING, HELD = "judged", "waiting", "held"
"""How far a ticket is."""


@dataclass(slots=True)
class ImportEffect:
    """How much was published of an agreement for an import."""

    provider_party_id: str
    customer_party_id: str
    windows_closed: int = 0
    windows_restated: int = 0
    clocks_ended: int = 0
    breach_events: int = 0


@dataclass(frozen=True, slots=True)
class PendingDependencies:
    """What targets made of others still have to wait for: terms that some partition has not heard yet, and parties
    (``ticket_owners``) of whose tickets some are still to be judged."""

    has_terms: bool = False
    ticket_owners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AgreementTerms:
    """An agreement as monitor-svc knows it: each version's AgreementFinalized, and the instant it was ended early."""

    agreement_id: str
    versions: Sequence[Mapping[str, Any]]
    ended_at: int | None


@dataclass(slots=True)
class AccumulatorState:
    """A target's sums: window → (good, total), and ``by`` which terms they were counted."""

    by: str
    windows: Mapping[str, tuple[int, int]]


@dataclass(slots=True)
class SeriesCheckpoint:
    """What is kept of a series beside its facts: the sums of each of its targets, and the last minute judged of each
    of their rolling windows."""

    high_water: int
    tallies: dict[str, AccumulatorState] = field(default_factory=dict)
    judged_to: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class LoadedPartition:
    """A partition as the store has it, with the facts accepted after its checkpoint."""

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
    """With the instant of receipt of each."""
    blob_seq: int
    saved_blob: int
    holds: Sequence[Hold]
    waiting_tickets: frozenset[str]
    """Those that are to be judged, and those of which an import holds a part."""
    ticket_dues: Sequence[tuple[str, int]]
    exclusions: Sequence[Exclusion] = ()
    """The approved ones of all agreements."""
    watched: Sequence[str] = ()
    """The indicators that may fall silent, of all partitions."""
    silences: Mapping[str, int] = field(default_factory=dict)
    """Those of this partition that were told silent, and since when."""
    unjudgeable: Mapping[str, str] = field(default_factory=dict)
    """Targets set aside → why."""
    overturned: Collection[str] = ()
    """Breaches that a dispute decided were none."""
    record_starts: Mapping[str, int] = field(default_factory=dict)
    """Indicators of which the record does not hold everything → from when on it does; of all partitions."""
    catch_ups: Sequence[CatchUp] = ()
    """Those whose terms this partition has heard, and that it has not finished."""


@dataclass(frozen=True, slots=True)
class DependencyChange:
    """A target made of others has to be judged anew from an instant on: a row for its partition's inbox."""

    partition: int
    target_id: str
    since: int


@dataclass(frozen=True, slots=True)
class MemberWindow:
    """A window of a target that others are made of; ``breached_at``: when its breach was certain, if it stands."""

    status: str
    figure: str | None
    closed_at: int | None
    breached_at: int | None


@dataclass(slots=True)
class QuarantineEntry:
    """A fact set aside."""

    owner_party_id: str | None
    subject: str
    reason: str
    fact: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SuspendedSource:
    """A party's source that is set aside: what it sends is quarantined until somebody takes it up again."""

    owner_party_id: str
    topic: str
    source: str
    reason: str


@dataclass(slots=True)
class DeadRecord:
    """A record that could not be judged, with why."""

    record: StoredRecord
    reason: str
    attempts: int


@dataclass(slots=True)
class PartitionStep:
    """All that one step of a partition commits, in one transaction."""

    expected: dict[str, int]
    positions: dict[str, int]
    watermark: int = 0
    """All facts up to this instant are in and judged; it never goes back."""
    received_at: int = 0
    """Of its facts: what was known at an instant is what had been received by then."""
    facts: list[Fact] = field(default_factory=list)
    blob: MeasuredValues | None = None
    inbox: list[int] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    tickets: dict[str, str] = field(default_factory=dict)
    """Ticket → JUDGED, WAITING to be, or HELD: a part of it waits for an import."""
    forwards: list[tuple[str, int, Record]] = field(default_factory=list)
    """(topic, partition, record): rows that arrived on another partition than theirs."""
    quarantined: list[QuarantineEntry] = field(default_factory=list)
    dead: list[DeadRecord] = field(default_factory=list)
    sources: list[SuspendedSource] = field(default_factory=list)
    """Sources that are set aside with this step."""
    recounted: dict[str, int] = field(default_factory=dict)
    """Indicators whose sums in the checkpoint no longer hold: after a crash they are made anew from the record."""
    redriven: list[str] = field(default_factory=list)
    """Dead letters whose records were put back, and are judged now."""
    released: list[str] = field(default_factory=list)
    """Imports whose indicators and tickets this partition has judged to the end."""
    derived: list[str] = field(default_factory=list)
    """Imports of which it has judged the targets made of others too."""
    expired: list[str] = field(default_factory=list)
    """Imports that end by themselves."""
    extended: dict[str, int] = field(default_factory=dict)
    """Imports for which facts have come → when they end by themselves now."""
    touched: dict[tuple[str, str], ImportEffect] = field(default_factory=dict)
    """(import, agreement) → what was published for it."""
    caught_up: list[tuple[str, int]] = field(default_factory=list)
    """(agreement, version): those of which this partition has judged the past of indicators and tickets."""
    caught_up_derived: list[tuple[str, int]] = field(default_factory=list)
    """Those of which it has judged the targets made of others too."""
    catch_up_breaches: dict[tuple[str, int], int] = field(default_factory=dict)
    """How many events of breaches and risks were published of each."""
    news: list[DependencyChange] = field(default_factory=list)
    """What the changes are to targets made of others."""
    silences: dict[str, int | None] = field(default_factory=dict)
    """Indicators that are silent since an instant, or (None) not any more."""

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
    """What a partition puts away about once a second: facts into the record, sums beside them.

    ``positions``: everything below them has been judged; a topic left out stays as it was.
    """

    positions: Mapping[str, int]
    blob_seq: int
    segments: list[tuple[str, int, list[Chunk]]] = field(default_factory=list)
    series: dict[str, SeriesCheckpoint] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    news: list[DependencyChange] = field(default_factory=list)


class Quarantine(Protocol):
    """Where facts go that are kept but not judged."""

    async def set_aside(self, facts: Sequence[QuarantineEntry]) -> None: ...


class EvaluationStore(Protocol):
    """Where a partition's state lives. Every write is fenced by the partition's epoch; NotOwner says it was lost."""

    async def take_over(self, partition: int) -> LoadedPartition:
        """Become the owner (epoch + 1) and read everything."""
        ...

    async def reload(self, partition: int, epoch: int) -> LoadedPartition:
        """Read everything again as the same owner. Raises NotOwner."""
        ...

    async def sources_aside(self) -> Mapping[tuple[str, str, str], str]:
        """(party, topic, source) → why it is set aside."""
        ...

    async def present(self) -> int:
        """The database's clock as installation time: no replica's own clock decides when a timer fires."""
        ...

    async def inbox(self, partitions: Sequence[int]) -> Sequence[InboxRow]: ...

    async def agreement(self, agreement_id: str) -> AgreementTerms: ...

    async def hold(self, import_id: str, partition: int) -> Hold | None:
        """An import as a partition sees it."""
        ...

    async def catch_ups(self, agreement_id: str, partition: int) -> Sequence[CatchUp]:
        """The versions of an agreement that a partition has not caught up with."""
        ...

    async def exclusions(self, agreement_id: str) -> Sequence[Exclusion]:
        """Those of an agreement that stand approved."""
        ...

    async def facts(self, subjects: Sequence[str]) -> Mapping[str, dict[str, Fact]]:
        """All facts kept one by one of these indicators or tickets, by their key."""
        ...

    async def known(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Fact]:
        """Of these (subject, key), the facts that are kept one by one."""
        ...

    async def facts_between(self, subject: str, start: int, end: int) -> Sequence[Fact]:
        """The facts of an indicator kept one by one with an instant in ``[start, end)``."""
        ...

    async def readings(self, stream: str, first: int, last: int) -> Sequence[Fact]:
        """The readings of counters of a stream with an instant from ``first`` to ``last``, the one before them and the
        one after."""
        ...

    async def hours(self, subject: str, hours: Sequence[int]) -> Mapping[int, list[Chunk]]:
        """The recorded values of these hours (since 1970), those that have any."""
        ...

    async def ticket_states(
        self, tickets: Sequence[str]
    ) -> tuple[Mapping[str, dict[tuple[str, str, int], PublishedClock]], Mapping[str, dict[str, Breach]]]:
        """Per ticket: what was last published of its clocks, and the breaches."""
        ...

    async def tickets_of(self, owner_party_id: str, partition: int) -> Sequence[str]: ...

    async def indicator(self, subject: str) -> Indicator | None: ...

    async def last_words(self, subjects: Sequence[str]) -> Mapping[str, tuple[int, int | None]]:
        """Of indicators that may fall silent: after how long, and when each was last heard."""
        ...

    async def member_windows(
        self, target_ids: Sequence[str], window_ids: Sequence[str]
    ) -> Mapping[tuple[str, str], MemberWindow]:
        """Windows by target and id, of whichever partition."""
        ...

    async def member_runs(self, target_ids: Sequence[str], window_id: str) -> Mapping[str, Sequence[MissedRun]]:
        """By target, the minutes in which it missed its objective over a rolling window, as its breaches tell."""
        ...

    async def clocks_ended(self, target_ids: Sequence[str], span: tuple[int, int], as_of: int) -> Sequence[EndedClock]:
        """The clocks of these targets that ended in a span by ``as_of``."""
        ...

    async def tickets_inconsistent(self, target_ids: Sequence[str], spans: Sequence[tuple[int, int]]) -> Sequence[int]:
        """Per span: how many tickets these targets would have judged, whose events contradict each other."""
        ...

    async def tickets_ended(
        self, target_ids: Sequence[str], spans: Sequence[tuple[int, int]], as_of: int
    ) -> Sequence[tuple[int, int]]:
        """Per span: how many tickets had a clock of these targets that ended in it (stopped or breached) by ``as_of``,
        and of how many of them every one was met."""
        ...

    async def taken(self) -> Mapping[tuple[str, int], int]:
        """Up to where each partition has taken in the intake: (topic, partition) → position."""
        ...

    async def behind(self) -> PendingDependencies:
        """What all partitions together have not come to yet."""
        ...

    async def commit(self, partition: int, epoch: int, step: PartitionStep) -> int | None:
        """Commit a step; the blob's sequence where it had one. Raises NotOwner."""
        ...

    async def checkpoint(self, partition: int, epoch: int, checkpoint: Checkpoint) -> None:
        """Commit a checkpoint. Raises NotOwner."""
        ...
