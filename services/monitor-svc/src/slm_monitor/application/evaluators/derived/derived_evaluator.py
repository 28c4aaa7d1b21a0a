"""The evaluator of derived targets of one partition: composites, and the compliance of tickets.

Their members may lie in any partition. Changes of members arrive as messages in the inbox, and a derived target is
evaluated as of the global watermark, up to which every partition has taken in its facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from slm_events.aggregations import MEMBERS, TICKETS
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.derived.compliance_target import TicketComplianceTarget
from slm_monitor.application.evaluators.derived.composite_target import CalendarCompositeTarget
from slm_monitor.application.evaluators.derived.rolling_derived_targets import (
    RollingComplianceTarget,
    RollingStateCompositeTarget,
    RollingVerdictCompositeTarget,
)
from slm_monitor.application.evaluators.schedule.holds import ImportHolds, is_derived_target_held
from slm_monitor.application.state.exclusion_index import CAUSE, ExclusionChange, ExclusionIndex
from slm_monitor.application.state.failed_targets import FailedTargets
from slm_monitor.application.state.invalidation import FACT, DirtySpan
from slm_monitor.application.state.loaded_partition import ImportHold
from slm_monitor.application.state.loaded_state import LoadedTargetResults
from slm_monitor.application.state.ports import EvaluationStore, PartitionInboxMessage, PendingDependencies
from slm_monitor.application.state.target_dependencies import DerivedTargetDependencies
from slm_monitor.application.state.timers import DERIVED, TimerHeap
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState
from slm_monitor.domain.terms.composite_terms import STATES
from slm_monitor.domain.terms.terms_history import FigureHistory, TargetTermsHistory

AT_ONCE = 0
AGAIN_MICROSECONDS = 200_000
"""µs after which a target is tried again, if it is made from terms or tickets that were not evaluated yet."""


class DerivedTarget(Protocol):
    """The operations that the evaluator needs of a derived target."""

    target_state: TargetState

    def amend(self, line: FigureHistory) -> None: ...

    def compose(self, lines: Sequence[TargetTermsHistory]) -> None:
        """Find the target's members among the terms histories of its agreement."""
        ...

    async def derive(
        self,
        store: EvaluationStore,
        excluded: ExclusionIndex,
        dirty: DirtySpan,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        """Evaluate the open windows and those that end after ``dirty.since``, from the store's data.

        Return the next instant (µs) at which a result may change without new data; None if there is none.
        """
        ...


def _derived_target_class(line: FigureHistory) -> Callable[[TargetState], DerivedTarget]:
    """Return the class that evaluates targets with these terms."""
    terms = line.latest
    if terms.window_kind != "rolling":
        return CalendarCompositeTarget if terms.kind.source == MEMBERS else TicketComplianceTarget
    if terms.kind.source == TICKETS:
        return RollingComplianceTarget
    return RollingStateCompositeTarget if terms.parameters["of"] == STATES else RollingVerdictCompositeTarget


class DerivedEvaluator:
    """Evaluates the derived targets of one partition.

    It knows which targets must be evaluated, and which inbox messages are done when that has happened.
    """

    def __init__(
        self,
        store: EvaluationStore,
        established: LoadedTargetResults,
        excluded: ExclusionIndex,
        derivations: DerivedTargetDependencies,
        aside: FailedTargets,
    ) -> None:
        self.timers = TimerHeap()
        self._store = store
        self._established = established
        self._excluded = excluded
        self._derivations = derivations
        self._aside = aside
        self._targets: dict[str, dict[tuple[str, int], DerivedTarget]] = {}
        self._dirty: dict[str, DirtySpan] = {}
        self._causes: dict[str, str] = {}
        """Target → cause named by a restatement of its past when no import holds that past any more."""
        self._rows: dict[int, tuple[str, int]] = {}
        """Inbox row → (target, since). A row remains in the inbox until the evaluation that it requires is committed,
        so that a crash cannot lose it.
        """

    def attach(self, line: FigureHistory, lines: Sequence[TargetTermsHistory], *, fresh: bool) -> None:
        """Attach a target's terms. ``lines``: the terms histories of all targets of the agreement; ``fresh``: the terms
        are new, so all windows of the target must be evaluated.
        """
        if self._aside.holds(line):
            return
        targets = self._targets.setdefault(line.target_id, {})
        held = targets.get(line.key)
        if held is None:
            targets[line.key] = held = _derived_target_class(line)(self._established.target_state(line))
        held.amend(line)
        held.compose(lines)
        held.target_state.record_begins_at = self._record_begins_at(line.target_id)
        self._touch(line.target_id, line.begins_at if fresh or self._aside.returns(line) else None)

    def receive(self, row: PartitionInboxMessage) -> list[int]:
        """Record that a member of a derived target changed, as the inbox message ``row`` says.

        Return the number of the row if it can be deleted at once, or else an empty list. A row can be deleted at once
        if this partition does not have the target, or if an earlier row already requires the evaluation.
        """
        target_id, since = row.ref["target_id"], int(row.ref["since"])
        if row.seq in self._rows:
            return []
        if target_id not in self._targets:
            return [row.seq]
        self._touch(target_id, since)
        if any(held == target_id and earliest <= since for held, earliest in self._rows.values()):
            return [row.seq]
        self._rows[row.seq] = (target_id, since)
        return []

    def target_states(self) -> Iterator[TargetState]:
        """Yield the target state of each target that this evaluator keeps."""
        return (target.target_state for targets in self._targets.values() for target in targets.values())

    def reopen(self, target_id: str, since: UtcMicroseconds, cause: str) -> None:
        """Mark a target's windows that end after ``since`` for evaluation; published changes name ``cause``."""
        if target_id in self._targets:
            self._touch(target_id, since, cause)

    def exclude(self, moved: ExclusionChange) -> None:
        for target_id, targets in self._targets.items():
            for target in targets.values():
                since = moved.since(target.target_state.line)
                if since is not None:
                    self._touch(target_id, since, CAUSE)

    def wake_held(self, hold: ImportHold) -> None:
        """Mark the derived targets that waited for a hold, so that they are evaluated in full.

        Call this once all partitions have evaluated the facts of the hold.
        """
        for target_id, targets in self._targets.items():
            if is_derived_target_held(hold, self._derivations.reached(target_id)):
                cause = self._causes.pop(target_id, None)
                for target in targets.values():
                    self._touch(target_id, target.target_state.line.begins_at, cause)

    def wake_agreement(self, agreement_id: str) -> None:
        """Mark an agreement's derived targets for a full evaluation, after all partitions have
        evaluated their members.
        """
        for target_id, targets in self._targets.items():
            for target in targets.values():
                if target.target_state.line.latest.agreement_id == agreement_id:
                    self._touch(target_id, target.target_state.line.begins_at)

    def waits_for_agreement(self, agreement_id: str) -> bool:
        """Return whether a derived target of this agreement waits to be evaluated."""
        waiting = {*self._dirty, *(target_id for target_id, _ in self._rows.values())}
        return any(
            target.target_state.line.latest.agreement_id == agreement_id
            for target_id in waiting
            for target in self._targets.get(target_id, {}).values()
        )

    def waits_for(self, hold: ImportHold) -> bool:
        """Return whether a target that is derived from facts of an import waits to be evaluated."""
        waiting = {*self._dirty, *(target_id for target_id, _ in self._rows.values())}
        return any(is_derived_target_held(hold, self._derivations.reached(target_id)) for target_id in waiting)

    def _record_begins_at(self, target_id: str) -> UtcMicroseconds | None:
        """Return the instant from which all facts of the target's indicators are still stored.

        None: no facts have been deleted.
        """
        starts, subjects = self._established.record_starts, self._derivations.sources(target_id).subjects
        return max((starts[subject] for subject in subjects if subject in starts), default=None)

    def forget(self) -> None:
        """After old facts of an indicator were deleted, compute again how far back each target can be evaluated."""
        for target_id, targets in self._targets.items():
            for target in targets.values():
                target.target_state.record_begins_at = self._record_begins_at(target_id)

    def _touch(self, target_id: str, since: UtcMicroseconds | None, cause: str | None = None) -> None:
        dirty = self._dirty.setdefault(target_id, DirtySpan())
        if since is not None:
            begins_at = self._record_begins_at(target_id)
            dirty.touch(since if begins_at is None else max(since, begins_at), cause)
        # The timer is in the past, so the target is evaluated at the next global watermark.
        self.timers.set((DERIVED, target_id), AT_ONCE)

    async def evaluate(
        self,
        up_to: int,
        holds: ImportHolds,
        behind: PendingDependencies,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> list[int]:
        """Evaluate the targets due by the global watermark ``up_to``; return the numbers of the inbox rows that
        required these evaluations.

        A target waits while some tickets of its clocks are not evaluated yet, because its figure would be wrong without
        them.
        """
        answered: list[int] = []
        for _, target_id in self.timers.due(up_to):
            reached = self._derivations.reached(target_id)
            if behind.has_terms or behind.ticket_owners & reached.ticket_owners:
                self.timers.set((DERIVED, target_id), up_to + AGAIN_MICROSECONDS)
                continue
            dirty, dues = self._dirty.pop(target_id, DirtySpan()), []
            caused = holds.moment_derived(reached, replace(moment, cause=dirty.cause))
            if caused.through is not None and dirty.cause != FACT:
                self._causes[target_id] = dirty.cause
            for key, target in list(self._targets.get(target_id, {}).items()):
                with self._aside.attempt(target.target_state.line, changes, caused.mark) as own:
                    dues.append(await target.derive(self._store, self._excluded, dirty, caused, own))
                if self._aside.holds(target.target_state.line):
                    del self._targets[target_id][key]
            self.timers.set((DERIVED, target_id), min((due for due in dues if due is not None), default=None))
            answered += [seq for seq, (held, _) in self._rows.items() if held == target_id]
        for seq in answered:
            del self._rows[seq]
        return answered
