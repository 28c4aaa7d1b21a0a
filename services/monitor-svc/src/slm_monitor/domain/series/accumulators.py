"""Per-window accumulators of minute sums, one class per kind of aggregation."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any, Protocol

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.facts.histograms import Histogram
from slm_monitor.domain.series import classifiers
from slm_monitor.domain.series.series import MinuteSumChange
from slm_monitor.domain.series.slices import TimeSliceTerms
from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, PERCENT, Objective
from slm_monitor.domain.terms.terms import FigureTarget


class WindowAccumulator(Protocol):
    """The running sums of one window of one target.

    ``stale``: the sums are no longer right and must be computed again from the rows. ``unclassified``: how many values
    came in histograms whose buckets do not show whether the values are good.
    """

    stale: bool
    unclassified: int

    def add(self, delta: MinuteSumChange, place: int) -> None:
        """Add the change of one minute to the sums; ``place`` is the index of the target's classifier in the series."""

    def document(self) -> Any: ...


class ShareAccumulator:
    """The running numbers of good events and of all events in one window.

    ``bad`` holds the bad events of each minute that has any. It is kept only if a miss can be certain before the window
    closes: the agreement states an expected volume, or an objective of 100 percent leaves no error budget.
    """

    def __init__(self, kept: Any = None, *, by_minute: bool = False) -> None:
        good, total, bad, *unclassified = kept or (0, 0, {})
        self.good, self.total, self.unclassified = int(good), int(total), sum(unclassified)
        self.bad: dict[int, int] | None = {int(minute): int(n) for minute, n in bad.items()} if by_minute else None
        self.stale = False

    def add(self, delta: MinuteSumChange, place: int) -> None:
        good, total = delta.good[place], delta.total[place]
        self.good += good
        self.total += total
        self.unclassified += _unclassified(delta, place)
        if self.bad is not None and good != total:
            self.bad[delta.minute] = self.bad.get(delta.minute, 0) + total - good
            if not self.bad[delta.minute]:
                del self.bad[delta.minute]

    def document(self) -> Any:
        sums = [self.good, self.total, {str(minute): n for minute, n in (self.bad or {}).items()}]
        return [*sums, self.unclassified] if self.unclassified else sums


_NOTHING: tuple[str, int, None, None, dict[str, Any]] = ("0", 0, None, None, {})


class ValueAccumulator:
    """The running sum, number, minimum and maximum of the exact values in one window.

    ``beyond`` is kept for a target on a minimum or maximum, where one value alone can break a level (``objective`` or
    ``unacceptable``). It maps each level to {minute: how many values of this minute break the level}.
    """

    def __init__(self, kept: Any = None, levels: Sequence[tuple[str, Objective]] = ()) -> None:
        total, number, low, high, beyond, *unclassified = kept or _NOTHING
        self.unclassified = sum(unclassified)
        self._levels = levels
        self.beyond = {
            level: {int(minute): int(n) for minute, n in beyond.get(level, {}).items()} for level, _ in levels
        }
        self.sum, self.number = Fraction(total), int(number)
        self.low = None if low is None else Fraction(low)
        self.high = None if high is None else Fraction(high)
        self.stale = False

    def add(self, delta: MinuteSumChange, place: int) -> None:
        self.unclassified += _unclassified(delta, place)
        for value in delta.removed:
            self.sum -= value
            self.number -= 1
            # The next extreme after this one is removed can only be found from all values of the window.
            self.stale = self.stale or value in (self.low, self.high)
        for level, promised in self._levels:
            broken = sum(not promised.is_kept(value) for value in delta.added)
            self._break(level, delta.minute, broken - sum(not promised.is_kept(value) for value in delta.removed))
        for each in delta.unmerged:
            self._merge(each, delta.minute, -1)
        for each in delta.merged:
            self._merge(each, delta.minute, 1)
        for value in delta.added:
            self.sum += value
            self.number += 1
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)

    @property
    def mean(self) -> Fraction | None:
        """Sum of the values ÷ their number; None if there are no values."""
        return self.sum / self.number if self.number else None

    def document(self) -> Any:
        low, high = (None if each is None else str(each) for each in (self.low, self.high))
        beyond = {level: {str(minute): n for minute, n in each.items()} for level, each in self.beyond.items()}
        sums = [str(self.sum), self.number, low, high, beyond]
        return [*sums, self.unclassified] if self.unclassified else sums

    def _merge(self, histogram: Histogram, minute: int, sign: int) -> None:
        """Add (``sign`` 1) or remove (−1) a histogram whose sum, minimum and maximum are known.

        The single values of a histogram are not known. If its minimum or maximum breaks a level, the histogram counts
        as one value that breaks the level.
        """
        total, low, high = (
            classifiers.to_exact_decimal(each or 0.0) for each in (histogram.sum, histogram.low, histogram.high)
        )
        if not histogram.total:
            return
        self.sum += sign * total
        self.number += sign * histogram.total
        for level, promised in self._levels:
            is_kept = promised.is_kept(high if promised.comparison == AT_MOST else low)
            self._break(level, minute, 0 if is_kept else sign)
        if sign < 0:
            self.stale = self.stale or low == self.low or high == self.high
        else:
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)

    def _break(self, level: str, minute: int, by: int) -> None:
        if by:
            held = self.beyond[level]
            held[minute] = held.get(minute, 0) + by
            if not held[minute]:
                del held[minute]

    def broken_at(self, level: str) -> UtcMicroseconds | None:
        """Return the start (microseconds) of the first minute with a value that breaks the level; None if no value
        breaks the level.
        """
        minutes = self.beyond.get(level)
        return min(minutes) * MINUTE if minutes else None


