"""Short outages: stretches of downtime that a target's terms do not count because they are too short."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.states import availability, timeline
from slm_monitor.domain.states.availability import IGNORED, PENDING, StateCountingPolicy
from slm_monitor.domain.states.timeline import DOWN, UNKNOWN, UP, StateProvider, StateSegment
from slm_monitor.domain.terms.terms import EXCESS, FigureTarget

DAY = 86_400_000_000
_FARTHEST = 512 * DAY
"""The last of the doubling steps, from one day on, in which a stretch is followed beyond the time that was asked for.

A stretch goes on through closed and unknown time, so that its end may be far away.
"""


class OutageStretch(NamedTuple):
    """A maximal stretch of downtime within counted time.

    ``pieces`` are its intervals of downtime that were asked for, in order. ``length`` is the counted downtime of the
    whole stretch, in microseconds; of a stretch that is long enough it is the agreed length. ``reached_at`` is the
    instant at which the stretch is long enough to count; None: the stretch ended before.
    """

    pieces: tuple[Interval, ...]
    length: int
    reached_at: UtcMicroseconds | None


@dataclass(frozen=True, slots=True)
class LabelledStates:
    """States in which the downtime of a short stretch is labelled.

    ``IGNORED``: it never counts. ``PENDING``: it counts from the instant at which its stretch is long enough; these
    instants are in ``reached``, in order. A stretch that was long enough before ``segments`` begin is down.
    """

    segments: list[StateSegment]
    reached: Sequence[UtcMicroseconds] = ()
    stretches: Sequence[OutageStretch] = ()

    def as_of(self, instant: UtcMicroseconds) -> list[StateSegment]:
        """Return the states as they count at an instant: pending downtime is down if its stretch is long enough by
        then, else up.
        """
        return [each._replace(state=self._state(each, instant)) for each in self.segments]

    def _state(self, each: StateSegment, instant: UtcMicroseconds) -> str:
        if each.state == PENDING:
            return DOWN if self.reached[bisect_left(self.reached, each.end)] <= instant else UP
        return UP if each.state == IGNORED else each.state


class StretchedStates:
    """The states of a target with its stretches of downtime, under terms that ignore short outages.

    If the terms do not ignore short outages, all states are returned as they are.
    """

    def __init__(self, states: StateProvider, terms: FigureTarget, excluded: Sequence[Interval]) -> None:
        self._states = states
        self._hours = terms.hours
        self._least = terms.ignore_outages_shorter_than
        self._is_excess = terms.short_outages == EXCESS
        self._policy = StateCountingPolicy(terms.unknown, terms.degraded)
        self._excluded = intervals.union(excluded) if self._least is not None else []

    def label(self, start: UtcMicroseconds, end: UtcMicroseconds) -> LabelledStates:
        """Return the states of ``[start, end)`` with labels. Stretches are measured whole, also beyond this time."""
        segments = self._states.segments(start, end)
        if self._least is None:
            return LabelledStates(segments)
        found = list(self._stretches(segments, start, end, self._least))
        ignored: list[Interval] = []
        pending: list[Interval] = []
        for each in found:
            if each.reached_at is None:
                ignored += each.pieces
            else:
                late = [(since, min(until, each.reached_at)) for since, until in each.pieces if since < each.reached_at]
                (ignored if self._is_excess else pending).extend(late)
        segments = timeline.overlay_downtime_on_segments(segments, ignored, IGNORED)
        segments = timeline.overlay_downtime_on_segments(segments, pending, PENDING)
        # With ``excess`` downtime counts only from that instant on, so that none changes its label.
        reached = () if self._is_excess else [each.reached_at for each in found if each.reached_at is not None]
        return LabelledStates(segments, reached, found)

    def find_unsettled_start(self, instant: UtcMicroseconds) -> UtcMicroseconds:
        """Return the instant before which facts from ``instant`` on cannot change a label.

        It is the start of the stretch that lasts up to ``instant`` and is not long enough by then; else ``instant``.
        """
        if self._least is None:
            return instant
        length, begun = self._measure_before(instant, self._least)
        return begun if length < self._least else instant

    def find_growing_stretch(self, border: UtcMicroseconds) -> tuple[UtcMicroseconds, UtcMicroseconds] | None:
        """Return (start, instant at which it is long enough) of a stretch that was too short at ``border`` and grew
        beyond it; None if there is none. With ``excess``, growth changes nothing before that instant.
        """
        if self._least is None or self._is_excess:
            return None
        length, begun = self._measure_before(border, self._least)
        if not 0 < length < self._least:
            return None
        reached = self._reach_after(border, length, self._least)[1]
        return None if reached is None else (begun, reached)

    def _stretches(
        self, segments: Sequence[StateSegment], start: UtcMicroseconds, end: UtcMicroseconds, least: int
    ) -> Iterator[OutageStretch]:
        """Yield the stretches of ``[start, end)``, but none that was long enough before ``start``."""
        pieces: list[Interval] = []
        length, reached = -1, None
        for since, until, is_down in self._counted(segments, start, end):
            if is_down:
                if length < 0:
                    length = self._measure_before(start, least)[0] if not pieces else 0
                if length < least <= length + until - since:
                    reached = since + least - length
                length = min(least, length + until - since)
                pieces.append((since, until))
                continue
            if pieces and (length < least or reached is not None):
                yield OutageStretch(tuple(pieces), length, reached)
            pieces, length, reached = [], 0, None
        if pieces and length < least:
            length, reached = self._reach_after(end, length, least)
            yield OutageStretch(tuple(pieces), length, reached)
        elif pieces and reached is not None:
            yield OutageStretch(tuple(pieces), length, reached)

    def _counted(
        self, segments: Sequence[StateSegment], start: UtcMicroseconds, end: UtcMicroseconds
    ) -> Iterator[tuple[UtcMicroseconds, UtcMicroseconds, bool]]:
        """Yield (start, end, is down) of the counted time. Closed, excluded and unknown time is left out, because it
        neither prolongs a stretch nor ends it.
        """
        hours = intervals.subtract(self._hours.intervals(start, end), self._excluded)
        for each in availability.clip_segments_to_service_hours(segments, hours):
            counts = self._policy.counts_as(each.state)
            if each.state != UNKNOWN and counts != "removed":
                yield each.start, each.end, counts == DOWN

    def _measure_before(self, instant: UtcMicroseconds, least: int) -> tuple[int, UtcMicroseconds]:
        """Return (counted length, start) of the stretch that lasts up to ``instant``, measured until it is ``least``
        long; (0, ``instant``) if there is none.
        """
        length, begun, until, step = 0, instant, instant, DAY
        while step <= _FARTHEST:
            since = until - step
            for starts, ends, is_down in reversed(
                list(self._counted(self._states.segments(since, until), since, until))
            ):
                if not is_down:
                    return length, begun
                length, begun = length + ends - starts, starts
                if length >= least:
                    return least, begun
            if not self._states.is_measured_before(since) and self._is_unknown(since - 1):
                break
            until, step = since, 2 * step
        return length, begun

    def _is_unknown(self, instant: UtcMicroseconds) -> bool:
        return all(each.state == UNKNOWN for each in self._states.segments(instant, instant + 1))

    def _reach_after(self, instant: UtcMicroseconds, length: int, least: int) -> tuple[int, UtcMicroseconds | None]:
        """Follow a stretch of a counted length beyond ``instant``; return its length and when it is long enough."""
        since, step = instant, DAY
        while step <= _FARTHEST:
            until = since + step
            for starts, ends, is_down in self._counted(self._states.segments(since, until), since, until):
                if not is_down:
                    return length, None
                if length + ends - starts >= least:
                    return least, starts + least - length
                length += ends - starts
            since, step = until, 2 * step
        return length, None


class UnknownAsUp:
    """States of which all unknown time is up."""

    def __init__(self, states: StateProvider) -> None:
        self._states = states

    def is_measured_before(self, instant: UtcMicroseconds) -> bool:
        return self._states.is_measured_before(instant)

    def segments(self, start: UtcMicroseconds, end: UtcMicroseconds) -> list[StateSegment]:
        found = self._states.segments(start, end)
        return [each._replace(state=UP) if each.state == UNKNOWN else each for each in found]
