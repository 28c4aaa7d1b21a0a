"""One target with its calendar windows: which there are, their sums, and judging those that were touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slm_calendar import windows as calendar_windows
from slm_monitor.application.touched import Dirty
from slm_monitor.domain import findings, settling, withdrawing
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.findings import RiskFinding
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.series import Delta, Series
from slm_monitor.domain.settling import Moment, Standing
from slm_monitor.domain.standing import Changes, Window
from slm_monitor.domain.terms import ServiceLevelTarget
from slm_monitor.domain.timeline import DEGRADED, DOWN, Timeline


class CalendarWindows:
    """A target's windows in order. ``tallies``: window → [good, total] of the values counted in it so far."""

    def __init__(self, standing: Standing, tallies: Mapping[str, Sequence[int]] | None) -> None:
        self.standing = standing
        self.tallies: dict[str, list[int]] = {window: [*sums] for window, sums in (tallies or {}).items()}
        self.is_tallied = tallies is not None
        self._closed_to = standing.line.begins_at
        """Every window that begins before this instant is closed."""
        self._next: int | None = None
        self._recent: Window | None = None
        self._undone: list[Window] = []

    def amend(self, line: TermsLine) -> None:
        """Other terms from some instant on: windows not yet closed begin and end as these terms say, or not at all."""
        self.standing.line = line
        self._recent = None
        for window in list(self.standing.windows.values()):
            if line.latest.window_kind == "rolling":
                window.end = line.ends_at
            elif window.closed_at is None:
                self._bound(window)

    def _bound(self, window: Window) -> None:
        span = self._span(window.start)
        if span is not None and (span.id, span.start) == (window.window_id, window.start):
            window.end = span.end
        else:
            del self.standing.windows[window.window_id]
            self._undone.append(window)

    def recount(self) -> None:
        """Forget the sums: they were counted by other terms."""
        self.tallies.clear()
        self.is_tallied = False

    def _span(self, instant: int) -> calendar_windows.Window | None:
        """The window in which an instant lies, clipped to the term; None outside it.

        A window begun under earlier terms runs to its end, whatever period those in force by then have.
        """
        line = self.standing.line
        terms = line.at(instant)
        if terms is None:
            return None
        whole = calendar_windows.window_at(terms.window, terms.zone, instant)  # type: ignore[arg-type]
        start = max(whole.start, line.begins_at)
        if terms is not line.versions[0]:
            earlier = self._span(terms.effective_at - 1)
            if earlier is not None and instant < earlier.end:
                return earlier
            start = max(start, terms.effective_at if earlier is None else earlier.end)
        return calendar_windows.Window(whole.id, start, min(whole.end, line.unbroken_until(instant)))

    def _window_of(self, span: calendar_windows.Window) -> Window | None:
        """The window of a span, made when first needed; None where another one closed under its name."""
        window = self.standing.windows.get(span.id)
        if window is None:
            terms = self.standing.line.at(span.start) or self.standing.line.latest
            window = Window(terms.target_id, span.id, terms.version, span.start, span.end)
            self.standing.windows[span.id] = window
        return window if window.start <= span.start < window.end else None

    def _window_at(self, instant: int) -> Window | None:
        """The window in which an instant lies."""
        recent = self._recent
        if recent is None or not recent.start <= instant < recent.end:
            span = self._span(instant)
            self._recent = recent = None if span is None else self._window_of(span)
        return recent if recent is not None and recent.start <= instant < recent.end else None

    def _touched(self, since: int | None, as_of: int) -> Iterator[tuple[Window, ServiceLevelTarget]]:
        """The windows to judge: all begun by ``as_of`` that are open or reach past ``since``, with their terms."""
        line = self.standing.line
        at: int | None = self._closed_to if since is None else min(self._closed_to, max(line.begins_at, since))
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

    def _undo(self, moment: Moment, changes: Changes) -> None:
        """Take back what was told of windows that other terms have undone."""
        for window in self._undone:
            withdrawing.drop_window(self.standing, window, moment, changes)
        self._undone.clear()

    def judge_availability(self, timeline: Timeline, since: int | None, moment: Moment, changes: Changes) -> int | None:
        """Judge the touched windows; returns the next instant at which time alone may change something."""
        self._undo(moment, changes)
        dues: list[int | None] = []
        burning = self._burning_down(timeline, moment.as_of)
        if burning is not None and self._was_down(timeline, moment.as_of):
            # Burn rates move with every minute: look again at the next.
            dues.append((moment.as_of // MINUTE + 1) * MINUTE)
        for window, terms in self._touched(since, moment.as_of):
            burns = burning if window.start <= moment.as_of < window.end else None
            finding = findings.of_availability(timeline, terms, window.start, window.end, moment.as_of, burns or ())
            withdrawing.of_other_terms(self.standing, window, terms, moment, changes)
            settling.settle_window(self.standing, window, terms, finding, moment, changes)
            ahead = [finding.breached_at, *(risk.at for risk in finding.risks)]
            dues += [at for at in ahead if at is not None and at > moment.as_of]
            dues.append(_close_of(window, terms))
        return min((due for due in [*dues, self._next] if due is not None), default=None)

    def _burning_down(self, timeline: Timeline, as_of: int) -> list[RiskFinding] | None:
        """The burn rate warnings that hold; None where the terms in force have no pairs."""
        terms = self.standing.line.at(as_of)
        if terms is None or not terms.warn_at.pairs:
            return None
        return findings.burning_down(timeline, terms, self.standing.line.begins_at, as_of)

    def _was_down(self, timeline: Timeline, as_of: int) -> bool:
        """Whether anything was down lately: without it no burn rate rises or falls by time alone."""
        terms = self.standing.line.at(as_of)
        assert terms is not None
        longest = max(pair.long for pair in terms.warn_at.pairs)
        return any(each.state in (DOWN, DEGRADED) for each in timeline.segments(as_of - longest, as_of + 1))

    def judge_share(self, burning: Sequence[RiskFinding], dirty: Dirty, moment: Moment, changes: Changes) -> int | None:
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
            dues.append(_close_of(window, terms))
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


def _close_of(window: Window, terms: ServiceLevelTarget) -> int | None:
    return None if window.closed_at is not None else window.end + terms.closing_delay
