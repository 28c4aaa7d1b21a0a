"""Ports of the evaluators: the store that keeps facts, results and positions together, and the quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.loaded_partition import AgreementCatchUp, AgreementTerms, ImportHold, LoadedPartition
from slm_monitor.application.state.partition_step import PartitionCheckpoint, PartitionStepChanges, QuarantineEntry
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.lifecycle.target_state import Breach, PublishedClock
from slm_monitor.domain.rolling.missed_runs import MissedMinuteRun
from slm_monitor.domain.rolling.rolling_derived import EndedClock
from slm_monitor.domain.series.hour_buckets import HourChunk


class PartitionNotOwned(Exception):
    """Another worker has taken over the partition. The receiver must drop the partition at once."""


@dataclass(frozen=True, slots=True)
class PartitionInboxMessage:
    """A message in a partition's inbox, which is deleted when the partition has processed it.

    ``seq`` is the message's number in the inbox table, in order of arrival. ``ref`` is its content, by ``kind``
    (instants in microseconds UTC):

    - ``terms``: {agreement_id}: a version was signed, the agreement ended early, or the references by which tickets
      name its customer or service changed
    - ``exclusion``: {agreement_id, since}: exclusions changed, at ``since`` or later (null: unknown)
    - ``hold``: {import_id}: an import began
    - ``release``: {import_id}: the facts of an import can be evaluated
    - ``derive``: {import_id}: derived targets can be evaluated from the facts of an import
    - ``caught_up``: {agreement_id, version}: all partitions have evaluated the past of a signed version
    - ``derived``: {target_id, since}: a derived target must be evaluated again, because its members changed
    - ``accepted``: {windows, accepted_at}: both parties accepted windows, each [target id, window id, revision]
    - ``dispute``: {breach_id, target_id, subject, since}: the decision on a dispute overturned a breach
    - ``record``: {subject, begins_at}: an indicator's windows before ``begins_at`` are not evaluated any more, because
      the facts of that time will be deleted
    - ``sources``: {}: the suspended sources changed
    """

    seq: int
    partition: int
    kind: str
    ref: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PendingDependencies:
    """The terms and tickets that some partition has not evaluated yet. Derived targets that depend on them must wait.

    ``ticket_owners``: ids of the parties with tickets that are still to be evaluated.
    """

    has_terms: bool = False
    ticket_owners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MemberTargetWindow:
    """A window of a member target.

    ``breached_at``: when its breach became certain; None if it has no breach in force.
    """

    verdict: str
    figure: str | None
    closed_at: UtcMicroseconds | None
    breached_at: UtcMicroseconds | None


class QuarantineStore(Protocol):
    """The store of facts that are kept but not evaluated."""

    async def add(self, facts: Sequence[QuarantineEntry]) -> None: ...


class EvaluationStore(Protocol):
    """The store of a partition's state.

    Every write is fenced by the partition's epoch, and raises PartitionNotOwned if the epoch is outdated.
    """

    async def take_over(self, partition: int) -> LoadedPartition:
        """Become the owner of a partition, with the next epoch, and load its state."""
        ...

    async def reload(self, partition: int, epoch: int) -> LoadedPartition:
        """Load a partition's state again as the same owner. Raises PartitionNotOwned."""
        ...

    async def sources_aside(self) -> Mapping[tuple[str, str, str], str]:
        """Return the suspended sources: (party, topic, source) → reason."""
        ...

    async def present(self) -> UtcMicroseconds:
        """Return the time of the database's clock, converted to installation time (µs), which may run faster than real
        time.

        Timers fire by this clock, because the clocks of replicas differ.
        """
        ...

    async def inbox(self, partitions: Sequence[int]) -> Sequence[PartitionInboxMessage]: ...

    async def agreement(self, agreement_id: str) -> AgreementTerms: ...

    async def hold(self, import_id: str, partition: int) -> ImportHold | None:
        """Return the hold of an import as a partition sees it; None if there is none."""
        ...

    async def catch_ups(self, agreement_id: str, partition: int) -> Sequence[AgreementCatchUp]:
        """Return the versions of an agreement with which a partition has not caught up."""
        ...

    async def exclusions(self, agreement_id: str) -> Sequence[ApprovedExclusion]:
        """Return the exclusions of an agreement that are approved and not revoked."""
        ...

    async def facts(self, subjects: Sequence[str]) -> Mapping[str, dict[str, Fact]]:
        """Return subject → key → fact, for all singly stored facts of these indicators and tickets."""
        ...

    async def known(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Fact]:
        """Return (subject, key) → fact, for each of these pairs under which a fact is stored singly."""
        ...

    async def facts_between(self, subject: str, start: UtcMicroseconds, end: UtcMicroseconds) -> Sequence[Fact]:
        """Return the facts of an indicator that are stored singly and whose instant lies in ``[start, end)``."""
        ...

    async def readings(self, stream: str, first: UtcMicroseconds, last: UtcMicroseconds) -> Sequence[Fact]:
        """Return a stream's counter readings from ``first`` to ``last`` (µs), the last reading before them, and the
        first reading after them.
        """
        ...

    async def hours(self, subject: str, hours: Sequence[int]) -> Mapping[int, list[HourChunk]]:
        """Return hour since 1970 → recorded rows of a series, for each of the given hours that has any."""
        ...

    async def ticket_states(
        self, tickets: Sequence[str]
    ) -> tuple[Mapping[str, dict[tuple[str, str, int], PublishedClock]], Mapping[str, dict[str, Breach]]]:
        """Return ticket → clock → the state of the clock as last published, and ticket → breach id → breach. A clock is
        (target, ticket, ordinal).
        """
        ...

    async def tickets_of(self, owner_party_id: str, partition: int) -> Sequence[str]: ...

    async def indicator(self, subject: str) -> Indicator | None: ...

    async def indicators(self, subjects: Sequence[str]) -> Mapping[str, Indicator]:
        """Return subject → indicator. Unregistered subjects are left out."""
        ...

    async def last_signals(self, subjects: Sequence[str]) -> Mapping[str, tuple[int, int | None]]:
        """Return indicator → (its ``stale_after`` in µs, instant of its last signal or None), for indicators with a
        ``stale_after``.
        """
        ...

    async def member_windows(
        self, target_ids: Sequence[str], window_ids: Sequence[str]
    ) -> Mapping[tuple[str, str], MemberTargetWindow]:
        """Return (target, window id) → window of a member, in whichever partition the member lies."""
        ...

    async def member_runs(self, target_ids: Sequence[str], window_id: str) -> Mapping[str, Sequence[MissedMinuteRun]]:
        """Return target → the runs of minutes in which the target missed its objective over a rolling window.

        The runs are read from the target's breaches.
        """
        ...

    async def clocks_ended(
        self, target_ids: Sequence[str], span: tuple[int, int], as_of: UtcMicroseconds
    ) -> Sequence[EndedClock]:
        """Return the clocks of these targets that ended within a span, as known at ``as_of``."""
        ...

    async def tickets_left_out(
        self, target_ids: Sequence[str], spans: Sequence[tuple[int, int]]
    ) -> Sequence[tuple[int, int]]:
        """Return, for each span, the numbers of tickets that these targets leave out: (inconsistent, unjudgeable)."""
        ...

    async def tickets_ended(
        self, target_ids: Sequence[str], spans: Sequence[tuple[int, int]], as_of: UtcMicroseconds
    ) -> Sequence[tuple[int, int]]:
        """Return (number of tickets, number of met tickets) for each span.

        A ticket counts in a span if at least one clock of these targets ended (stopped or breached) in it, by
        ``as_of``. The ticket is met if each of these clocks was met, or missed with a breach that a dispute overturned.
        """
        ...

    async def processed_positions(self) -> Mapping[tuple[str, int], int]:
        """Return (topic, partition) → the position up to which the partition has taken in the intake."""
        ...

    async def behind(self) -> PendingDependencies:
        """Return the terms and tickets that some partition has not evaluated yet."""
        ...

    async def commit(self, partition: int, epoch: int, step: PartitionStepChanges) -> int | None:
        """Commit a step; return the number under which its rows are stored, or None if it has no rows.

        Raises PartitionNotOwned.
        """
        ...

    async def checkpoint(self, partition: int, epoch: int, checkpoint: PartitionCheckpoint) -> None:
        """Commit a checkpoint. Raises PartitionNotOwned."""
        ...
