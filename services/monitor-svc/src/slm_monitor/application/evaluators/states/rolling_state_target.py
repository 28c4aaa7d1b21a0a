"""Availability, outages and recoveries over a rolling window: judged at each change and minute, by runs of minutes."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from slm_calendar import service_hours
from slm_calendar.intervals import Interval
from slm_monitor.application.evaluators.schedule.rolling_windows import RollingWindowTarget
from slm_monitor.application.evaluators.states.state_target import StatesOf
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.reconciliation import EvaluationMoment, TargetState
from slm_monitor.domain.lifecycle.target_state import Changes
from slm_monitor.domain.rolling import rolling_minutes
from slm_monitor.domain.rolling.rolling_outages import RollingOutages
from slm_monitor.domain.rolling.rolling_recoveries import RollingRecoveries
from slm_monitor.domain.rolling.rolling_sums import RollingSums
from slm_monitor.domain.rolling.rolling_windows import RollingSource
from slm_monitor.domain.series.classifiers import Classifier, Counts
from slm_monitor.domain.states.timeline import Timeline
from slm_monitor.domain.states.uptime_sums import UptimeSums
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory


class _Minutes:
    """The time that passed as sums by the minute: minute m holds what passed in the minute before it began, so that
    the window that ends with m ends at its first instant."""

    def __init__(self, passed: UptimeSums) -> None:
        self._passed = passed

    def minutes(self, measure: Classifier, first: int, last: int) -> tuple[Counts, Counts]:
        edges = np.arange(first - 1, last + 1, dtype=np.int64) * MINUTE
        good, total = self._passed.sums(edges)
        return np.diff(good), np.diff(total)


class _NoExclusions:
    """Exclusions and service hours are taken out of states exactly, not by the minute."""

    def minutes_of(self, terms: ServiceLevelTarget) -> Sequence[Interval]:
        return ()


class RollingStateTarget(RollingWindowTarget):
    """``standing.line`` has no service hours: they are in the sums already."""

    def __init__(self, standing: TargetState) -> None:
        super().__init__(standing)
        self._exact = standing.line
        self._passed: dict[int, UptimeSums] = {}

    def amend(self, line: TermsHistory) -> None:
        super().amend(line)
        self._exact = line
        always = copy(line)
        always.versions = [replace(terms, hours=service_hours.ALWAYS) for terms in line.versions]
        self.standing.line = always

    def judge(
        self, states: StatesOf, excluded: ExclusionIndex, since: int | None, moment: EvaluationMoment, changes: Changes
    ) -> int | None:
        """Judge the minutes that are new or touched; returns the next instant at which time alone may change one."""
        line, present = self.standing.line, moment.as_of // MINUTE
        if present < self._first():
            return self._first() * MINUTE
        due = self._roll(
            lambda minute: self._rolled(states, excluded, self._terms(minute), minute, present, since),
            since,
            moment,
            changes,
        )
        moves_at = self._measure(states, moment.as_of)
        if moment.as_of >= line.ends_at:
            return None
        return min((each for each in (due, moves_at) if each is not None), default=None)

    def _measure(self, states: StatesOf, as_of: int) -> int | None:
        """Have the figures in microseconds; when to look again, as time alone moves them."""
        window = self._window()
        assert window.judged_to is not None
        terms = self._terms(window.judged_to)
        unit = self._passed[terms.version].unit
        # What does not count leaves the window by and by; service hours do so for ever, and change no more than sums.
        is_filling = terms.hours.always_open and window.total < terms.rolling_microseconds * unit
        is_moving = window.good != window.total or is_filling
        window.good, window.total = window.good // unit, window.total // unit
        window.detail["down"] = window.total - window.good
        # Facts may speak of what lies ahead of the instant up to which all are in, and silence lies ahead of the last.
        ahead = states(terms).segments(as_of, max(self.standing.line.ends_at, as_of))
        changes_at = as_of if is_moving else next((each.start for each in ahead if each.state != "up"), None)
        if changes_at is None:
            return None
        return changes_at if changes_at > as_of else (as_of // MINUTE + 1) * MINUTE

    def _terms(self, minute: int) -> ServiceLevelTarget:
        return self._exact.at(minute * MINUTE) or self._exact.latest

    def _rolled(
        self,
        states: StatesOf,
        excluded: ExclusionIndex,
        terms: ServiceLevelTarget,
        minute: int,
        present: int,
        since: int | None,
    ) -> RollingSource:
        """The sums of the windows that end with a minute and the later ones."""
        reach = (rolling_minutes.lookback_of(self.standing.line) + 2) * MINUTE
        begins_at = max(self._exact.begins_at, minute * MINUTE - reach)
        out = excluded.intervals_of(terms)
        passed = self._passed.get(terms.version)
        if passed is None or passed.terms is not terms or passed.excluded is not out or passed.begins_at > begins_at:
            self._passed[terms.version] = passed = UptimeSums(terms, out, begins_at)
        passed.follow(states(terms), present * MINUTE, since)
        passed.leave(begins_at)
        return RollingSums(self.standing.line, _Minutes(passed), _NoExclusions())


class RollingOutageTarget(RollingStateTarget):
    """An outage counts from the instant at which it reaches the length, while its start lies in the window."""

    def _measure(self, states: StatesOf, as_of: int) -> int | None:
        return None

    def _rolled(
        self,
        states: StatesOf,
        excluded: ExclusionIndex,
        terms: ServiceLevelTarget,
        minute: int,
        present: int,
        since: int | None,
    ) -> RollingSource:
        begins_at = max(self._exact.begins_at, minute * MINUTE - terms.rolling_microseconds)
        return RollingOutages(states(terms), terms, excluded.intervals_of(terms), begins_at, present * MINUTE)


class RollingRecoveryTarget(RollingStateTarget):
    """A recovery counts while the instant at which service was back lies in the window."""

    def _measure(self, states: StatesOf, as_of: int) -> int | None:
        return None

    def _rolled(
        self,
        states: StatesOf,
        excluded: ExclusionIndex,
        terms: ServiceLevelTarget,
        minute: int,
        present: int,
        since: int | None,
    ) -> RollingSource:
        stated = states(terms)
        assert isinstance(stated, Timeline)
        span = (max(self._exact.begins_at, minute * MINUTE - terms.rolling_microseconds), self._exact.ends_at)
        return RollingRecoveries(stated.recoveries, terms, span, excluded.intervals_of(terms))
