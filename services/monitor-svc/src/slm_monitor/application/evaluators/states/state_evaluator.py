"""The evaluator of states of one partition: availability, outages and recoveries of its indicators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from slm_monitor.application.evaluators.schedule.holds import Holds
from slm_monitor.application.evaluators.states.outage_target import OutageTarget
from slm_monitor.application.evaluators.states.recovery_target import RecoveryTarget
from slm_monitor.application.evaluators.states.rolling_state_target import (
    RollingOutageCountTarget,
    RollingRecoveryTarget,
    RollingStateTarget,
)
from slm_monitor.application.evaluators.states.state_target import StatesOf, StateTarget
from slm_monitor.application.state.exclusion_index import CAUSE, ExclusionChange, ExclusionIndex
from slm_monitor.application.state.failed_targets import FailedTargets
from slm_monitor.application.state.invalidation import FACT, Invalidation
from slm_monitor.application.state.loaded_partition import Hold
from slm_monitor.application.state.loaded_state import LoadedState
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.application.state.seen_labels import SeenLabels
from slm_monitor.application.state.state_store import StateStore
from slm_monitor.application.state.timers import STATE, Timers
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.lifecycle.target_state import Changes, EvaluationMoment, TargetState
from slm_monitor.domain.states.timeline import Timeline
from slm_monitor.domain.terms import instances
from slm_monitor.domain.terms.instances import Group
from slm_monitor.domain.terms.terms import RECOVERED
from slm_monitor.domain.terms.terms_history import TermsHistory

AT_ONCE = 0


class StateEvaluator:
    """Takes facts about states, and evaluates the targets that they affect."""

    def __init__(
        self,
        store: EvaluationStore,
        timers: Timers,
        established: LoadedState,
        excluded: ExclusionIndex,
        aside: FailedTargets,
        label_series: Iterable[str],
    ) -> None:
        self._timers = timers
        self._excluded = excluded
        self._aside = aside
        self._established = established
        self._states = StateStore(store)
        self._targets: dict[str, dict[tuple[str, int], StateTarget | RollingStateTarget]] = {}
        self._dirty: dict[str, Invalidation] = {}
        self._touched: dict[str, int] = {}
        self._grouped: dict[str, dict[tuple[str, int], TermsHistory]] = {}
        self._parted: dict[tuple[tuple[str, int], Group], TermsHistory] = {}
        """(target, labels) → the terms history from which the instance was last made."""
        self._seen_labels = SeenLabels(label_series)
        self._unparted: set[str] = set()
        """Indicators whose label instances must be looked up again: a new label value or new terms arrived."""
        self._unevaluated: set[tuple[str, int]] = set()
        """Instances that have not been evaluated yet."""
        self._causes: dict[str, str] = {}
        """Indicator → cause of the restatement of its past, once no import holds that past any more."""

    def attach(self, line: TermsHistory, *, fresh: bool) -> None:
        """Attach a target's terms. ``fresh``: they are new, so all of its windows must be evaluated."""
        subject = line.latest.indicator
        assert subject is not None
        if self._aside.holds(line):
            return
        dirty = self._dirty.setdefault(subject, Invalidation())
        if fresh or self._aside.returns(line):
            dirty.touch(line.begins_at)
        if line.latest.group_by:
            # The values of its labels are known only once the indicator's facts are read.
            self._grouped.setdefault(subject, {})[line.key] = line
            self._states.group(subject, line.latest.group_by)
            self._unparted.add(subject)
        else:
            self._amend(subject, line)

    def _amend(self, subject: str, line: TermsHistory) -> StateTarget | RollingStateTarget:
        targets = self._targets.setdefault(subject, {})
        held = targets.get(line.key)
        if held is None:
            targets[line.key] = held = _state_target_class(line)(self._established.target_state(line))
        held.amend(line)
        return held

    async def _part(self, subject: str, changes: Changes) -> None:
        """Create or amend an instance of each grouped target for every label value that any fact ever had.

        Replaced facts count too: otherwise the set of instances would depend on which facts came later.
        """
        if subject not in self._unparted:
            return
        self._unparted.discard(subject)
        for line in self._grouped.get(subject, {}).values():
            names = line.latest.group_by
            for group in sorted(self._seen_labels.groups(subject, names) | await self._states.groups(subject, names)):
                if self._parted.get((line.key, group)) is line:
                    continue
                born = instances.instance_terms(line, group)
                if self._aside.holds(born):
                    continue
                self._parted[line.key, group] = line
                is_born = not self._amend(subject, born).target_state.windows
                if is_born or self._aside.returns(born):
                    self._unevaluated.add(born.key)
                if is_born:
                    changes.instances.append(born.latest)

    async def accept_facts(self, facts: Sequence[Fact]) -> list[Fact]:
        """Take state changes and outages; return those that are new or replace the fact under their key."""
        for fact in facts:
            if self._seen_labels.add(fact):
                self._unparted.add(fact.subject)
                self._dirty.setdefault(fact.subject, Invalidation())
        return await self._states.accept_facts(facts, self._touch)

    def new_labels(self) -> dict[str, int]:
        """Return the label sets that appeared for the first time since the last call."""
        return self._seen_labels.unsaved()

    def _touch(self, subject: str, since: int) -> None:
        self._dirty.setdefault(subject, Invalidation()).touch(since)
        self._touched[subject] = min(self._touched.get(subject, since), since)

    async def last_signal(self, subject: str) -> int | None:
        """The instant of an indicator's latest signal; None if it has none."""
        return await self._states.last_signal(subject)

    def touched(self) -> dict[str, int]:
        """Return the indicators whose states changed since the last call → the first instant that changed."""
        touched, self._touched = self._touched, {}
        return touched

    def wake(self, subject: str) -> None:
        """Evaluate an indicator's targets next, because a timer fired."""
        self._dirty.setdefault(subject, Invalidation())

    def wake_all(self) -> None:
        """Set a timer for every indicator after a restart. No fact may ever arrive for it, and its next timer is known
        only once it has been evaluated."""
        for subject in self._targets.keys() | self._grouped.keys():
            self._timers.set((STATE, subject), AT_ONCE)

    def wake_held(self, hold: Hold) -> None:
        """Evaluate in full the indicators that a hold covered, because it has ended."""
        for subject, line in self._lines():
            if hold.covers(subject):
                self._dirty.setdefault(subject, Invalidation()).touch(line.begins_at, self._causes.get(subject))
        for subject in [subject for subject in self._causes if hold.covers(subject)]:
            del self._causes[subject]

    def target_states(self) -> Iterator[TargetState]:
        """The target states of all targets of the partition's states."""
        return (target.target_state for targets in self._targets.values() for target in targets.values())

    def reopen(self, subject: str, since: int, cause: str) -> None:
        """Evaluate an indicator's windows again from an instant on, after a decision about them."""
        if subject in self._targets or subject in self._grouped:
            self._dirty.setdefault(subject, Invalidation()).touch(since, cause)

    def exclude(self, moved: ExclusionChange) -> None:
        """Evaluate the windows again in which the excluded time has changed."""
        for subject, line in self._lines():
            since = moved.since(line)
            if since is not None:
                self._dirty.setdefault(subject, Invalidation()).touch(since, CAUSE)

    def _lines(self) -> Iterator[tuple[str, TermsHistory]]:
        """All terms histories with their indicator. Grouped ones are included, as their instances may not exist yet
        after a restart."""
        for subject, targets in self._targets.items():
            yield from ((subject, target.target_state.line) for target in targets.values())
        for subject, grouped in self._grouped.items():
            yield from ((subject, line) for line in grouped.values())

    async def evaluate(self, holds: Holds, moment: EvaluationMoment, changes: Changes) -> None:
        """Evaluate the invalidated indicators. A past that an import holds is evaluated when the import ends."""
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
            timelines: dict[Group, Timeline] = {}
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


def _state_target_class(line: TermsHistory) -> type[StateTarget | RollingStateTarget]:
    is_rolling, is_outages = line.latest.window_kind == "rolling", line.latest.aggregation == "outages"
    if line.latest.aggregation in RECOVERED:
        return RollingRecoveryTarget if is_rolling else RecoveryTarget
    if is_outages:
        return RollingOutageCountTarget if is_rolling else OutageTarget
    return RollingStateTarget if is_rolling else StateTarget


def _always(timeline: Timeline) -> StatesOf:
    return lambda _: timeline
