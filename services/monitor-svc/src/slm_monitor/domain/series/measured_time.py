"""Measured time of a series: the minutes that start at most a given number of minutes after a measurement."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_monitor.domain.facts.facts import MINUTE

DEFAULT_AGE = 60
"""Minutes for which a measurement counts if its indicator has no ``stale_after``."""


def convert_to_age(stale_after: int | None) -> int:
    """Return how many minutes after a measurement still count as measured.

    This is the indicator's ``stale_after`` (microseconds), or 60 minutes if ``stale_after`` is None.
    """
    return DEFAULT_AGE if stale_after is None else stale_after // MINUTE


class MeasuredTime:
    """The minutes, numbered since 1970, that start at most ``age`` minutes after a minute with a measurement.

    The minutes are kept as disjoint runs in order. A series that is measured regularly has only one run, so a new
    measurement costs the same however long the series is.
    """

    def __init__(self, age: int = DEFAULT_AGE, runs: Iterable[Sequence[int]] = ()) -> None:
        self.age = age
        self._starts = [start for start, _ in runs]
        self._ends = [end for _, end in runs]
        """The first minute after each run."""

    @classmethod
    def from_document(cls, document: Sequence[Any]) -> MeasuredTime:
        """Read the measured time from its form in a checkpoint, as ``document`` returns it."""
        return cls(document[0], document[1])

    def document(self) -> list[Any]:
        """Return the measured time in the form of a checkpoint: [age, [[first minute, minute after the last], …]]."""
        return [self.age, [list(run) for run in zip(self._starts, self._ends, strict=True)]]

    def add(self, minute: int) -> None:
        """Add a minute with a measurement."""
        end = minute + self.age + 1
        if self._starts and self._starts[-1] <= minute <= self._ends[-1]:
            if end > self._ends[-1]:
                self._ends[-1] = end
            return
        # Runs that touch the new one are joined with it.
        first, last = bisect_left(self._ends, minute), bisect_right(self._starts, end)
        if first < last:
            minute, end = min(minute, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [minute]
        self._ends[first:last] = [end]

    def end_of_run_before(self, instant: int) -> int:
        """Return the end of the last run that starts before an instant; both in microseconds. Without a run: 0."""
        place = bisect_left(self._starts, -(-instant // MINUTE))
        return self._ends[place - 1] * MINUTE if place else 0

    def share_of(self, opened: Sequence[Interval]) -> Fraction | None:
        """Return which share of the minutes that start in these intervals (microseconds) is measured; None if no
        minute starts in the intervals.
        """
        known = scheduled = 0
        for start, end in opened:
            first, after = -(-start // MINUTE), -(-end // MINUTE)
            scheduled += max(0, after - first)
            place = bisect_right(self._ends, first)
            while place < len(self._starts) and self._starts[place] < after:
                known += min(self._ends[place], after) - max(self._starts[place], first)
                place += 1
        return Fraction(known, scheduled) if scheduled else None
