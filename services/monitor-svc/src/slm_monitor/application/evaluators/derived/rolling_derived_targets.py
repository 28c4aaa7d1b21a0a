"""Derived targets over a rolling window: composites of states and of verdicts, and the compliance of tickets."""

from __future__ import annotations

from slm_monitor.application.evaluators.derived.compliance_target import ClockMembers
from slm_monitor.application.evaluators.derived.composite_members import CompositeMembers
from slm_monitor.application.evaluators.schedule.rolling_windows import RollingTargetBase
from slm_monitor.application.evaluators.states.rolling_state_target import RollingStateTarget
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.application.state.invalidation import Invalidation
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import Changes, EvaluationMoment
from slm_monitor.domain.rolling import rolling_minutes
from slm_monitor.domain.rolling.rolling_derived import RollingTickets, RollingVerdicts


class RollingStatesTarget(CompositeMembers, RollingStateTarget):
    """A composite of states over a rolling window."""

    async def derive(
        self,
        store: EvaluationStore,
        excluded: ExclusionIndex,
        dirty: Invalidation,
        moment: EvaluationMoment,
        changes: Changes,
    ) -> int | None:
        """Evaluate the new and the invalidated minutes; return the next instant at which time alone may change one."""
        timelines = await self._timelines(store)
        return self.evaluate(lambda terms: self._joint(terms, timelines), excluded, dirty.since, moment, changes)


class _ByMinute(RollingTargetBase):
    """A rolling target whose windows include the minute that they end with."""

    def _first(self) -> int:
        return rolling_minutes.first_minute(self.target_state.line)


class RollingVerdictsTarget(CompositeMembers, _ByMinute):
    """A composite of verdicts over a rolling window. The missed runs of its members say in which minutes too few of
    them met their objective."""

    async def derive(
        self,
        store: EvaluationStore,
        excluded: ExclusionIndex,
        dirty: Invalidation,
        moment: EvaluationMoment,
        changes: Changes,
    ) -> int | None:
        """Evaluate the new and the invalidated minutes; return the next instant at which time alone may change one."""
        line = self.target_state.line
        if moment.as_of // MINUTE < self._first():
            return self._first() * MINUTE
        members = sorted({target_id for each in self._compositions.values() for target_id in each.target_ids})
        runs = await store.member_runs(members, line.latest.window)
        windows = await store.member_windows(members, [line.latest.window])
        heard = {target_id for (target_id, _), window in windows.items() if window.verdict != "no_data"}
        rolled = RollingVerdicts(self._compositions, runs, set(members) - heard)
        due = self._roll(lambda _: rolled, dirty.since, moment, changes)
        return None if due is None else min(due, line.ends_at)


class RollingComplianceTarget(ClockMembers, _ByMinute):
    """Compliance over a rolling window: the share of tickets that met their clock, among those whose clock ended in
    it."""

    async def derive(
        self,
        store: EvaluationStore,
        excluded: ExclusionIndex,
        dirty: Invalidation,
        moment: EvaluationMoment,
        changes: Changes,
    ) -> int | None:
        """Evaluate the new and the invalidated minutes; return the next instant at which time alone may change one."""
        line, present = self.target_state.line, moment.as_of // MINUTE
        if present < self._first():
            return self._first() * MINUTE
        first, last = self._looks_at(dirty.since, moment)
        length = line.latest.rolling_microseconds
        begins_at = max(self._first() * MINUTE, (first + 1) * MINUTE - length)
        ended = await store.clocks_ended(self._clocks, (begins_at, (last + 1) * MINUTE), moment.as_of)
        rolled = RollingTickets(ended, length)
        return self._roll(lambda _: rolled, dirty.since, moment, changes)
