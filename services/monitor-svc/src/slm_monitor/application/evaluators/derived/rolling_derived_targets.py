"""Derived targets over a rolling window: composites of states and of verdicts, and the compliance of tickets."""

from __future__ import annotations

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.derived.compliance_target import ClockBasedTarget
from slm_monitor.application.evaluators.derived.composite_members import CompositeTargetBase
from slm_monitor.application.evaluators.schedule.rolling_windows import RollingTargetBase
from slm_monitor.application.evaluators.states.rolling_state_target import RollingAvailabilityTarget
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.invalidation import DirtySpan
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment
from slm_monitor.domain.rolling import rolling_minutes
from slm_monitor.domain.rolling.rolling_derived import RollingTicketSource, RollingVerdictSource


class RollingStateCompositeTarget(CompositeTargetBase, RollingAvailabilityTarget):
    """A composite of states over a rolling window."""

    async def derive(
        self,
        store: EvaluationStore,
        excluded: ExclusionIndex,
        dirty: DirtySpan,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        """Evaluate the minutes since the last evaluation, and all earlier minutes from ``dirty.since`` on.

        Return the next instant (µs) at which a result may change without new data; None if there is none.
        """
        timelines = await self._timelines(store)
        return self.evaluate(lambda terms: self._joint(terms, timelines), excluded, dirty.since, moment, changes)


class _ByMinute(RollingTargetBase):
    """A rolling target whose windows end with a minute: the window of a minute contains this minute as its last one."""

    def _first(self) -> int:
        return rolling_minutes.find_first_minute_of_term(self.target_state.line)


class RollingVerdictCompositeTarget(CompositeTargetBase, _ByMinute):
    """A composite of verdicts over a rolling window.

    The runs of missed minutes of its members show in which minutes too few members met their objective.
    """

    async def derive(
        self,
        store: EvaluationStore,
        excluded: ExclusionIndex,
        dirty: DirtySpan,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        """Evaluate the minutes since the last evaluation, and all earlier minutes from ``dirty.since`` on.

        Return the next instant (µs) at which a result may change without new data; None if there is none.
        """
        line = self.target_state.line
        if moment.as_of // MINUTE < self._first():
            return self._first() * MINUTE
        members = sorted({target_id for each in self._compositions.values() for target_id in each.target_ids})
        runs = await store.member_runs(members, line.latest.window)
        windows = await store.member_windows(members, [line.latest.window])
        heard = {target_id for (target_id, _), window in windows.items() if window.verdict != "no_data"}
        rolled = RollingVerdictSource(self._compositions, runs, set(members) - heard)
        due = self._roll(lambda _: rolled, dirty.since, moment, changes)
        return None if due is None else min(due, line.ends_at)


class RollingComplianceTarget(ClockBasedTarget, _ByMinute):
    """Compliance over a rolling window: the share of tickets that met the per-ticket target.

    A ticket counts if its clock ended within the window.
    """

    async def derive(
        self,
        store: EvaluationStore,
        excluded: ExclusionIndex,
        dirty: DirtySpan,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        """Evaluate the minutes since the last evaluation, and all earlier minutes from ``dirty.since`` on.

        Return the next instant (µs) at which a result may change without new data; None if there is none.
        """
        line, present = self.target_state.line, moment.as_of // MINUTE
        if present < self._first():
            return self._first() * MINUTE
        first, last = self._looks_at(dirty.since, moment)
        length = line.latest.rolling_microseconds
        begins_at = max(self._first() * MINUTE, (first + 1) * MINUTE - length)
        ended = await store.clocks_ended(self._clocks, (begins_at, (last + 1) * MINUTE), moment.as_of)
        rolled = RollingTicketSource(ended, length)
        return self._roll(lambda _: rolled, dirty.since, moment, changes)
