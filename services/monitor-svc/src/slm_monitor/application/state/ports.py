"""Ports of the evaluators: the store that keeps facts, results and positions together, and the quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from slm_monitor.application.state.loaded_partition import AgreementTerms, CatchUp, Hold, LoadedPartition
from slm_monitor.application.state.partition_step import Checkpoint, PartitionStep, QuarantineEntry
from slm_monitor.domain.exclusions.maintenance_rules import Exclusion
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.lifecycle.target_state import Breach, PublishedClock
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
class PendingDependencies:
    """The terms and tickets that some partition has not evaluated yet; derived targets made of them must wait.

    ``ticket_owners``: the parties some of whose tickets are still to be evaluated.
    """

    has_terms: bool = False
    ticket_owners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MemberWindow:
    """A window of a member target. ``breached_at``: when its breach became certain; None if it has no breach in
    force."""

    verdict: str
    figure: str | None
    closed_at: int | None
    breached_at: int | None


class Quarantine(Protocol):
    """The place for facts that are kept but not evaluated."""

    async def add(self, facts: Sequence[QuarantineEntry]) -> None: ...


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

    async def processed_positions(self) -> Mapping[tuple[str, int], int]:
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
