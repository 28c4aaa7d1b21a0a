"""Columns of minute sums for one target.

A column is read from the series once. Afterwards only changed minutes are read again, so that the cost of an evaluation
does not grow with the length of its window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from slm_monitor.application.evaluators.series.series_store import JoinedSeries
from slm_monitor.domain.series.classifiers import Counts, RowClassifier, Rows
from slm_monitor.domain.series.hour_extremes import EXACT_DECIMAL_CONTEXT

Pair = tuple[npt.NDArray[Any], npt.NDArray[Any]]
Read = Callable[[int, int], Pair]
_TAIL = 60
"""Minutes at the end of a window in which most new rows arrive."""
_SLIDES = 120
"""Most minutes by which a running sum is moved along; beyond that, it is computed anew."""


class _Columns:
    """Two columns of sums, with one entry per minute from ``base`` (inclusive) to ``end`` (exclusive)."""

    def __init__(self) -> None:
        self.base = self.end = 0
        self._pair: Pair = (np.zeros(0), np.zeros(0))

    def columns(self, read: Read, first: int, last: int) -> Pair:
        if first < self.base or first > self.end or self.base == self.end:
            self._pair, self.base, self.end = read(first, last), first, last + 1
        elif last >= self.end:
            self._append(read(self.end, last), first)
        window = slice(first - self.base, last + 1 - self.base)
        return self._pair[0][window], self._pair[1][window]

    def touch(self, read: Read, minute: int) -> None:
        if self.base <= minute < self.end:
            for column, now in zip(self._pair, read(minute, minute), strict=True):
                column[minute - self.base] = now[0]

    def _append(self, more: Pair, first: int) -> None:
        used, added = self.end - self.base, len(more[0])
        if used + added > len(self._pair[0]):
            # No caller has read this far back lately, so old minutes are dropped. The new arrays have room for as many
            # again.
            gone = max(0, min(first - self.base, used) - used // 2)
            self.base += gone
            used -= gone
            room = np.zeros(used + added)
            kept = [column[gone : gone + used] for column in self._pair]
            self._pair = tuple(  # type: ignore[assignment]
                np.concatenate((column, new, room.astype(new.dtype))) for column, new in zip(kept, more, strict=True)
            )
        else:
            for column, new in zip(self._pair, more, strict=True):
                column[used : used + added] = new
        self.end += added


class TargetMinuteColumns:
    """Minute sums of a target's series. The caller must have loaded the hours of new minutes into memory before."""

    def __init__(self) -> None:
        self._together = JoinedSeries(())
        self._counts: dict[RowClassifier, _Columns] = {}
        self._extremes = _Columns()
        self._sum: tuple[int, int, Decimal] | None = None

    def for_series(self, series: Sequence[Any]) -> TargetMinuteColumns:
        """Return these columns for the given series. If the last call was for other series, empty them first."""
        if list(series) != list(self._together.series):
            self.forget()
            self._together = JoinedSeries(list(series))
        return self

    def forget(self) -> None:
        self._together, self._sum = JoinedSeries(()), None
        self._counts.clear()
        self._extremes = _Columns()

    def touch(self, minutes: Iterable[int]) -> None:
        """Read the given minutes again, because their rows have changed. Their hours must be in memory."""
        for minute in set(minutes):
            for measure, columns in self._counts.items():
                columns.touch(self._reads(measure), minute)
            self._extremes.touch(self._together.extremes, minute)
            if self._sum is not None and self._sum[0] <= minute <= self._sum[1]:
                self._sum = None

    def minutes(self, measure: RowClassifier, first: int, last: int) -> tuple[Counts, Counts]:
        """Return the numbers of good events and of all events as two arrays, one entry per minute.

        The minutes are ``first`` to ``last`` inclusive, numbered since 1970; ``measure`` decides which events are good.
        """
        return self._counts.setdefault(measure, _Columns()).columns(self._reads(measure), first, last)

    def extremes(self, first: int, last: int) -> tuple[Rows, Rows]:
        """Return arrays (least, greatest) of the exact values by minute, from ``first`` to ``last`` inclusive.

        Minutes are numbered since 1970. A minute without values has (∞, −∞).
        """
        return self._extremes.columns(self._together.extremes, first, last)

    def unclassified_minutes(self, measure: RowClassifier, first: int, last: int) -> list[int]:
        """Return the minutes from ``first`` to ``last`` (since 1970) with values that cannot be classified as good or
        bad.

        These are values of histograms whose buckets do not show on which side of the classifier's limit they lie.
        """
        return self._together.unclassified_minutes(measure, first, last)

    def summed(self, first: int, last: int) -> Decimal:
        """Return the exact sum of the values of the minutes ``first`` to ``last`` (since 1970), inclusive."""
        until = last - _TAIL
        if until - first < _SLIDES:
            return self._together.summed(first, last)
        return EXACT_DECIMAL_CONTEXT.add(self._summed(first, until), self._together.summed(until + 1, last))

    def _summed(self, first: int, last: int) -> Decimal:
        """Return the exact sum of the values, derived from the sum of the previous window if that is cheaper."""
        if self._sum is None or not self._may_slide(self._sum[0], self._sum[1], first, last):
            total = self._together.summed(first, last)
        else:
            since, until, total = self._sum
            if first > since:
                total = EXACT_DECIMAL_CONTEXT.subtract(total, self._together.summed(since, first - 1))
            if last > until:
                total = EXACT_DECIMAL_CONTEXT.add(total, self._together.summed(until + 1, last))
        self._sum = (first, last, total)
        return total

    def _may_slide(self, since: int, until: int, first: int, last: int) -> bool:
        """Return whether the sum of the new window can be derived from the sum of the previous window.

        Only a few minutes may differ, and the hours of the minutes that leave the window must be in memory. The caller
        does not load these hours, because they lie before the new window.
        """
        is_near = 0 <= first - since < _SLIDES and 0 <= last - until < _SLIDES
        return is_near and (first == since or self._together.holds(since, first - 1))

    def _reads(self, measure: RowClassifier) -> Read:
        return lambda first, last: self._together.minutes(measure, first, last)
