"""The exact values of one hour, summarized by minute: sum, minimum and maximum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, Inexact

import numpy as np
import numpy.typing as npt

from slm_monitor.domain.facts.histograms import Histogram

EXACT_DECIMAL_CONTEXT = Context(prec=1_100, traps=[Inexact])
"""A decimal context in which doubles, each as its shortest decimal, are added exactly. It would raise Inexact rather
than round.
"""
NOTHING = Decimal(0)


class HourMinuteAggregates:
    """The sum, minimum and maximum of the values in each minute of an hour.

    In minutes without values the minimum ``low`` is ∞ and the maximum ``high`` is −∞. Both are kept as doubles, because
    doubles have the same order as the decimals that they represent.
    """

    __slots__ = ("_whole", "high", "low", "sums")

    def __init__(self) -> None:
        self.sums: dict[int, Decimal] = {}
        self.low: npt.NDArray[np.float64] = np.full(60, np.inf)
        self.high: npt.NDArray[np.float64] = np.full(60, -np.inf)
        self._whole: Decimal | None = NOTHING

    def add(self, minute: int, values: Sequence[float]) -> None:
        """Add at least one value to a minute (0 to 59) of the hour."""
        total = self.sums.get(minute, NOTHING)
        for value in values:
            total = EXACT_DECIMAL_CONTEXT.add(total, Decimal(repr(value)))
        self.sums[minute] = total
        self.low[minute] = min(float(self.low[minute]), *values)
        self.high[minute] = max(float(self.high[minute]), *values)
        self._whole = None

    def merge(self, minute: int, histogram: Histogram) -> None:
        """Add the sum, minimum and maximum of a histogram to a minute (0 to 59) of the hour."""
        if histogram.total and histogram.sum is not None:
            self.sums[minute] = EXACT_DECIMAL_CONTEXT.add(self.sums.get(minute, NOTHING), Decimal(repr(histogram.sum)))
            self.low[minute] = min(float(self.low[minute]), histogram.low or 0.0)
            self.high[minute] = max(float(self.high[minute]), histogram.high or 0.0)
            self._whole = None

    def remake(self, minute: int, values: Sequence[float]) -> None:
        """Replace the sum, minimum and maximum of a minute (0 to 59) by those of ``values``.

        This is needed after a value was removed: only the values that are left show the new minimum and maximum.
        """
        self.sums.pop(minute, None)
        self.low[minute], self.high[minute] = np.inf, -np.inf
        self._whole = None
        if values:
            self.add(minute, values)

    @property
    def whole(self) -> Decimal:
        """The sum of all values of the hour."""
        if self._whole is None:
            self._whole = sum_decimals_exactly(self.sums.values())
        return self._whole

    def between(self, first: int, last: int) -> Decimal:
        """Return the sum of the values in the minutes ``first`` to ``last`` (0 to 59) of the hour, inclusive."""
        if (first, last) == (0, 59):
            return self.whole
        return sum_decimals_exactly(self.sums[minute] for minute in range(first, last + 1) if minute in self.sums)


def sum_decimals_exactly(parts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of decimal numbers."""
    total = NOTHING
    for part in parts:
        total = EXACT_DECIMAL_CONTEXT.add(total, part)
    return total
