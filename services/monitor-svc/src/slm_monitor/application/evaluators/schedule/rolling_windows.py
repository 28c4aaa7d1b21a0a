"""The rolling window of a target: selection of the minutes to evaluate, and their evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.evaluators.schedule.calendar_windows import CalendarWindowTarget
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import NO_MINUTE, EvaluationChanges, EvaluationMoment, TargetWindow
from slm_monitor.domain.rolling import rolling_minutes, rolling_target
from slm_monitor.domain.rolling.rolling_windows import RollingWindowSource

RolledFrom = Callable[[int], RollingWindowSource]
"""Function of a minute: it returns the sums of the windows that end with that minute or later, under the terms in force
at that minute.
"""


class RollingTargetBase(CalendarWindowTarget):
    """Base of two kinds of rolling targets: targets of states, and derived targets.

    Each target is evaluated once for each minute that has begun. The window at a minute ends at the first instant of
    that minute. In the subclass ``_ByMinute``, the window includes the minute.
    """

    def _first(self) -> int:
        """Return the first minute to evaluate: the first whose window can contain time of the agreement's term."""
        return rolling_minutes.find_first_minute_of_term(self.target_state.line) + 1

    def _window(self) -> TargetWindow:
        line = self.target_state.line
        window = self.target_state.windows.get(line.latest.window)
        if window is None:
            window = TargetWindow(line.target_id, line.latest.window, line.latest.version, line.begins_at, line.ends_at)
            self.target_state.windows[window.window_id] = window
        if window.judged_to == NO_MINUTE:
            window.judged_to = window.detail.get("judged_to", self._first() - 1)
        return window

    def _ranges(
        self, window: TargetWindow, since: UtcMicroseconds | None, moment: EvaluationMoment
    ) -> Iterator[tuple[int, int]]:
        """Yield ranges of minutes (first, last) to evaluate, split where another version of the terms takes effect.

        These are the minutes since the last evaluation and, unless ``since`` is None, all earlier minutes from the
        instant ``since`` (microseconds) on. Minutes that an import holds are left out.
        """
        line, present = self.target_state.line, moment.as_of // MINUTE
        rolling_minutes.skip_minutes_held_by_import(window, line, moment.through)
        for start, end in rolling_minutes.find_minutes_to_evaluate(window, line, None, since, present, moment.through):
            at = start
            while at <= end:
                following = line.begins_after(at * MINUTE)
                until = end if following is None else min(end, -(-following // MINUTE) - 1)
                yield at, max(at, until)
                at = max(at, until) + 1

    def _looks_at(self, since: UtcMicroseconds | None, moment: EvaluationMoment) -> tuple[int, int]:
        """Return the first and the last minute (since 1970) to evaluate. A minute's window contains earlier minutes."""
        window = self._window()
        ranges = list(self._ranges(window, since, moment))
        last = max([window.judged_to, *(end for _, end in ranges)])
        return min([last, *(start for start, _ in ranges)]), last

    def _roll(
        self,
        rolled_from: RolledFrom,
        since: UtcMicroseconds | None,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
    ) -> UtcMicroseconds | None:
        """Evaluate the minutes since the last evaluation, and all earlier minutes from the instant ``since`` on.

        Return the next instant (µs) at which a result may change without new data; None if there is none.
        """
        window = self._window()
        evaluated = [
            rolling_target.evaluate_rolling_minutes(self.target_state.line, rolled_from(start), start, end)
            for start, end in self._ranges(window, since, moment)
        ]
        latest = max([window.judged_to, *(minutes.last for minutes in evaluated)])
        due = rolling_target.reconcile_rolling_target(
            self.target_state, window, rolled_from(latest), evaluated, moment, changes
        )
        window.detail = {**window.detail, "judged_to": window.judged_to}
        return due if due is not None and due > moment.as_of else None
