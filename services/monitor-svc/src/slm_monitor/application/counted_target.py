"""A target of values summed by the minute: what they come to in each of its calendar windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slm_monitor.application.calendar_windows import CalendarWindows, close_of
from slm_monitor.application.touched import Dirty
from slm_monitor.domain import findings, settling, withdrawing
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.findings import RiskFinding
from slm_monitor.domain.series import Delta, Series
from slm_monitor.domain.settling import Moment, Standing
from slm_monitor.domain.standing import Changes


class CountedTarget(CalendarWindows):
    """``tallies``: window → [good, total] of the values counted in it so far."""

    def __init__(self, standing: Standing, tallies: Mapping[str, Sequence[int]] | None) -> None:
        super().__init__(standing)
        self.tallies: dict[str, list[int]] = {window: [*sums] for window, sums in (tallies or {}).items()}
        self.is_tallied = tallies is not None

    def recount(self) -> None:
        """Forget the sums: they were counted by other terms."""
        self.tallies.clear()
        self.is_tallied = False

    def judge(self, burning: Sequence[RiskFinding], dirty: Dirty, moment: Moment, changes: Changes) -> int | None:
        """Judge the windows of the touched minutes and the open ones; likewise."""
        since = dirty.since
        if dirty.minutes is not None:
            first = dirty.minutes[0] * MINUTE
            since = first if since is None else min(since, first)
        self._undo(moment, changes)
        dues: list[int | None] = []
        for window, terms in self._touched(since, moment.as_of):
            good, total = self.tallies.get(window.window_id, (0, 0))
            now_burning = burning if window.start <= moment.now < window.end else ()
            finding = findings.of_share(good, total, terms, window.end, moment.as_of, now_burning)
            withdrawing.of_other_terms(self.standing, window, terms, moment, changes)
            settling.settle_window(self.standing, window, terms, finding, moment, changes)
            dues.append(close_of(window, terms))
        return min((due for due in [*dues, self._next] if due is not None), default=None)

    def add(self, series: Series, deltas: Sequence[Delta]) -> None:
        """Count what a batch adds to the windows; before the past was summed, the sum will find it there."""
        terms = self.standing.line.latest
        if terms.window_kind != "calendar" or terms.threshold is None or not self.is_tallied:
            return
        for delta in deltas:
            self._count(series, delta)

    def _count(self, series: Series, delta: Delta) -> None:
        at = delta.minute * MINUTE
        window = self._window_at(at)
        terms = None if window is None else self.standing.line.at(window.start)
        if window is None or terms is None or terms.threshold is None:
            return
        if terms.hours.always_open or terms.hours.is_open(at):
            sums = self.tallies.setdefault(window.window_id, [0, 0])
            sums[0] += delta.good[series.thresholds.index(terms.threshold)]
            sums[1] += delta.total

    def tally(self, series: Series, number: int) -> None:
        """Count one hour of a series that is in memory."""
        hour = series.hours[number]
        for minute in range(60):
            if hour.total[minute]:
                good = tuple(int(count) for count in hour.good[:, minute])
                self._count(series, Delta(number * 60 + minute, int(hour.total[minute]), good))
