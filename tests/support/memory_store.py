"""An evaluation store in memory with the same port as the real one. Committed objects are copied, as by a database."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_events.monitor import WindowAdjusted
from slm_monitor.application.state.loaded_partition import (
    AgreementCatchUp,
    AgreementTerms,
    ImportHold,
    LoadedPartition,
    SeriesCheckpoint,
)
from slm_monitor.application.state.partition_step import (
    JUDGED,
    WAITING,
    DependencyChangeMessage,
    ImportEffect,
    PartitionCheckpoint,
    PartitionStepChanges,
)
from slm_monitor.application.state.ports import PartitionInboxMessage, PartitionNotOwned, PendingDependencies
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion
from slm_monitor.domain.facts import counters
from slm_monitor.domain.facts.facts import Fact, MeasuredValues, parse_series_indicator
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.lifecycle.target_state import (
    Breach,
    OutgoingEvent,
    PublishedClock,
    Risk,
    TargetWindow,
    WindowAdjustment,
)
from slm_monitor.domain.series.hour_buckets import HourChunk
from tests.support.memory_members import MemberResults, Span

COUNTS = ("windows_closed", "windows_restated", "clocks_ended", "breach_events")
TOPICS = (MEASUREMENTS.name, TICKETS.name)
NOTHING_YET = -(2**61)


class MemoryEvaluationStore(MemberResults):
    """The store of one partition. Tests read ``clocks``, ``windows``, ``breaches`` and ``events`` directly."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0
        self.positions = dict.fromkeys(TOPICS, 0)
        self.watermark = 0
        self.versions: dict[str, list[Mapping[str, Any]]] = {}
        self.ended: dict[str, int] = {}
        self.registered: dict[str, Indicator] = {}
        self.approved: dict[str, ApprovedExclusion] = {}
        self.revoked: set[str] = set()
        self.holds: dict[str, ImportHold] = {}
        self.touched: dict[tuple[str, str], ImportEffect] = {}
        """(import, agreement) → the number of results published for it."""
        self.judged: list[str] = []
        """The imports that are evaluated to the end."""
        self.risks: dict[str, Risk] = {}
        self.events: list[OutgoingEvent] = []
        self.unjudgeable: dict[str, str] = {}
        self.overturned: set[str] = set()
        self.acceptances: dict[tuple[str, str], tuple[int, int]] = {}
        """Window → the revision that both parties accepted, and when."""
        self.silences: dict[str, int] = {}
        self._facts: dict[str, dict[str, Fact]] = {}
        self._segments: dict[tuple[str, int], list[HourChunk]] = {}
        self._blobs: dict[int, tuple[MeasuredValues, int]] = {}
        self._blob_seq = self._saved_blob = 0
        self._series: dict[str, SeriesCheckpoint] = {}
        self._tickets: dict[str, str] = {}
        self._dues: dict[str, int] = {}
        self._inbox: dict[int, PartitionInboxMessage] = {}
        self._last_row = 0

    def tell(self, kind: str, **ref: Any) -> None:
        """Put a message into the partition's inbox."""
        self._last_row += 1
        self._inbox[self._last_row] = PartitionInboxMessage(self._last_row, 0, kind, ref)

    # -- owning -------------------------------------------------------------------------------------------------

    async def take_over(self, partition: int) -> LoadedPartition:
        self.epoch += 1
        return self._load()

    async def reload(self, partition: int, epoch: int) -> LoadedPartition:
        self._fence(epoch)
        return self._load()

    def _fence(self, epoch: int, expected: Mapping[str, int] | None = None) -> None:
        if epoch != self.epoch or expected not in (None, self.positions):
            raise PartitionNotOwned(0)

    def _load(self) -> LoadedPartition:
        of_tickets = set(self._tickets)
        return LoadedPartition(
            number=0,
            epoch=self.epoch,
            positions=dict(self.positions),
            watermark=self.watermark,
            agreements=[AgreementTerms(name, [*held], self.ended.get(name)) for name, held in self.versions.items()],
            windows=[self.as_accepted(each) for each in self.windows.values()],
            breaches=[copy.copy(each) for each in self.breaches.values() if each.subject not in of_tickets],
            risks=[
                copy.copy(each)
                for each in self.risks.values()
                if each.standing or (each.again_until or 0) >= self.watermark
            ],
            series=copy.deepcopy(self._series),
            blobs=[self._blobs[seq] for seq in sorted(self._blobs)],
            blob_seq=self._blob_seq,
            saved_blob=self._saved_blob,
            holds=list(self.holds.values()),
            waiting_tickets=frozenset(name for name, stage in self._tickets.items() if stage != JUDGED),
            ticket_dues=sorted(self._dues.items()),
            exclusions=list(self.approved.values()),
            unjudgeable=dict(self.unjudgeable),
            overturned=set(self.overturned),
            silences=dict(self.silences),
            watched=[name for name, each in self.registered.items() if each.stale_after is not None],
        )

    def as_accepted(self, window: TargetWindow) -> TargetWindow:
        """Set on each window its acceptance, and the latest adjustment that was published for it."""
        revision, at = self.acceptances.get((window.target_id, window.window_id), (None, None))
        is_accepted = window.closed_at is not None and window.revision == revision
        told = [each.event for each in self.events if is_accepted and isinstance(each.event, WindowAdjusted)]
        mine = [each for each in told if (each.target_id, each.window_id) == (window.target_id, window.window_id)]
        last = WindowAdjustment(mine[-1].number, mine[-1].verdict, mine[-1].figure) if mine else None
        return replace(window, frozen_at=at if is_accepted else None, adjusted=last)

    async def present(self) -> int:
        return self.watermark

    # -- reading ------------------------------------------------------------------------------------------------

    async def processed_positions(self) -> Mapping[tuple[str, int], int]:
        return {(topic, 0): at for topic, at in self.positions.items()}

    async def sources_aside(self) -> Mapping[tuple[str, str, str], str]:
        return {}

    async def inbox(self, partitions: Sequence[int]) -> Sequence[PartitionInboxMessage]:
        return [self._inbox[seq] for seq in sorted(self._inbox)]

    async def agreement(self, agreement_id: str) -> AgreementTerms:
        return AgreementTerms(agreement_id, [*self.versions.get(agreement_id, ())], self.ended.get(agreement_id))

    async def hold(self, import_id: str, partition: int) -> ImportHold | None:
        return self.holds.get(import_id)

    async def behind(self) -> PendingDependencies:
        has_terms = any(row.kind == "terms" for row in self._inbox.values())
        waiting = (name.partition("/")[0] for name, stage in self._tickets.items() if stage == WAITING)
        return PendingDependencies(has_terms, frozenset(waiting))

    async def exclusions(self, agreement_id: str) -> Sequence[ApprovedExclusion]:
        return [each for each in self.approved.values() if each.agreement_id == agreement_id]

    async def facts(self, subjects: Sequence[str]) -> Mapping[str, dict[str, Fact]]:
        return {subject: dict(self._facts[subject]) for subject in subjects if subject in self._facts}

    async def known(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Fact]:
        return {(subject, key): self._facts[subject][key] for subject, key in keys if key in self._of(subject)}

    async def facts_between(self, subject: str, start: int, end: int) -> Sequence[Fact]:
        return [fact for fact in self._of(subject).values() if start <= fact.at < end]

    def _of(self, subject: str) -> Mapping[str, Fact]:
        return self._facts.get(subject, {})

    async def readings(self, stream: str, first: int, last: int) -> Sequence[Fact]:
        held = [fact for fact in self._of(parse_series_indicator(stream)).values() if counters.is_counter_reading(fact)]
        mine = sorted(
            (fact for fact in held if counters.name_counter_stream(fact) == stream),
            key=counters.counter_reading_sort_key,
        )
        before, after = [each for each in mine if each.at < first], [each for each in mine if each.at > last]
        return [*before[-1:], *(each for each in mine if first <= each.at <= last), *after[:1]]

    async def hours(self, subject: str, hours: Sequence[int]) -> Mapping[int, list[HourChunk]]:
        return {hour: list(self._segments[subject, hour]) for hour in hours if (subject, hour) in self._segments}

    async def ticket_states(
        self, tickets: Sequence[str]
    ) -> tuple[Mapping[str, dict[tuple[str, str, int], PublishedClock]], Mapping[str, dict[str, Breach]]]:
        states: dict[str, dict[tuple[str, str, int], PublishedClock]] = {}
        for key, entry in self.clocks.items():
            if key[1] in tickets:
                published = replace(entry.published, state=entry.clock.state, deadline_at=entry.clock.deadline_at)
                states.setdefault(key[1], {})[key] = published
        breaches: dict[str, dict[str, Breach]] = {}
        for breach in self.breaches.values():
            if breach.subject in tickets:
                breaches.setdefault(breach.subject, {})[breach.breach_id] = copy.copy(breach)
        return states, breaches

    async def catch_ups(self, agreement_id: str, partition: int) -> Sequence[AgreementCatchUp]:
        return ()

    async def tickets_of(self, owner_party_id: str, partition: int) -> Sequence[str]:
        return sorted(name for name in self._tickets if name.startswith(f"{owner_party_id}/"))

    async def indicator(self, subject: str) -> Indicator | None:
        return self.registered.get(subject)

    async def indicators(self, subjects: Sequence[str]) -> Mapping[str, Indicator]:
        return {subject: self.registered[subject] for subject in subjects if subject in self.registered}

    async def last_signals(self, subjects: Sequence[str]) -> Mapping[str, tuple[int, int | None]]:
        found = {}
        for subject in subjects:
            words = [
                each.body.get("to", each.at) for each in self._of(subject).values() if "retracted" not in each.body
            ]
            words += [each.high_water for name, each in self._series.items() if parse_series_indicator(name) == subject]
            age = self.registered[subject].stale_after
            assert age is not None
            found[subject] = (age, max((word for word in words if word > NOTHING_YET), default=None))
        return found

    # -- writing ------------------------------------------------------------------------------------------------

    async def commit(self, partition: int, epoch: int, step: PartitionStepChanges) -> int | None:
        self._fence(epoch, step.expected)
        self.positions, self.watermark = dict(step.positions), max(self.watermark, step.watermark)
        for fact in step.facts:
            self._facts.setdefault(fact.subject, {})[fact.key] = fact
        if step.blob is not None:
            self._blob_seq += 1
            self._blobs[self._blob_seq] = (step.blob, step.received_at)
        self._tickets.update(step.tickets)
        self._keep(step)
        for subject, high_water in step.recounted.items():
            kept = self._series.setdefault(subject, SeriesCheckpoint(high_water))
            kept.tallies, kept.high_water = {}, max(kept.high_water, high_water)
        self._tell(step.news)
        for subject, since in step.silences.items():
            self.silences.pop(subject, None)
            if since is not None:
                self.silences[subject] = since
        for seq in step.inbox:
            self._inbox.pop(seq, None)
        for import_id, expires_at in step.extended.items():
            self.holds[import_id] = replace(self.holds[import_id], expires_at=expires_at)
        for import_id in step.expired:
            self.holds[import_id] = replace(self.holds[import_id], release={})
            self.tell("release", import_id=import_id)
        for import_id in step.released:
            self.holds[import_id] = replace(self.holds[import_id], is_evaluated_here=True, is_evaluated_everywhere=True)
            self.tell("derive", import_id=import_id)
        for (import_id, agreement_id), touched in step.touched.items():
            nothing = ImportEffect(touched.provider_party_id, touched.customer_party_id)
            held = self.touched.setdefault((import_id, agreement_id), nothing)
            for name in COUNTS:
                setattr(held, name, getattr(held, name) + getattr(touched, name))
        for import_id in step.derived:
            self.holds.pop(import_id, None)
            self.judged.append(import_id)
        return self._blob_seq if step.blob is not None else None

    def _keep(self, step: PartitionStepChanges) -> None:
        changes = step.changes
        for state in changes.tickets.values():
            self._tickets[state.subject] = step.tickets.get(state.subject, JUDGED)
            self._dues.pop(state.subject, None)
            self.inconsistent.pop(state.subject, None)
            if state.inconsistent is not None:
                self.inconsistent[state.subject] = state.inconsistent
            if state.due_at is not None:
                self._dues[state.subject] = state.due_at
        self.windows.update(_copies(changes.windows))
        self.breaches.update(_copies(changes.breaches))
        self.risks.update(_copies(changes.risks))
        self.clocks.update(changes.clocks)
        for clock in changes.dropped_clocks:
            self.clocks.pop(clock, None)
        for window in changes.dropped_windows:
            self.windows.pop(window, None)
        told = {**self.unjudgeable, **changes.unjudgeable}
        self.unjudgeable = {target_id: reason for target_id, reason in told.items() if reason is not None}
        self.events += changes.events

    def _tell(self, news: Iterable[DependencyChangeMessage]) -> None:
        for each in news:
            self.tell("derived", target_id=each.target_id, since=each.since)

    async def checkpoint(self, partition: int, epoch: int, checkpoint: PartitionCheckpoint) -> None:
        self._fence(epoch)
        for subject, hour, chunks in checkpoint.segments:
            self._segments.setdefault((subject, hour), []).extend(chunks)
        self._series.update(copy.deepcopy(checkpoint.series))
        self.windows.update({(each.target_id, each.window_id): copy.copy(each) for each in checkpoint.windows})
        self._tell(checkpoint.news)
        self._saved_blob = checkpoint.blob_seq
        for seq in [seq for seq in self._blobs if seq <= checkpoint.blob_seq]:
            del self._blobs[seq]

    def singles(self, subject: str, span: Span | None) -> list[Fact]:
        start, end = span or (-(2**62), 2**62)
        found = [fact for fact in self._of(subject).values() if start <= fact.at < end]
        return sorted(found, key=lambda fact: (fact.at, fact.key))

    def rows(self, subject: str) -> list[MeasuredValues]:
        """Return all rows of an indicator, whether they are in a checkpoint or not."""
        found = [
            MeasuredValues([name], np.zeros(len(chunk.at), dtype=np.int32), chunk.at, chunk.value, chunk.out_of)
            for (name, _), chunks in self._segments.items()
            if parse_series_indicator(name) == subject
            for chunk in chunks
        ]
        for blob, _ in self._blobs.values():
            slots = [slot for slot, name in enumerate(blob.subjects) if parse_series_indicator(name) == subject]
            found.append(blob.selected(np.isin(blob.slot, slots)))
        return [part for part in found if len(part)]


def _copies(held: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: copy.copy(each) for key, each in held.items()}
