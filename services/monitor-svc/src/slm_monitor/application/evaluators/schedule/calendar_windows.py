"""The windows of a target at fixed instants, of the calendar or of a critical period: their bounds, and which of them
must be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator

from slm_calendar.windows import Window
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import terms_withdrawal
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState, TargetWindow
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.terms.terms_history import SPLIT, FigureHistory


class CalendarWindowTarget:
    """A target evaluated by windows at fixed instants, in order of time. There may be gaps between the windows."""

    def __init__(self, target_state: TargetState) -> None:
        self.target_state = target_state
        self._closed_to = target_state.line.begins_at
        """Every window that begins before this instant (µs) is closed."""
        self._next: int | None = None
        self._recent: TargetWindow | None = None
        self._undone: list[TargetWindow] = []

    def amend(self, line: FigureHistory) -> None:
        """Replace the target's terms.

        Windows that are not closed get the bounds of the new terms, or are dropped if the new terms have no such
        window.
        """
        self.target_state.line = line
        self._recent = None
        for window in list(self.target_state.windows.values()):
            if line.latest.window_kind == "rolling":
                window.end = line.ends_at
            elif window.closed_at is None:
                self._bound(window)

    def _bound(self, window: TargetWindow) -> None:
        """Set the end of an open window to the end that the present terms define.

        If the present terms have no such window, drop it.
        """
        span = self._span(window.start)
        if span is not None and (span.id, span.start) == (window.window_id, window.start):
            window.end = span.end
        else:
            del self.target_state.windows[window.window_id]
            self._undone.append(window)

    def _span(self, instant: UtcMicroseconds) -> Window | None:
        return find_window_at(self.target_state.line, instant)

    def _window_of(self, span: Window) -> TargetWindow | None:
        """Return the window with these bounds, created when first needed; None if a closed window has the same id and
        other bounds.
        """
        window = self.target_state.windows.get(span.id)
        if window is None:
            terms = self.target_state.line.at(span.start) or self.target_state.line.latest
            window = TargetWindow(terms.target_id, span.id, terms.version, span.start, span.end)
            self.target_state.windows[span.id] = window
        return window if window.start <= span.start < window.end else None

    def _window_at(self, instant: UtcMicroseconds) -> TargetWindow | None:
        """Return the window that contains an instant; None outside the term of the agreement."""
        recent = self._recent
        if recent is None or not recent.start <= instant < recent.end:
            span = self._span(instant)
            self._recent = recent = None if span is None else self._window_of(span)
        return recent if recent is not None and recent.start <= instant < recent.end else None

    def _touched(
        self, since: UtcMicroseconds | None, moment: EvaluationMoment
    ) -> Iterator[tuple[TargetWindow, FigureTarget]]:
        """Yield the windows to evaluate, each with its terms.

        These are the open windows and, unless ``since`` is None, all windows that end after ``since``. Two kinds are
        left out: windows that begin after ``moment.as_of``, and windows that ended by ``moment.through``, which wait
        for an import.
        """
        line, as_of = self.target_state.line, moment.as_of
        first = self._closed_to if since is None else min(self._closed_to, max(line.begins_at, since))
        at: UtcMicroseconds | None = first if moment.through is None else max(first, moment.through)
        while at is not None and at <= as_of:
            span = self._span(at)
            if span is None:
                following = find_next_window_start(line, at)
                if at <= self._closed_to:
                    self._closed_to = max(self._closed_to, as_of if following is None else min(following, as_of))
                at = following
                continue
            window, terms = self._window_of(span), line.at(span.start)
            is_touched = window is not None and (window.closed_at is None or (since is not None and window.end > since))
            if window is not None and terms is not None and is_touched:
                yield window, terms
            if (window is None or window.closed_at is not None) and span.start <= self._closed_to:
                self._closed_to = max(self._closed_to, span.end)
            at = span.end
        self._next = at if at is not None and at < line.ends_at else None

    def _undo(self, moment: EvaluationMoment, changes: EvaluationChanges) -> None:
        """Withdraw the published results of windows that an amendment has dropped."""
        for window in self._undone:
            terms_withdrawal.delete_obsolete_window(self.target_state, window, moment, changes)
        self._undone.clear()


def compute_window_closing_instant(window: TargetWindow, terms: FigureTarget) -> UtcMicroseconds | None:
    """Return the instant (µs) at which an open window is to be closed, after the agreed delay; None if it is closed."""
    return None if window.closed_at is not None else window.end + terms.closing_delay


def find_window_at(line: FigureHistory, instant: UtcMicroseconds) -> Window | None:
    """Return the window that contains an instant, cut to the term of the agreement; None outside the term, and between
    two occurrences of a critical period.

    A window that began before an amendment keeps its end, whatever windows the new terms have. But if the amendment
    splits windows, the window is cut where the amendment takes effect. Its second part is named after the new version:
    ``2026-11.v2``.
    """
    terms = line.at(instant)
    if terms is None or terms.schedule is None:
        return None
    whole, start = terms.schedule.at(instant), line.begins_at
    is_first, is_split = terms is line.versions[0], terms.on_amendment == SPLIT
    if not is_first and not is_split:
        earlier = find_window_at(line, terms.effective_at - 1)
        if earlier is not None and instant < earlier.end:
            return earlier
        if earlier is not None and whole is not None and earlier.id == whole.id:
            # An amendment prolonged this occurrence after it had begun: it keeps the end that it had.
            return None
        start = max(start, terms.effective_at if earlier is None else earlier.end)
    if whole is None:
        return None
    start, name = max(start, whole.start), whole.id
    if is_split and (not is_first or line.continues) and whole.start < terms.effective_at:
        start, name = terms.effective_at, f"{whole.id}.v{terms.version}"
    cut = line.cut_after(instant)
    end = min(whole.end, line.unbroken_until(instant), whole.end if cut is None else cut)
    return Window(name, start, end)


def find_next_window_start(line: FigureHistory, instant: UtcMicroseconds) -> UtcMicroseconds | None:
    """Return the next instant at which a window may begin, after an instant that lies in no window; None if none will.

    This is the start of the next occurrence by the terms in force, or the instant at which another version takes
    effect.
    """
    terms = line.at(instant)
    following = None if terms is None or terms.schedule is None else terms.schedule.starting_after(instant)
    ahead = [None if following is None else following.start, line.begins_after(instant)]
    return min((at for at in ahead if at is not None), default=None)
