"""One target with its calendar windows: which there are, their sums, and judging those that were touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slm_calendar import windows as calendar_windows
from slm_monitor.application.touched import Dirty
from slm_monitor.domain import findings, settling
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.findings import RiskFinding
from slm_monitor.domain.series import Delta, Series
from slm_monitor.domain.settling import Moment, Standing
from slm_monitor.domain.standing import Changes, Window
from slm_monitor.domain.terms import ServiceLevelTarget, TermsLine
from slm_monitor.domain.timeline import DEGRADED, DOWN, Timeline


class CalendarWindows:
    """A target's windows in order. ``tallies``: window → [good, total] of the values counted in it so far."""

    def __init__(self, standing: Standing, tallies: Mapping[str, list[int]] | None) -> None:
        self.standing = standing
        self.tallies: dict[str, list[int]] = dict(tallies or {})
        self.is_tallied = tallies is not None

    def amend(self, line: TermsLine) -> None:
        """Other terms from some instant on: windows not yet closed are clipped to where the target now ends."""
        self.standing.line = line
        for window in list(self.standing.windows.values()):
            if window.closed_at is None and window.end > line.ends_at:
                if window.start >= line.ends_at:
                    del self.standing.windows[window.window_id]
                else:
                    window.end = line.ends_at

    def _window_at(self, instant: int) -> Window | None:
        """The window in which an instant lies, made when first needed; None outside the term."""
        line = self.standing.line
        if not line.begins_at <= instant < line.ends_at:
            return None
        terms = line.at(instant) or line.latest
        whole = calendar_windows.window_at(terms.window, terms.zone, instant)  # type: ignore[arg-type]
        window = self.standing.windows.get(whole.id)
        if window is None:
            start, end = max(whole.start, line.begins_at), min(whole.end, line.ends_at)
            window = Window(line.target_id, whole.id, terms.version, start, end)
            self.standing.windows[whole.id] = window
        return window

    def _touched(self, since: int | None, as_of: int) -> Iterator[tuple[Window, ServiceLevelTarget]]:
        """The windows to judge: all begun by ``as_of`` that are open or reach past ``since``, with their terms."""
        line = self.standing.line
        at = line.begins_at
        known = self.standing.windows.values()
        if since is None and known:
            at = min((window.start for window in known if window.closed_at is None), default=max(w.end for w in known))
        elif since is not None:
            at = max(at, since)
        while (window := self._window_at(at)) is not None and window.start <= as_of:
            terms = line.at(window.start)
            if terms is not None:
                yield window, terms
            at = window.end

    def judge_availability(self, timeline: Timeline, since: int | None, moment: Moment, changes: Changes) -> int | None:
        """Judge the touched windows; returns the next instant at which time alone may change something."""
        dues = [self._next_start(moment.as_of)]
        burning = self._burning_down(timeline, moment.as_of)
        if burning is not None and self._was_down(timeline, moment.as_of):
            # Burn rates move with every minute: look again at the next.
            dues.append((moment.as_of // MINUTE + 1) * MINUTE)
        for window, terms in self._touched(since, moment.as_of):
            burns = burning if window.start <= moment.as_of < window.end else None
            finding = findings.of_availability(timeline, terms, window.start, window.end, moment.as_of, burns or ())
            settling.settle_window(self.standing, window, terms, finding, moment, changes)
            ahead = [finding.breached_at, *(risk.at for risk in finding.risks)]
            dues += [at for at in ahead if at is not None and at > moment.as_of]
            dues.append(_close_of(window, terms))
        return min((due for due in dues if due is not None), default=None)

    def _burning_down(self, timeline: Timeline, as_of: int) -> list[RiskFinding] | None:
        """The burn rate warnings that hold; None where the terms in force have no pairs."""
        terms = self.standing.line.at(as_of)
        if terms is None or not terms.burn_rate_pairs:
            return None
        return findings.burning_down(timeline, terms, self.standing.line.begins_at, as_of)

    def _was_down(self, timeline: Timeline, as_of: int) -> bool:
        """Whether anything was down lately: without it no burn rate rises or falls by time alone."""
        terms = self.standing.line.at(as_of)
        assert terms is not None
        longest = max(pair.long for pair in terms.burn_rate_pairs)
        return any(each.state in (DOWN, DEGRADED) for each in timeline.segments(as_of - longest, as_of + 1))

    def judge_share(self, burning: Sequence[RiskFinding], dirty: Dirty, moment: Moment, changes: Changes) -> int | None:
        """Judge the windows of the touched minutes and the open ones; likewise."""
        since = dirty.since
        if dirty.minutes is not None:
            first = dirty.minutes[0] * MINUTE
            since = first if since is None else min(since, first)
        dues = [self._next_start(moment.as_of)]
        for window, terms in self._touched(since, moment.as_of):
            good, total = self.tallies.get(window.window_id, (0, 0))
            now_burning = burning if window.start <= moment.now < window.end else ()
            finding = findings.of_share(good, total, terms, window.end, moment.as_of, now_burning)
            settling.settle_window(self.standing, window, terms, finding, moment, changes)
            dues.append(_close_of(window, terms))
        return min((due for due in dues if due is not None), default=None)

    def _next_start(self, as_of: int) -> int | None:
        """When the next window begins, or the first one."""
        line = self.standing.line
        if as_of < line.begins_at:
            return line.begins_at
        current = self._window_at(as_of)
        return current.end if current is not None and current.end < line.ends_at else None

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

    def tally(self, series: Series) -> None:
        """Sum all hours of a series that are in memory."""
        self.is_tallied = True
        for number, hour in sorted(series.hours.items()):
            for minute in range(60):
                if hour.total[minute]:
                    good = tuple(int(count) for count in hour.good[:, minute])
                    self._count(series, Delta(number * 60 + minute, int(hour.total[minute]), good))


def _close_of(window: Window, terms: ServiceLevelTarget) -> int | None:
    return None if window.closed_at is not None else window.end + terms.closing_delay
