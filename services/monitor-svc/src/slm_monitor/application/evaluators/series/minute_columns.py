"""What a target's series come to by the minute, as columns: read once, and again in the minutes that something has
come to since, so that a judgement costs no more the longer its window is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from slm_monitor.application.evaluators.series.series_store import JoinedSeries
from slm_monitor.domain.series.classifiers import Classifier, Counts, Rows
from slm_monitor.domain.series.hour_extremes import EXACTLY

Pair = tuple[npt.NDArray[Any], npt.NDArray[Any]]
Read = Callable[[int, int], Pair]
_TAIL = 60
"""Minutes in which most of what comes does."""
_SLIDES = 120
"""So many minutes a sum is slid on; further it is made anew."""


class _Columns:
    """Two columns of minutes ``base`` to before ``end``."""

    def __init__(self) -> None:
        self.base = self.end = 0
        self._pair: Pair = (np.zeros(0), np.zeros(0))

    def take(self, read: Read, first: int, last: int) -> Pair:
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
            # Nobody has looked further back than this lately; as much room again is left for what comes.
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


class MinuteColumns:
    """Whoever looks has brought the hours of new minutes into memory before."""

    def __init__(self) -> None:
        self._together = JoinedSeries(())
        self._counts: dict[Classifier, _Columns] = {}
        self._extremes = _Columns()
        self._sum: tuple[int, int, Decimal] | None = None

    def of(self, series: Sequence[Any]) -> MinuteColumns:
        """What these series come to."""
        if list(series) != list(self._together.series):
            self.forget()
            self._together = JoinedSeries(list(series))
        return self

    def forget(self) -> None:
        self._together, self._sum = JoinedSeries(()), None
        self._counts.clear()
        self._extremes = _Columns()

    def touch(self, minutes: Iterable[int]) -> None:
        """Something has come to these minutes, or left them, and their hours are in memory."""
        for minute in set(minutes):
            for measure, columns in self._counts.items():
                columns.touch(self._reads(measure), minute)
            self._extremes.touch(self._together.extremes, minute)
            if self._sum is not None and self._sum[0] <= minute <= self._sum[1]:
                self._sum = None

    def minutes(self, measure: Classifier, first: int, last: int) -> tuple[Counts, Counts]:
        """(good, total) of each minute, inclusive."""
        return self._counts.setdefault(measure, _Columns()).take(self._reads(measure), first, last)

    def extremes(self, first: int, last: int) -> tuple[Rows, Rows]:
        """The least and the greatest exact value of each minute."""
        return self._extremes.take(self._together.extremes, first, last)

    def untold(self, measure: Classifier, first: int, last: int) -> list[int]:
        """The minutes with values of which not enough is told to count them."""
        return self._together.untold(measure, first, last)

    def summed(self, first: int, last: int) -> Decimal:
        """The sum of the exact values of the minutes, inclusive."""
        until = last - _TAIL
        if until - first < _SLIDES:
            return self._together.summed(first, last)
        return EXACTLY.add(self._summed(first, until), self._together.summed(until + 1, last))

    def _summed(self, first: int, last: int) -> Decimal:
        """Slid on from where it was asked for last."""
        if self._sum is None or not self._may_slide(self._sum[0], self._sum[1], first, last):
            total = self._together.summed(first, last)
        else:
            since, until, total = self._sum
            if first > since:
                total = EXACTLY.subtract(total, self._together.summed(since, first - 1))
            if last > until:
                total = EXACTLY.add(total, self._together.summed(until + 1, last))
        self._sum = (first, last, total)
        return total

    def _may_slide(self, since: int, until: int, first: int, last: int) -> bool:
        """Whether it is not far, and what leaves the window is in memory still: it lies before all that was loaded."""
        is_near = 0 <= first - since < _SLIDES and 0 <= last - until < _SLIDES
        return is_near and (first == since or self._together.holds(since, first - 1))

    def _reads(self, measure: Classifier) -> Read:
        return lambda first, last: self._together.minutes(measure, first, last)
