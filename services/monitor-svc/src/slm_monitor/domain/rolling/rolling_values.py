"""Rolling windows of mean, maximum and minimum, computed exactly from the sums, minima and maxima of each minute."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

import numpy as np
import numpy.typing as npt

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.rolling import missed_runs
from slm_monitor.domain.rolling.rolling_windows import Flags, RollingWindowValue
from slm_monitor.domain.series import classifiers
from slm_monitor.domain.series.classifiers import Counts, RowClassifier, Rows
from slm_monitor.domain.series.hour_extremes import EXACT_DECIMAL_CONTEXT, NOTHING
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, Objective
from slm_monitor.domain.windows.minute_series import TargetMinuteCounts


class MinuteValuesProvider(Protocol):
    """Anything that has the sums and extremes of exact values by minute. Minutes are numbered since 1970."""

    def extremes(self, first: int, last: int) -> tuple[Rows, Rows]:
        """Return (minima, maxima) of the minutes ``first`` to ``last``; (∞, −∞) for a minute without values."""
        ...

    def summed(self, first: int, last: int) -> Decimal:
        """Return the sum of the values of the minutes ``first`` to ``last`` inclusive."""
        ...

    def unclassified_minutes(self, measure: RowClassifier, first: int, last: int) -> list[int]:
        """Return the minutes with values in histograms that this classifier cannot classify."""
        ...


class RollingValueWindows(ABC):
    """The rolling windows of exact values; one window ends at each minute from ``first`` to ``last``."""

    def __init__(
        self, by: TargetMinuteCounts, values: MinuteValuesProvider, begins_at: UtcMicroseconds, first: int, last: int
    ) -> None:
        self._terms, self._values, self._first = by.terms, values, first
        self._length = by.terms.rolling_microseconds // MINUTE
        self._start = first - self._length + 1
        number = by.minutes(self._start, last, begins_at)[1]
        kept = by.kept(self._start, last, begins_at)
        self._kept: Flags = np.ones(len(number), dtype=np.bool_) if kept is None else kept
        self._filled: Flags = number > 0
        self._number: Counts = missed_runs.compute_sliding_sums(number, self._length)

    @abstractmethod
    def missed(self, promised: Objective) -> Flags:
        """Return at which of the minutes the figure misses the objective."""

    @abstractmethod
    def figure(self, place: int) -> Fraction | None:
        """Return the exact figure of the window with this index; None if it has no values."""

    def value_at(self, minute: int) -> RollingWindowValue:
        place = minute - self._first
        number, figure = int(self._number[place]), self.figure(place)
        is_kept = figure is None or self._terms.promise.is_kept(figure)
        evidence = {"number": number, "figure": figures.format_exact_fraction(figure)}
        return RollingWindowValue(figure, number if is_kept else 0, number, evidence, {"number": number})

    def next_change_at(self, minute: int) -> int | None:
        """Return the next minute at which a value leaves the window; None if the window has none."""
        place = minute - self._first
        filled = np.flatnonzero(self._filled[place : place + self._length])
        return minute + int(filled[0]) + 1 if len(filled) else None


class RollingMeanWindows(RollingValueWindows):
    """The rolling windows of a mean.

    The sum of the first window is computed from hour sums. For each later window, minutes that leave are subtracted,
    and minutes that enter are added.
    """

    def __init__(
        self, by: TargetMinuteCounts, values: MinuteValuesProvider, begins_at: UtcMicroseconds, first: int, last: int
    ) -> None:
        super().__init__(by, values, begins_at, first, last)
        self._sums: list[Decimal] = []

    def missed(self, promised: Objective) -> Flags:
        means = (self.figure(place) for place in range(len(self._number)))
        return np.array([each is not None and not promised.is_kept(each) for each in means], dtype=np.bool_)

    def figure(self, place: int) -> Fraction | None:
        """Return the exact mean of a window; None if it has no values.

        The sum of a window is kept. For the next window, only the minute that leaves and the minute that enters are
        read.
        """
        number = int(self._number[place])
        if not number:
            return None
        if not self._sums:
            runs = missed_runs.find_runs_of_true(self._kept[: self._length], self._start)
            total = NOTHING
            for run in runs:
                total = EXACT_DECIMAL_CONTEXT.add(total, self._values.summed(run.first, run.last))
            self._sums.append(total)
        while len(self._sums) <= place:
            # The next window loses its first minute and gains one.
            gone = len(self._sums) - 1
            total = EXACT_DECIMAL_CONTEXT.subtract(self._sums[-1], self._of(gone))
            self._sums.append(EXACT_DECIMAL_CONTEXT.add(total, self._of(gone + self._length)))
        return Fraction(self._sums[place]) / number

    def _of(self, place: int) -> Decimal:
        minute = self._start + place
        return self._values.summed(minute, minute) if self._kept[place] else NOTHING


class RollingMaximumWindows(RollingValueWindows):
    """The rolling windows of a maximum.

    A window misses an upper limit if any of its values exceeds the limit. It misses a lower limit only if all of its
    values lie below the limit.
    """

    missed_by_one = AT_MOST
    """The comparison of the limits that a single value misses."""

    def __init__(
        self, by: TargetMinuteCounts, values: MinuteValuesProvider, begins_at: UtcMicroseconds, first: int, last: int
    ) -> None:
        super().__init__(by, values, begins_at, first, last)
        self._extremes = self._read_extremes(last)

    def _read_extremes(self, last: int) -> Rows:
        """Return the greatest value of each minute up to ``last``; −∞ for a minute without values."""
        high: Rows = np.where(self._kept, self._values.extremes(self._start, last)[1], -np.inf)
        return high

    def _extreme(self, window: Rows) -> float:
        return float(window.max())

    def missed(self, promised: Objective) -> Flags:
        beyond = _beyond(self._extremes, promised)
        if promised.comparison == self.missed_by_one:
            return self._any(beyond)
        filled = np.isfinite(self._extremes)
        return self._any(filled) & ~self._any(filled & ~beyond)

    def _any(self, flags: Flags) -> Flags:
        """Return, for each window, whether at least one of its minutes is flagged."""
        result: Flags = missed_runs.compute_sliding_sums(flags.astype(np.int64), self._length) > 0
        return result

    def figure(self, place: int) -> Fraction | None:
        if not self._number[place]:
            return None
        return classifiers.to_exact_decimal(self._extreme(self._extremes[place : place + self._length]))


class RollingMinimumWindows(RollingMaximumWindows):
    """The rolling windows of a minimum.

    A window misses a lower limit if any of its values lies below the limit. It misses an upper limit only if all its
    values exceed the limit.
    """

    missed_by_one = AT_LEAST

    def _read_extremes(self, last: int) -> Rows:
        """Return the least value of each minute up to ``last``; ∞ for a minute without values."""
        low: Rows = np.where(self._kept, self._values.extremes(self._start, last)[0], np.inf)
        return low

    def _extreme(self, window: Rows) -> float:
        return float(window.min())


def _beyond(extremes: npt.NDArray[np.float64], promised: Objective) -> Flags:
    """Return a mask of the minima or maxima that break the objective.

    The comparison is exact: each double stands for the decimal that the measurement's sender wrote.
    """
    limit = float(promised.value)
    beyond: Flags = extremes > limit if promised.comparison == AT_MOST else extremes < limit
    if not promised.is_kept(classifiers.to_exact_decimal(limit)):
        beyond |= extremes == limit
    return beyond & np.isfinite(extremes)
