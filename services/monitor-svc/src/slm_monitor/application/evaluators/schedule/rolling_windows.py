"""The rolling window of a target: which of its minutes must be evaluated, and their evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from slm_monitor.application.evaluators.schedule.calendar_windows import CalendarWindowTarget
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import Changes, EvaluationMoment, Window
from slm_monitor.domain.rolling import rolling_minutes, rolling_target
from slm_monitor.domain.rolling.rolling_windows import RollingSource

RolledFrom = Callable[[int], RollingSource]
"""The sums for windows that end with a minute or a later one, by the terms in force at that minute."""


class RollingTargetBase(CalendarWindowTarget):
    """Base of the targets of states and of derived targets that are evaluated minute by minute.

    Only minutes that have begun are evaluated: a window ends at its minute's start.
    """

    def _first(self) -> int:
        """The first minute to evaluate: the first whose window can hold time of the term."""
        return rolling_minutes.first_minute(self.target_state.line) + 1

    def _window(self) -> Window:
        line = self.target_state.line
        window = self.target_state.windows.get(line.latest.window)
        if window is None:
            window = Window(line.target_id, line.latest.window, line.latest.version, line.begins_at, line.ends_at)
            self.target_state.windows[window.window_id] = window
        if window.judged_to is None:
            window.judged_to = window.detail.get("judged_to", self._first() - 1)
        return window

    def _ranges(self, window: Window, since: int | None, moment: EvaluationMoment) -> Iterator[tuple[int, int]]:
        """Ranges of minutes (first, last) to evaluate, split where another version takes effect."""
        line, present = self.target_state.line, moment.as_of // MINUTE
        rolling_minutes.hold_back(window, line, moment.through)
        for start, end in rolling_minutes.minutes_to_evaluate(window, line, None, since, present, moment.through):
            at = start
            while at <= end:
                following = line.begins_after(at * MINUTE)
                until = end if following is None else min(end, -(-following // MINUTE) - 1)
                yield at, max(at, until)
                at = max(at, until) + 1

    def _looks_at(self, since: int | None, moment: EvaluationMoment) -> tuple[int, int]:
        """The first and the last minute that an evaluation will set, without the minutes its windows look back on."""
        window = self._window()
        ranges = list(self._ranges(window, since, moment))
        assert window.judged_to is not None
        last = max([window.judged_to, *(end for _, end in ranges)])
        return min([last, *(start for start, _ in ranges)]), last

    def _roll(
        self, rolled_from: RolledFrom, since: int | None, moment: EvaluationMoment, changes: Changes
    ) -> int | None:
        """Evaluate the new and the invalidated minutes; return the next instant at which time alone may change one."""
        window = self._window()
        evaluated = [
            rolling_target.evaluate_minutes(self.target_state.line, rolled_from(start), start, end)
            for start, end in self._ranges(window, since, moment)
        ]
        assert window.judged_to is not None
        latest = max([window.judged_to, *(minutes.last for minutes in evaluated)])
        due = rolling_target.reconcile_rolling(
            self.target_state, window, rolled_from(latest), evaluated, moment, changes
        )
        window.detail = {**window.detail, "judged_to": window.judged_to}
        return due if due is not None and due > moment.as_of else None
