"""A target's one rolling window: which of its minutes have to be judged, stretch by stretch, and judging them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from slm_monitor.application.evaluators.schedule.calendar_windows import CalendarWindowTarget
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.reconciliation import EvaluationMoment
from slm_monitor.domain.lifecycle.target_state import Changes, Window
from slm_monitor.domain.rolling import rolling_minutes, rolling_target
from slm_monitor.domain.rolling.rolling_windows import RollingSource

RolledFrom = Callable[[int], RollingSource]
"""What the windows that end with a minute and the later ones are worked out from, by the terms in force at it."""


class RollingWindowTarget(CalendarWindowTarget):
    """Minutes are judged that have begun: a window looks back on what lies before the minute it ends with."""

    def _first(self) -> int:
        """The first minute to judge: what lies before it may be of the term."""
        return rolling_minutes.first_minute(self.standing.line) + 1

    def _window(self) -> Window:
        line = self.standing.line
        window = self.standing.windows.get(line.latest.window)
        if window is None:
            window = Window(line.target_id, line.latest.window, line.latest.version, line.begins_at, line.ends_at)
            self.standing.windows[window.window_id] = window
        if window.judged_to is None:
            window.judged_to = window.detail.get("judged_to", self._first() - 1)
        return window

    def _ranges(self, window: Window, since: int | None, moment: EvaluationMoment) -> Iterator[tuple[int, int]]:
        """The minutes to judge anew, parted where another version takes effect."""
        line, present = self.standing.line, moment.as_of // MINUTE
        rolling_minutes.hold_back(window, line, moment.through)
        for start, end in rolling_minutes.minutes_to_evaluate(window, line, None, since, present, moment.through):
            at = start
            while at <= end:
                following = line.begins_after(at * MINUTE)
                until = end if following is None else min(end, -(-following // MINUTE) - 1)
                yield at, max(at, until)
                at = max(at, until) + 1

    def _looks_at(self, since: int | None, moment: EvaluationMoment) -> tuple[int, int]:
        """The minutes (first, last) that a judgement will look at, its windows not counted."""
        window = self._window()
        ranges = list(self._ranges(window, since, moment))
        assert window.judged_to is not None
        last = max([window.judged_to, *(end for _, end in ranges)])
        return min([last, *(start for start, _ in ranges)]), last

    def _roll(
        self, rolled_from: RolledFrom, since: int | None, moment: EvaluationMoment, changes: Changes
    ) -> int | None:
        """Judge the minutes that are new or touched; returns the next instant at which time alone may change one."""
        window = self._window()
        stretches = [
            rolling_target.evaluate_minutes(self.standing.line, rolled_from(start), start, end)
            for start, end in self._ranges(window, since, moment)
        ]
        assert window.judged_to is not None
        latest = max([window.judged_to, *(stretch.last for stretch in stretches)])
        due = rolling_target.reconcile_rolling(self.standing, window, rolled_from(latest), stretches, moment, changes)
        window.detail = {**window.detail, "judged_to": window.judged_to}
        return due if due is not None and due > moment.as_of else None
