"""One partition in memory: a step takes in facts, messages and timers, and returns every change
that must be committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_chassis.log.partitioner import partition_of
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.engine.catching_up import CatchUpTracker
from slm_monitor.application.engine.decision_delivery import DecisionDelivery
from slm_monitor.application.engine.import_effects import count_import_effects
from slm_monitor.application.evaluators.derived.derived_evaluator import DerivedEvaluator
from slm_monitor.application.evaluators.schedule.holds import ImportHolds
from slm_monitor.application.evaluators.series.series_evaluator import SeriesEvaluator
from slm_monitor.application.evaluators.staleness_monitor import StalenessMonitor
from slm_monitor.application.evaluators.states.state_evaluator import AT_ONCE, StateEvaluator
from slm_monitor.application.evaluators.ticket_evaluator import TicketEvaluator
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.failed_targets import FailedTargets
from slm_monitor.application.state.loaded_partition import AgreementTerms, LoadedPartition
from slm_monitor.application.state.loaded_state import LoadedTargetResults
from slm_monitor.application.state.partition_step import PartitionCheckpoint, PartitionStepChanges
from slm_monitor.application.state.ports import EvaluationStore, PartitionInboxMessage, PendingDependencies
from slm_monitor.application.state.target_dependencies import DerivedTargetDependencies
from slm_monitor.application.state.timers import SILENCE, STATE, TICKET, TimerHeap
from slm_monitor.domain.facts import facts as fact_columns
from slm_monitor.domain.facts.facts import Fact, MeasuredValues, is_fact_summed_by_minute
from slm_monitor.domain.lifecycle.target_state import EvaluationMoment
from slm_monitor.domain.terms.terms_history import FigureHistory, TargetTermsHistory, build_terms_histories

TICKETS_A_STEP = 500
"""Most waiting tickets evaluated in one step, so that steps remain short while a large import is released."""
MOST_HISTORY_BESIDE_RECORDS = 50
"""Most tickets from the past (of an import or of new terms) that a step with records evaluates. A step without records
evaluates up to ``TICKETS_A_STEP``.
"""


@dataclass(slots=True)
class PartitionStepInput:
    """The input of one step: facts, messages, watermarks, and limits."""

    positions: dict[str, int] = field(default_factory=dict)
    values: list[MeasuredValues] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    inbox: Sequence[PartitionInboxMessage] = ()
    watermark: UtcMicroseconds | None = None
    """Watermark, µs since 1970: all facts of this partition up to this instant have arrived, so timers due by then may
    fire.
    """
    most_timers: int | None = None
    """The most timers that the step fires (None: no limit). Further due timers wait for the next step."""
    global_watermark: UtcMicroseconds | None = None
    """Global watermark, µs since 1970: derived targets may be evaluated up to this instant."""
    behind: PendingDependencies = field(default_factory=PendingDependencies)
    """The terms and tickets that some partition has not evaluated yet. Derived targets made of them wait."""


class Partition:
    """The state of one partition in memory. It is built from a ``LoadedPartition``, and only ``step`` changes it.

    ``step`` changes memory before its result is committed. So the partition must be loaded again after a failed commit.
    """

    def __init__(self, loaded: LoadedPartition, store: EvaluationStore, partitions: int) -> None:
        self.number = loaded.number
        self.epoch = loaded.epoch
        self.positions = dict(loaded.positions)
        self.blob_seq = loaded.blob_seq
        self._saved_blob = loaded.saved_blob
        self.unsaved_rows = sum(len(values) for values, _ in loaded.blobs)
        """The number of rows that would have to be counted again after a restart."""
        self._evaluated: dict[str, int] = {}
        self._saved: dict[str, int] = {}
        self._store = store
        self._partitions = partitions
        self._watermark = loaded.watermark
        self._global_watermark = 0
        self._derivations = DerivedTargetDependencies(partitions)
        self._holds = ImportHolds(loaded.number, loaded.holds)
        self.timers = TimerHeap()
        established = LoadedTargetResults(loaded)
        self._excluded = ExclusionIndex(loaded.agreements, loaded.exclusions)
        self._aside = FailedTargets(loaded.unjudgeable)
        self._states = StateEvaluator(store, self.timers, established, self._excluded, self._aside, loaded.series)
        self._counts = SeriesEvaluator(store, self.timers, established, self._excluded, loaded, self._aside)
        self._tickets = TicketEvaluator(store, self.timers, loaded, established.overturned)
        self._silences = StalenessMonitor(store, self.timers, loaded)
        self._derived = DerivedEvaluator(store, established, self._excluded, self._derivations, self._aside)
        self._decisions = DecisionDelivery(
            established, self._states, self._counts, self._tickets, self._derived, self._aside
        )
        for agreement in loaded.agreements:
            self._attach(agreement.versions, agreement.ended_at, fresh=False)
        self._tickets.free(self._holds)
        self._catching_up = CatchUpTracker()
        for each in loaded.catch_ups:
            self._catching_up.add([each], self._tickets.to_evaluate(each.agreement_id))
        if self._aside.has_news:
            self.timers.set((STATE, ""), AT_ONCE)

    async def recover(self, loaded: LoadedPartition) -> None:
        """Take in the rows that were accepted after the last whole checkpoint.

        Results that were published before the restart are not published again.
        """
        await self._silences.recover(subject for subject in loaded.watched if self._is_mine(subject))
        for values, received_at in loaded.blobs:
            await self._silences.note_values(await self._counts.accept_values(values, received_at))
        self._states.wake_all()
        self._counts.wake_all()

    @property
    def has_waiting(self) -> bool:
        """Whether something can be evaluated now without a new record, message or timer."""
        return self._tickets.has_ready

    @property
    def wants_reload(self) -> bool:
        """Whether the partition must be loaded again, because a failed target has new terms."""
        return self._aside.wants_reload

    @property
    def waiting(self) -> int:
        """The number of tickets that wait to be evaluated and that no import holds."""
        return self._tickets.ready

    @property
    def is_saved(self) -> bool:
        """Whether every evaluated result is in the store, where readers see it."""
        return self._evaluated == self._saved and not self._counts.has_unsaved

    @property
    def has_rows(self) -> bool:
        """Whether there are rows, or accumulators of rows, that no checkpoint has stored yet."""
        return self._counts.has_rows

    def settle(self) -> None:
        """Record that everything taken in so far has been evaluated. A client may be waiting until the measurements
        that it sent are evaluated.
        """
        if self._evaluated != self.positions:
            self._evaluated = dict(self.positions)

    def next_due(self) -> UtcMicroseconds | None:
        """The next instant (µs) at which a result may change without new data: a timer, the expiry of a hold, or the
        end of a catch-up. None: there is no such instant.
        """
        dues = (self._holds.next_due(), self.timers.next_due(), self._catching_up.next_due(self._watermark))
        return min((due for due in dues if due is not None), default=None)

    def is_due(self, instant: UtcMicroseconds) -> bool:
        """Whether a timer is due by this instant."""
        due = self.timers.next_due()
        return due is not None and due <= instant

    def derived_due(self) -> UtcMicroseconds | None:
        """The next instant (µs) at which a derived target must be evaluated; None if there is none."""
        dues = (self._derived.timers.next_due(), self._catching_up.derived_due(self._global_watermark))
        return min((due for due in dues if due is not None), default=None)

    async def step(self, work: PartitionStepInput, now: UtcMicroseconds) -> PartitionStepChanges:
        """Take in facts, messages and due timers, evaluate what they affect, and return everything to be committed."""
        step = PartitionStepChanges(dict(self.positions), {**self.positions, **work.positions})
        self._watermark = max(self._watermark, work.watermark or 0)
        step.watermark, step.received_at = self._watermark, now
        await self._process_inbox(work.inbox, step)
        if work.values:
            step.blob = await self._counts.accept_values(fact_columns.concatenate_value_batches(work.values), now)
            self.unsaved_rows += 0 if step.blob is None else len(step.blob)
        measured = [fact for fact in work.facts if fact.subject.count("/") == 1]
        step.facts = await self._states.accept_facts([fact for fact in measured if not is_fact_summed_by_minute(fact)])
        step.facts += await self._counts.accept_facts([fact for fact in measured if is_fact_summed_by_minute(fact)])
        await self._note_signals(step)
        step.facts += await self._tickets.accept_facts(
            [fact for fact in work.facts if fact.subject.count("/") > 1], step, self._holds
        )
        self._holds.extend(work.values, work.facts, now, step)
        for who, subject in self.timers.due(self._watermark, work.most_timers):
            if who == TICKET:
                self._tickets.wake(subject)
            elif who == STATE:
                self._states.wake(subject)
            elif who == SILENCE:
                self._silences.wake(subject)
            else:
                self._counts.wake(subject)
        self.positions = dict(step.positions)
        await self._end_holds(now, step)
        moment = EvaluationMoment(self._watermark, now)
        await self._states.evaluate(self._holds, moment, step.changes)
        await self._counts.evaluate(self._holds, moment, step.changes)
        is_busy = bool(work.values or work.facts)
        history = MOST_HISTORY_BESIDE_RECORDS if is_busy else TICKETS_A_STEP
        await self._tickets.evaluate(self._holds, moment, step, TICKETS_A_STEP, history)
        step.recounted = self._counts.recounted() | self._states.new_labels()
        await self._silences.evaluate(self._holds, moment, step)
        self._catching_up.remove_evaluated(step)
        await self._derive(work, now, step)
        self._catching_up.mark(step)
        count_import_effects(step)
        self._go_on_with_imports(step)
        self._go_on_catching_up(step)
        self._aside.tell(step.changes, now)
        return step

    async def _note_signals(self, step: PartitionStepChanges) -> None:
        """End the staleness of each indicator that sent something, and set the timer for its next staleness."""
        await self._silences.note_values(step.blob)
        stated = {fact.subject for fact in step.facts if not is_fact_summed_by_minute(fact)}
        watched = [subject for subject in stated if await self._silences.is_watched(subject)]
        last_signals = {subject: await self._states.last_signal(subject) for subject in watched}
        await self._silences.note_facts(step.facts, last_signals)

    async def _derive(self, work: PartitionStepInput, now: UtcMicroseconds, step: PartitionStepChanges) -> None:
        """Evaluate due derived targets, and add messages for derived targets whose members this step changed."""
        if work.global_watermark is not None:
            self._global_watermark = max(self._global_watermark, work.global_watermark)
            moment = EvaluationMoment(self._global_watermark, now)
            step.inbox += await self._derived.evaluate(
                self._global_watermark, self._holds, work.behind, moment, step.changes
            )
        touched = self._states.touched()
        step.causes = {
            subject: since
            for subject, since in touched.items()
            if self._states.has_findings(subject) or self._derivations.has_composites(subject)
        }
        step.news = self._derivations.news(touched, step.changes)

    async def _end_holds(self, now: UtcMicroseconds, step: PartitionStepChanges) -> None:
        """End expired holds. Mark indicators, tickets and derived targets for evaluation if their wait is over.

        The indicators and tickets of a hold wait until it is released in this partition. The derived targets of a hold
        or a catch-up wait until every partition has evaluated the indicators and tickets.
        """
        for hold in self._holds.expired(now):
            # Another partition may have taken in facts of the same import and so moved its expiry: the store knows.
            fresh = await self._store.hold(hold.import_id, self.number)
            if fresh is not None and fresh.release is None and fresh.expires_at <= now:
                self._holds.expire(hold, step)
            elif fresh is not None:
                self._holds.update(fresh)
        for hold in self._holds.newly_released(self.positions):
            self._states.wake_held(hold)
            self._counts.wake_held(hold)
            self._tickets.free(self._holds)
        for hold in self._holds.newly_evaluated_everywhere():
            self._derived.wake_held(hold)
        for each in self._catching_up.newly_evaluated_everywhere():
            self._derived.wake_agreement(each.agreement_id)

    def _go_on_with_imports(self, step: PartitionStepChanges) -> None:
        """Report each import whose indicators and tickets this partition has evaluated.

        When all partitions have reported an import, report also that its derived targets are evaluated.
        """
        for hold in self._holds.waiting_here():
            if not self._tickets.waits_for(hold):
                self._holds.finish_here(hold, step)
        for hold in self._holds.waiting_derived():
            if not self._derived.waits_for(hold):
                self._holds.finish_derived(hold, step)

    def _go_on_catching_up(self, step: PartitionStepChanges) -> None:
        """Report each agreement version whose terms this partition has now applied to the agreement's indicators and
        tickets.

        When all partitions have reported a version, report also that its derived targets are evaluated.
        """
        for each in self._catching_up.waiting_here(self._watermark):
            if not self.is_due(each.begun_at):
                self._catching_up.finish_here(each, step)
        for each in self._catching_up.waiting_derived(self._global_watermark):
            if not self._derived.waits_for_agreement(each.agreement_id):
                self._catching_up.finish_derived(each, step)

    async def _process_inbox(self, inbox: Sequence[PartitionInboxMessage], step: PartitionStepChanges) -> None:
        updated: set[str] = set()
        for row in inbox:
            if row.kind == "terms":
                agreement = await self._store.agreement(row.ref["agreement_id"])
                await self._exclude(agreement)
                woken: list[str] = []
                for owner in self._attach(agreement.versions, agreement.ended_at, fresh=True):
                    woken += await self._tickets.wake_owner(owner, self.number, step, self._holds)
                self._catching_up.add(await self._store.catch_ups(agreement.agreement_id, self.number), woken)
            elif row.kind == "caught_up":
                self._catching_up.note_evaluated_everywhere(row.ref["agreement_id"], row.ref["version"])
            elif row.kind == "derived":
                step.inbox += self._derived.receive(row)
                continue
            elif row.kind == "accepted":
                self._decisions.accept(row.ref, step.changes)
            elif row.kind == "dispute":
                self._decisions.overturn(row.ref, step)
            elif row.kind == "record":
                self._decisions.forget(row.ref)
            elif row.kind == "sources":
                pass  # The worker has read which sources are set aside, for all of its partitions.
            elif row.kind == "exclusion":
                if row.ref["agreement_id"] not in updated:
                    updated.add(row.ref["agreement_id"])
                    since = _earliest(inbox, row.ref["agreement_id"])
                    await self._exclude(await self._store.agreement(row.ref["agreement_id"]), since)
            else:
                hold = await self._store.hold(row.ref["import_id"], self.number)
                if hold is not None:
                    self._holds.update(hold)
            step.inbox.append(row.seq)

    async def _exclude(self, agreement: AgreementTerms, since: UtcMicroseconds | None = None) -> None:
        approved = await self._store.exclusions(agreement.agreement_id)
        moved = self._excluded.update(agreement.agreement_id, agreement.versions, approved, since)
        self._states.exclude(moved)
        self._counts.exclude(moved)
        self._derived.exclude(moved)

    def _attach(
        self, versions: Sequence[Mapping[str, Any]], ended_at: UtcMicroseconds | None, *, fresh: bool
    ) -> frozenset[str]:
        """Update the terms histories of an agreement; return the ids of the parties whose tickets must be evaluated
        again.
        """
        lines = build_terms_histories(versions, ended_at)
        self._derivations.attach(lines)
        for line in lines:
            if self._is_mine(line.latest.indicator or line.target_id):
                self._aside.amended(line)
            with self._aside.attaching(line):
                if isinstance(line, FigureHistory):
                    self._attach_figures(line, lines, fresh=fresh)
        for target_id, indicator in self._aside.unread(versions).items():
            if self._is_mine(indicator or target_id):
                self._aside.note(target_id)
        return self._tickets.attach(lines)

    def _attach_figures(self, line: FigureHistory, lines: Sequence[TargetTermsHistory], *, fresh: bool) -> None:
        subject = line.latest.indicator
        if line.latest.kind.is_derived:
            if self._is_mine(line.target_id):
                self._derived.attach(line, lines, fresh=fresh)
        elif subject is not None and self._is_mine(subject):
            evaluator = self._states if line.latest.kind.is_of_single_facts else self._counts
            evaluator.attach(subject, line, fresh=fresh)

    def _is_mine(self, subject: str) -> bool:
        return partition_of(subject, self._partitions) == self.number

    async def checkpoint(self, now: UtcMicroseconds, is_whole: bool = True) -> PartitionCheckpoint | None:
        """Build a checkpoint of the unsaved figures and, if ``is_whole``, of the rows and accumulators. Return None if
        there is nothing to save.
        """
        await self._counts.refresh(EvaluationMoment(self._watermark, now))
        windows = self._counts.unsaved_windows()
        segments, series = self._counts.unsaved() if is_whole else ([], {})
        if not segments and not series and not windows and self._evaluated == self._saved:
            return None
        self._saved = self._evaluated
        if is_whole:
            self._saved_blob, self.unsaved_rows = self.blob_seq, 0
        news = self._derivations.news_of(windows)
        return PartitionCheckpoint(self._evaluated, self._saved_blob, segments, series, windows, news)


def _earliest(inbox: Iterable[PartitionInboxMessage], agreement_id: str) -> UtcMicroseconds | None:
    """Return the earliest instant that the inbox messages name for a change of an agreement's exclusions.

    None: no message names such an instant.
    """
    rows = [row.ref for row in inbox if row.kind == "exclusion"]
    said = [ref.get("since") for ref in rows if ref["agreement_id"] == agreement_id]
    return min((since for since in said if since is not None), default=None)
