"""Availability over a rolling window: judged at each change and each minute, by the runs of missed minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from slm_calendar import service_hours
from slm_calendar.intervals import Interval
from slm_monitor.application.calendar_windows import CalendarWindows
from slm_monitor.application.excluded import Excluded
from slm_monitor.application.state_target import StatesOf
from slm_monitor.domain import rolling_minutes, rolling_target
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.measures import Counts, Measure
from slm_monitor.domain.passed_time import PassedTime
from slm_monitor.domain.rolling_sums import Summed
from slm_monitor.domain.settling import Moment, Standing
from slm_monitor.domain.standing import Changes, Window
from slm_monitor.domain.terms import ServiceLevelTarget


class _Minutes:
    """The time that passed as sums by the minute: minute m holds what passed in the minute before it began, so that
    the window that ends with m ends at its first instant."""

    def __init__(self, passed: PassedTime) -> None:
        self._passed = passed

    def minutes(self, measure: Measure, first: int, last: int) -> tuple[Counts, Counts]:
        edges = np.arange(first - 1, last + 1, dtype=np.int64) * MINUTE
        good, total = self._passed.sums(edges)
        return np.diff(good), np.diff(total)


class _Nothing:
    """Exclusions and service hours are taken out of states exactly, not by the minute."""

    def minutes_of(self, terms: ServiceLevelTarget) -> Sequence[Interval]:
        return ()


class RollingStateTarget(CalendarWindows):
    """``standing.line`` has no service hours: they are in the sums already."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(standing)
        self._exact = standing.line
        self._passed: dict[int, PassedTime] = {}

    def amend(self, line: TermsLine) -> None:
        super().amend(line)
        self._exact = line
        always = copy(line)
        always.versions = [replace(terms, hours=service_hours.ALWAYS) for terms in line.versions]
        self.standing.line = always

    def judge(
        self, states: StatesOf, excluded: Excluded, since: int | None, moment: Moment, changes: Changes
    ) -> int | None:
        """Judge the minutes that are new or touched; returns the next instant at which time alone may change one."""
        line = self.standing.line
        first, present = rolling_minutes.first_minute(line) + 1, moment.as_of // MINUTE
        if present < first:
            return first * MINUTE
        window = self._window(first)
        stretches = []
        for start, end in self._ranges(window, since, present):
            terms = self._terms(start)
            rolled = self._rolled(states, excluded, terms, start, present, since)
            stretches.append(rolling_target.look(line, rolled, start, end))
        assert window.judged_to is not None
        latest = max([window.judged_to, *(stretch.last for stretch in stretches)])
        terms = self._terms(latest)
        rolled = self._rolled(states, excluded, terms, latest, present, since)
        due = rolling_target.judge(self.standing, window, rolled, stretches, moment, changes)
        is_moving = window.good != window.total or self._is_down(states, terms, moment.as_of)
        unit = self._passed[terms.version].unit
        window.good, window.total = window.good // unit, window.total // unit
        window.detail = {**window.detail, "down": window.total - window.good, "judged_to": window.judged_to}
        if moment.as_of >= line.ends_at:
            return None
        following = (present + 1) * MINUTE if is_moving else None
        dues = [each for each in (due, following) if each is not None and each > moment.as_of]
        return min(dues, default=None)

    def _window(self, first: int) -> Window:
        line = self.standing.line
        window = self.standing.windows.get(line.latest.window)
        if window is None:
            window = Window(line.target_id, line.latest.window, line.latest.version, line.begins_at, line.ends_at)
            self.standing.windows[window.window_id] = window
        if window.judged_to is None:
            window.judged_to = window.detail.get("judged_to", first - 1)
        return window

    def _ranges(self, window: Window, since: int | None, present: int) -> Iterator[tuple[int, int]]:
        """The minutes to judge anew, parted where another version takes effect."""
        line = self.standing.line
        for start, end in rolling_minutes.ranges(window, line, None, since, present):
            at = start
            while at <= end:
                following = line.begins_after(at * MINUTE)
                until = end if following is None else min(end, -(-following // MINUTE) - 1)
                yield at, max(at, until)
                at = max(at, until) + 1

    def _terms(self, minute: int) -> ServiceLevelTarget:
        return self._exact.at(minute * MINUTE) or self._exact.latest

    def _rolled(
        self, states: StatesOf, excluded: Excluded, terms: ServiceLevelTarget, minute: int, present: int,
        since: int | None,
    ) -> Summed:  # fmt: skip
        """The sums of the windows that end with a minute and the later ones."""
        reach = (rolling_minutes.reach(self.standing.line) + 2) * MINUTE
        begins_at = max(self._exact.begins_at, minute * MINUTE - reach)
        out = excluded.intervals_of(terms)
        passed = self._passed.get(terms.version)
        if passed is None or passed.terms is not terms or passed.excluded is not out or passed.begins_at > begins_at:
            self._passed[terms.version] = passed = PassedTime(terms, out, begins_at)
        passed.follow(states(terms), present * MINUTE, since)
        passed.leave(begins_at)
        return Summed(self.standing.line, _Minutes(passed), _Nothing())

    def _is_down(self, states: StatesOf, terms: ServiceLevelTarget, as_of: int) -> bool:
        return any(each.state != "up" for each in states(terms).segments(as_of, as_of + 1))
