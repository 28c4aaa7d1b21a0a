"""Running sums of service time: of good time, and of all time that is not removed. Two look-ups in these sums give the
availability of any interval.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.states import availability, excluded_time
from slm_monitor.domain.states.availability import StateCountingPolicy
from slm_monitor.domain.states.short_outages import StretchedStates
from slm_monitor.domain.states.timeline import StateProvider
from slm_monitor.domain.terms.terms import EXCESS, FigureTarget

_LEFT_AT_ONCE = 1_000


class UptimeSums:
    """Running sums from ``begins_at`` on: good service time, and all service time that is not removed (total).

    The sums are integers: microseconds × ``unit``.

    ``unit`` is the denominator of the weight of degraded time, so that weighted time stays a whole number.
    """

    def __init__(self, terms: FigureTarget, excluded: Sequence[Interval], begins_at: UtcMicroseconds) -> None:
        self.terms = terms
        self.excluded = excluded
        self.begins_at = begins_at
        self.upto = begins_at
        self._policy = StateCountingPolicy(terms.unknown, terms.degraded)
        weight = self._policy.weight
        self.unit = 1 if weight is None else weight.denominator
        self._slopes = {"up": self.unit, "down": 0, "removed": 0}
        if weight is not None:
            self._slopes[terms.degraded] = int(weight * self.unit)
        self._starts: list[int] = []
        self._good: list[int] = []
        """The good time before each interval in ``_starts``. ``_total`` holds all time before it, except removed time.
        """
        self._total: list[int] = []
        self._rates: list[tuple[int, int]] = []
        self._ends: list[int] = []
        self._late: list[tuple[UtcMicroseconds, list[Interval]]] = []
        """(instant, intervals before it) of downtime that counts only from that instant on, in order of time."""

    def follow(self, states: StateProvider, to: UtcMicroseconds, since: UtcMicroseconds | None) -> None:
        """Extend the sums to the instant ``to``.

        ``since`` is the earliest instant whose state has changed since the last call; None if no state has changed.
        """
        stretched = StretchedStates(states, self.terms, self.excluded)
        changed = self.upto if since is None else max(min(since, self.upto), self.begins_at)
        # An outage that was too short may have become long enough, so that it is summed again from its start.
        changed = max(stretched.find_unsettled_start(changed), self.begins_at)
        if changed < self.upto:
            self._forget(changed)
        if to <= self.upto:
            return
        labelled = stretched.label(self.upto, to)
        segments, evaluated_hours = excluded_time.apply_exclusions_to_states(
            labelled.as_of(to), self.terms.hours.intervals(self.upto, to), self.excluded, self.terms
        )
        for start, end, state in availability.clip_segments_to_service_hours(segments, evaluated_hours):
            good, total = self.at(self.upto) if not self._starts else self._after_last()
            counts = self._policy.counts_as(state)
            rates = (self._slopes[counts], 0 if counts == "removed" else self.unit)
            if self._ends and self._ends[-1] == start and self._rates[-1] == rates:
                self._ends[-1] = end
                continue
            self._starts.append(start)
            self._ends.append(end)
            self._good.append(good)
            self._total.append(total)
            self._rates.append(rates)
        if self.terms.short_outages != EXCESS:
            self._late += [
                (each.reached_at, intervals.clip(each.pieces, self.begins_at, each.reached_at))
                for each in labelled.stretches
                if each.reached_at is not None and each.reached_at <= to
            ]
        self.upto = to

    def forget_before(self, before: UtcMicroseconds) -> None:
        """Drop the sums before this instant, which nobody needs any more. They are dropped only once there are many."""
        position = bisect_right(self._starts, before) - 1
        if position >= _LEFT_AT_ONCE:
            for column in (self._starts, self._ends, self._good, self._total, self._rates):
                del column[:position]
            self.begins_at = max(self.begins_at, self._starts[0])
            self._late = [each for each in self._late if each[0] > self.begins_at]

    def _after_last(self) -> tuple[int, int]:
        length = self._ends[-1] - self._starts[-1]
        good, total = self._rates[-1]
        return self._good[-1] + good * length, self._total[-1] + total * length

    def _forget(self, since: UtcMicroseconds) -> None:
        kept = bisect_left(self._starts, since)
        for column in (self._starts, self._ends, self._good, self._total, self._rates):
            del column[kept:]
        if self._ends:
            self._ends[-1] = min(self._ends[-1], since)
        self._late = [each for each in self._late if each[0] <= since]
        self.upto = since

    def at(self, instant: UtcMicroseconds) -> tuple[int, int]:
        """Return (good, total) of all time from ``begins_at`` to an instant, in units of 1/``unit`` µs."""
        position = bisect_right(self._starts, instant) - 1
        if position < 0:
            return 0, 0
        length = min(instant, self._ends[position]) - self._starts[position]
        good, total = self._rates[position]
        return self._good[position] + good * length, self._total[position] + total * length

    def sums(self, instants: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (good, total) of all time from ``begins_at`` to each of many instants, as arrays, in units of
        1/``unit`` µs.
        """
        if not self._starts:
            nothing = np.zeros(len(instants), dtype=np.int64)
            return nothing, nothing
        starts, ends = np.array(self._starts, dtype=np.int64), np.array(self._ends, dtype=np.int64)
        rates = np.array(self._rates, dtype=np.int64)
        position = np.searchsorted(starts, instants, side="right") - 1
        held = np.maximum(position, 0)
        length = np.where(position < 0, 0, np.minimum(instants, ends[held]) - starts[held])
        good = np.array(self._good, dtype=np.int64)[held] + rates[held, 0] * length
        return good, np.array(self._total, dtype=np.int64)[held] + rates[held, 1] * length

    def within(self, start: UtcMicroseconds, end: UtcMicroseconds) -> tuple[int, int]:
        """Return (good, total) of ``[start, end)``, as far as the sums reach, in units of 1/``unit`` µs."""
        (good, total), (good_before, total_before) = self.at(end), self.at(max(start, self.begins_at))
        return good - good_before, total - total_before

    def measure_late_downtime(self, start: UtcMicroseconds, end: UtcMicroseconds) -> int:
        """Return the downtime in ``[start, end)`` that did not count yet at ``end``, in units of 1/``unit`` µs: its
        outage was long enough only later.
        """
        late = (pieces for reached_at, pieces in self._late if reached_at > end)
        return self.unit * sum(intervals.total_length(intervals.clip(pieces, start, end)) for pieces in late)

    def list_late_minutes(self, first: int, last: int) -> list[int]:
        """Return the minutes from ``first`` to ``last`` (since 1970) at whose start some downtime did not count yet."""
        return sorted(
            {
                minute
                for reached_at, pieces in self._late
                if pieces
                for minute in range(max(first, pieces[0][0] // MINUTE + 1), min(last, (reached_at - 1) // MINUTE) + 1)
            }
        )

    def lost(self, start: UtcMicroseconds, end: UtcMicroseconds) -> Fraction:
        """Return how long the service counted as down in ``[start, end)``, in microseconds."""
        good, total = self.within(start, end)
        return Fraction(total - good, self.unit)
