"""Targets of availability, outages and recoveries over a rolling window, evaluated at each change of state and each
minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from slm_calendar import service_hours
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.schedule.rolling_windows import RollingTargetBase
from slm_monitor.application.evaluators.states.state_target import StatesOf
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.aggregations.occurrences import OccurrenceAggregation
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState
from slm_monitor.domain.rolling import rolling_minutes
from slm_monitor.domain.rolling.rolling_sums import RollingSeriesSource, RollingUptime
from slm_monitor.domain.rolling.rolling_windows import RollingWindows, RollingWindowSource
from slm_monitor.domain.series.classifiers import Counts, RowClassifier
from slm_monitor.domain.states.uptime_sums import UptimeSums
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.terms.terms_history import FigureHistory

_UPTIME = RollingUptime()


class _Minutes:
    """Service time as sums by the minute, shifted by one minute.

    The entry of minute m measures the time from (m − 1) · MINUTE to m · MINUTE, which is the minute before m. A window
    whose last entry is m therefore ends at the instant m · MINUTE.
    """

    def __init__(self, passed: UptimeSums) -> None:
        self._passed = passed

    def minutes(self, measure: RowClassifier, first: int, last: int) -> tuple[Counts, Counts]:
        edges = np.arange(first - 1, last + 1, dtype=np.int64) * MINUTE
        good, total = self._passed.sums(edges)
        return np.diff(good), np.diff(total)


class _UptimeSource(RollingSeriesSource):
    """Gives the rolling windows of uptime.

    A window that ended before an outage was long enough to count does not contain the outage.
    """

    def __init__(self, line: FigureHistory, passed: UptimeSums) -> None:
        super().__init__(line, _UPTIME, _Minutes(passed), _NoExclusions())
        self._passed = passed

    def windows(self, terms: FigureTarget, first: int, last: int) -> RollingWindows:
        found = _UPTIME.rolling.windows(self._rows(terms), first, last)
        ends = self._passed.list_late_minutes(first, last)
        good = found.good.copy()
        for minute in ends:
            end = minute * MINUTE
            good[minute - first] += self._passed.measure_late_downtime(end - terms.rolling_microseconds, end)
        return replace(found, good=good)


class _NoExclusions:
    """An empty set of excluded minutes. It is used because the sums leave out excluded time already, to the µs."""

    def minutes_of(self, terms: FigureTarget) -> Sequence[Interval]:
        return ()


class RollingAvailabilityTarget(RollingTargetBase):
    """Availability over a rolling window.

    The terms history in ``target_state`` has no service hours, because the sums contain only service time already.
    """

    def __init__(self, target_state: TargetState) -> None:
        super().__init__(target_state)
        self._exact = target_state.line
        self._passed: dict[int, UptimeSums] = {}

    def amend(self, line: FigureHistory) -> None:
        super().amend(line)
        self._exact = line
        always = copy(line)
        always.versions = [replace(terms, hours=service_hours.ALWAYS) for terms in line.versions]
        self.target_state.line = always

    def evaluate(
        self,
        states: StatesOf,
        excluded: ExclusionIndex,
        since: UtcMicroseconds | None,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        """Evaluate the minutes since the last evaluation, and all earlier minutes from the instant ``since`` on.

        Return the next instant (µs) at which a result may change without new data; None if there is none.
        """
        line, present = self.target_state.line, moment.as_of // MINUTE
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

    def _measure(self, states: StatesOf, as_of: UtcMicroseconds) -> UtcMicroseconds | None:
        """Convert the window's sums to microseconds.

        Return the next instant (µs) at which the figure may change without new data; None if there is none.
        """
        window = self._window()
        terms = self._terms(window.judged_to)
        unit = self._passed[terms.version].unit
        # A window that is not full yet grows with time as excluded time leaves it. With service hours the total always
        # varies, and only in sums, so that does not count as moving.
        is_filling = terms.hours.always_open and window.total < terms.rolling_microseconds * unit
        is_moving = window.good != window.total or is_filling
        window.good, window.total = window.good // unit, window.total // unit
        window.detail["down"] = window.total - window.good
        # Facts may lie after the watermark, and an indicator may become stale after its last one.
        ahead = states(terms).segments(as_of, max(self.target_state.line.ends_at, as_of))
        changes_at = as_of if is_moving else next((each.start for each in ahead if each.state != "up"), None)
        if changes_at is None:
            return None
        return changes_at if changes_at > as_of else (as_of // MINUTE + 1) * MINUTE

    def _terms(self, minute: int) -> FigureTarget:
        return self._exact.at(minute * MINUTE) or self._exact.latest

    def _rolled(
        self,
        states: StatesOf,
        excluded: ExclusionIndex,
        terms: FigureTarget,
        minute: int,
        present: int,
        since: UtcMicroseconds | None,
    ) -> RollingWindowSource:
        """Return the sums of the windows that end with the minute ``minute`` or later."""
        reach = (rolling_minutes.compute_lookback_minutes(self.target_state.line) + 2) * MINUTE
        begins_at = max(self._exact.begins_at, minute * MINUTE - reach)
        out = excluded.intervals_of(terms)
        passed = self._passed.get(terms.version)
        if passed is None or passed.terms is not terms or passed.excluded is not out or passed.begins_at > begins_at:
            self._passed[terms.version] = passed = UptimeSums(terms, out, begins_at)
        passed.follow(states(terms), present * MINUTE, since)
        passed.forget_before(begins_at)
        return _UptimeSource(self.target_state.line, passed)


class RollingOccurrenceTarget(RollingAvailabilityTarget):
    """Outages or recoveries over a rolling window."""

    def __init__(self, target_state: TargetState, aggregation: OccurrenceAggregation) -> None:
        super().__init__(target_state)
        self._aggregation = aggregation

    def _measure(self, states: StatesOf, as_of: UtcMicroseconds) -> UtcMicroseconds | None:
        return None

    def _rolled(
        self,
        states: StatesOf,
        excluded: ExclusionIndex,
        terms: FigureTarget,
        minute: int,
        present: int,
        since: UtcMicroseconds | None,
    ) -> RollingWindowSource:
        span = (max(self._exact.begins_at, minute * MINUTE - terms.rolling_microseconds), self._exact.ends_at)
        return self._aggregation.rolling(states(terms), terms, span, present * MINUTE, excluded.intervals_of(terms))
