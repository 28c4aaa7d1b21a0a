"""The evaluator of states of one partition: availability, outages and recoveries of its indicators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from slm_events.aggregations import ROLLING
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.schedule.holds import ImportHolds
from slm_monitor.application.evaluators.states.occurrence_target import OccurrenceTarget
from slm_monitor.application.evaluators.states.rolling_state_target import (
    RollingAvailabilityTarget,
    RollingOccurrenceTarget,
)
from slm_monitor.application.evaluators.states.state_target import AvailabilityTarget, StatesOf
from slm_monitor.application.state.exclusion_index import CAUSE, ExclusionChange, ExclusionIndex
from slm_monitor.application.state.failed_targets import FailedTargets
from slm_monitor.application.state.invalidation import FACT, DirtySpan
from slm_monitor.application.state.loaded_partition import ImportHold
from slm_monitor.application.state.loaded_state import LoadedTargetResults
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.application.state.seen_labels import SeenLabelSets
from slm_monitor.application.state.state_store import StateFactCache
from slm_monitor.application.state.timers import STATE, TimerHeap
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState
from slm_monitor.domain.states.timeline import StateTimeline
from slm_monitor.domain.terms import instances
from slm_monitor.domain.terms.instances import Group
from slm_monitor.domain.terms.terms_history import FigureHistory

AT_ONCE = 0


class StateEvaluator:
    """Takes in facts about states, and evaluates the targets that they affect."""

    def __init__(
        self,
        store: EvaluationStore,
        timers: TimerHeap,
        established: LoadedTargetResults,
        excluded: ExclusionIndex,
        aside: FailedTargets,
        label_series: Iterable[str],
    ) -> None:
        self._timers = timers
        self._excluded = excluded
        self._aside = aside
        self._established = established
        self._states = StateFactCache(store)
        self._targets: dict[str, dict[tuple[str, int], AvailabilityTarget | RollingAvailabilityTarget]] = {}
        self._dirty: dict[str, DirtySpan] = {}
        self._touched: dict[str, int] = {}
        self._grouped: dict[str, dict[tuple[str, int], FigureHistory]] = {}
        self._parted: dict[tuple[tuple[str, int], Group], FigureHistory] = {}
        """(target, labels) → the terms history from which the instance of a grouped target was last made."""
        self._seen_labels = SeenLabelSets(label_series)
        self._unparted: set[str] = set()
        """Indicators whose label instances must be looked up again, because a new label value or new terms arrived."""
        self._unevaluated: set[tuple[str, int]] = set()
        """Instances that have not been evaluated yet."""
        self._causes: dict[str, str] = {}
        """Indicator → cause named by a restatement of its past when no import holds that past any more."""

    def attach(self, subject: str, line: FigureHistory, *, fresh: bool) -> None:
        """Attach a target's terms. ``fresh``: the terms are new, so all windows of the target must be evaluated."""
        if self._aside.holds(line):
            return
        dirty = self._dirty.setdefault(subject, DirtySpan())
        if fresh or self._aside.returns(line):
            dirty.touch(line.begins_at)
        if line.latest.group_by:
            # The values of its labels are known only once the indicator's facts are read.
            self._grouped.setdefault(subject, {})[line.key] = line
            self._states.group(subject, line.latest.group_by)
            self._unparted.add(subject)
        else:
            self._amend(subject, line)

    def _amend(self, subject: str, line: FigureHistory) -> AvailabilityTarget | RollingAvailabilityTarget:
        targets = self._targets.setdefault(subject, {})
        held = targets.get(line.key)
        if held is None:
            targets[line.key] = held = _create_target(self._established.target_state(line))
        held.amend(line)
        return held

    async def _part(self, subject: str, changes: EvaluationChanges) -> None:
        """Create or amend an instance of each grouped target for every label value that any fact ever had.

        Replaced facts count too, so that the set of instances does not depend on the order in which facts arrived.
        """
        if subject not in self._unparted:
            return
        self._unparted.discard(subject)
        for line in self._grouped.get(subject, {}).values():
            names = line.latest.group_by
            for group in sorted(self._seen_labels.groups(subject, names) | await self._states.groups(subject, names)):
                if self._parted.get((line.key, group)) is line:
                    continue
                born = instances.derive_instance_terms(line, group)
                if self._aside.holds(born):
                    continue
                self._parted[line.key, group] = line
                is_born = not self._amend(subject, born).target_state.windows
                if is_born or self._aside.returns(born):
                    self._unevaluated.add(born.key)
                if is_born:
                    changes.instances.append(born.latest)

    async def accept_facts(self, facts: Sequence[Fact]) -> list[Fact]:
        """Take in state changes and outages; return the facts that are new or replace a fact with the same key."""
        for fact in facts:
            if self._seen_labels.add(fact):
                self._unparted.add(fact.subject)
                self._dirty.setdefault(fact.subject, DirtySpan())
        return await self._states.accept_facts(facts, self._touch)

    def new_labels(self) -> dict[str, int]:
        """Return series name → NOTHING_YET (no row yet) for each label set that is new since the last call."""
        return self._seen_labels.unsaved()

    def _touch(self, subject: str, since: UtcMicroseconds) -> None:
        self._dirty.setdefault(subject, DirtySpan()).touch(since)
        self._touched[subject] = min(self._touched.get(subject, since), since)

    async def last_signal(self, subject: str) -> UtcMicroseconds | None:
        """Return the instant of an indicator's latest signal; None if there is none."""
        return await self._states.last_signal(subject)

    def touched(self) -> dict[str, int]:
        """Return indicator → first instant at which its states changed, for changes since the last call."""
        touched, self._touched = self._touched, {}
        return touched

    def has_findings(self, subject: str) -> bool:
        """Return whether a target of this indicator has a breach, or a risk that is open or may be raised again."""
        targets = self._targets.get(subject, {}).values()
        return any(target.target_state.breaches or target.target_state.risks for target in targets)

    def wake(self, subject: str) -> None:
        """Mark an indicator for the next evaluation, because its timer fired."""
        self._dirty.setdefault(subject, DirtySpan())

    def wake_all(self) -> None:
        """Set a timer for every indicator after a restart.

        Perhaps no fact will ever arrive for an indicator, and its next timer is known only after an evaluation.
        """
        for subject in self._targets.keys() | self._grouped.keys():
            self._timers.set((STATE, subject), AT_ONCE)

    def wake_held(self, hold: ImportHold) -> None:
        """Mark for a full evaluation the indicators that a released hold covered."""
        for subject, line in self._lines():
            if hold.covers(subject):
                self._dirty.setdefault(subject, DirtySpan()).touch(line.begins_at, self._causes.get(subject))
        for subject in [subject for subject in self._causes if hold.covers(subject)]:
            del self._causes[subject]

    def target_states(self) -> Iterator[TargetState]:
        """Yield the target state of each target that this evaluator keeps."""
        return (target.target_state for targets in self._targets.values() for target in targets.values())

    def reopen(self, subject: str, since: UtcMicroseconds, cause: str) -> None:
        """Mark an indicator's windows that end after ``since`` for evaluation; published changes name ``cause``."""
        if subject in self._targets or subject in self._grouped:
            self._dirty.setdefault(subject, DirtySpan()).touch(since, cause)

    def exclude(self, moved: ExclusionChange) -> None:
        """Mark for evaluation the windows in which the excluded time has changed."""
        for subject, line in self._lines():
            since = moved.since(line)
            if since is not None:
                self._dirty.setdefault(subject, DirtySpan()).touch(since, CAUSE)

    def _lines(self) -> Iterator[tuple[str, FigureHistory]]:
        """Yield all terms histories, each with its indicator.

        Targets with ``group_by`` are included themselves, because after a restart their instances may not exist yet.
        """
        for subject, targets in self._targets.items():
            yield from ((subject, target.target_state.line) for target in targets.values())
        for subject, grouped in self._grouped.items():
            yield from ((subject, line) for line in grouped.values())

    async def evaluate(self, holds: ImportHolds, moment: EvaluationMoment, changes: EvaluationChanges) -> None:
        """Evaluate the indicators marked for evaluation. The past that an import holds waits until the import ends."""
        for subject in list(self._dirty):
            dirty = self._dirty.pop(subject).within(self._established.record_starts.get(subject))
            await self._part(subject, changes)
            targets = self._targets.get(subject)
            if not targets:
                continue
            caused = holds.moment(subject, replace(moment, cause=dirty.cause))
            if caused.through is not None and dirty.cause != FACT:
                self._causes[subject] = dirty.cause
            dues: list[int | None] = []
            timelines: dict[Group, StateTimeline] = {}
            for key, target in list(targets.items()):
                line = target.target_state.line
                group, since = line.latest.group, dirty.since
                if key in self._unevaluated:
                    self._unevaluated.discard(key)
                    since = line.begins_at if since is None else min(since, line.begins_at)
                with self._aside.attempt(line, changes, caused.mark) as own:
                    if group not in timelines:
                        timelines[group] = await self._states.timeline(subject, group)
                    dues.append(target.evaluate(_always(timelines[group]), self._excluded, since, caused, own))
                if self._aside.holds(target.target_state.line):
                    del targets[key]
            self._timers.set((STATE, subject), min((due for due in dues if due is not None), default=None))


def _create_target(target_state: TargetState) -> AvailabilityTarget | RollingAvailabilityTarget:
    terms = target_state.line.latest
    is_rolling, aggregation = terms.window_kind == ROLLING, registry.find_occurrence_aggregation(terms)
    if aggregation is None:
        return RollingAvailabilityTarget(target_state) if is_rolling else AvailabilityTarget(target_state)
    return (RollingOccurrenceTarget if is_rolling else OccurrenceTarget)(target_state, aggregation)


def _always(timeline: StateTimeline) -> StatesOf:
    return lambda _: timeline
