"""The calendar windows of a target: their bounds, and which of them must be evaluated."""

from __future__ import annotations

from collections.abc import Iterator

from slm_calendar import windows as calendar_windows
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import terms_withdrawal
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState, TargetWindow
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import SPLIT, TargetTermsHistory


class CalendarWindowTarget:
    """A target evaluated by calendar windows, in order of time."""

    def __init__(self, target_state: TargetState) -> None:
        self.target_state = target_state
        self._closed_to = target_state.line.begins_at
        """Every window that begins before this instant (µs) is closed."""
        self._next: int | None = None
        self._recent: TargetWindow | None = None
        self._undone: list[TargetWindow] = []

    def amend(self, line: TargetTermsHistory) -> None:
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

    def _span(self, instant: UtcMicroseconds) -> calendar_windows.Window | None:
        return find_window_at(self.target_state.line, instant)

    def _window_of(self, span: calendar_windows.Window) -> TargetWindow | None:
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
    ) -> Iterator[tuple[TargetWindow, ServiceLevelTarget]]:
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
                at = line.begins_after(at)
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


def compute_window_closing_instant(window: TargetWindow, terms: ServiceLevelTarget) -> UtcMicroseconds | None:
    """Return the instant (µs) at which an open window is to be closed, after the agreed delay; None if it is closed."""
    return None if window.closed_at is not None else window.end + terms.closing_delay


def find_window_at(line: TargetTermsHistory, instant: UtcMicroseconds) -> calendar_windows.Window | None:
    """Return the window that contains an instant, cut to the term of the agreement; None outside the term.

    A window that began before an amendment keeps its end, whatever period the new terms have. But if the amendment
    splits windows, the window is cut where the amendment takes effect. Its second part is named after the new version:
    ``2026-11.v2``.
    """
    terms = line.at(instant)
    if terms is None:
        return None
    whole = calendar_windows.window_at(terms.window, terms.zone, instant)
    start, name = max(whole.start, line.begins_at), whole.id
    cut = line.cut_after(instant)
    end = min(whole.end, line.unbroken_until(instant), whole.end if cut is None else cut)
    is_first = terms is line.versions[0]
    if terms.on_amendment == SPLIT and (not is_first or line.continues):
        if whole.start < terms.effective_at:
            start, name = terms.effective_at, f"{whole.id}.v{terms.version}"
    elif not is_first:
        earlier = find_window_at(line, terms.effective_at - 1)
        if earlier is not None and instant < earlier.end:
            return earlier
        start = max(start, terms.effective_at if earlier is None else earlier.end)
    return calendar_windows.Window(name, start, end)