class OccurrenceAccumulator:
    """The numbers of occurrences in one window. ``by_minute``: minute → number, for the minutes with any occurrence."""

    def __init__(self, kept: Any = None) -> None:
        self.by_minute = {int(minute): int(number) for minute, number in (kept or {}).items()}
        self.stale, self.unclassified = False, 0

    def add(self, delta: MinuteSumChange, place: int) -> None:
        number = self.by_minute.get(delta.minute, 0) + delta.total[place]
        self.by_minute[delta.minute] = number
        if not number:
            del self.by_minute[delta.minute]

    @property
    def number(self) -> int:
        return sum(self.by_minute.values())

    def reached_at(self, number: int) -> UtcMicroseconds | None:
        """Return the start (microseconds) of the minute in which the number of occurrences reaches ``number``; None if
        there are fewer occurrences.
        """
        minutes = sorted(self.by_minute)
        for minute, so_far in zip(minutes, accumulate(self.by_minute[each] for each in minutes), strict=True):
            if so_far >= number:
                return minute * MINUTE
        return None

    def document(self) -> Any:
        return {str(minute): number for minute, number in self.by_minute.items()}


class SliceAccumulator:
    """The numbers of good events and of all events in each time slice of one window, by the slice's index."""

    def __init__(self, start: UtcMicroseconds, terms: TimeSliceTerms, kept: Any = None) -> None:
        self.start, self.terms = start, terms
        self.sums = {int(number): [int(good), int(total)] for number, (good, total) in (kept or {}).items()}
        self.stale, self.unclassified = False, 0

    def add(self, delta: MinuteSumChange, place: int) -> None:
        number = (delta.minute * MINUTE - self.start) // self.terms.width
        held = self.sums.setdefault(number, [0, 0])
        held[0] += delta.good[place]
        held[1] += delta.total[place]

    def document(self) -> Any:
        return {str(number): sums for number, sums in self.sums.items()}


def _unclassified(delta: MinuteSumChange, place: int) -> int:
    return delta.unclassified[place] if delta.unclassified else 0


def has_no_error_budget(terms: FigureTarget) -> bool:
    """Whether an objective demands that 100 percent be good, so that the first bad event is the breach."""
    return any(
        promised.unit == PERCENT and promised.comparison == AT_LEAST and not promised.allowed
        for _, promised in terms.levels
    )
