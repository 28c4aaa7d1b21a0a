"""Rolling windows of net promoter scores: 100 × (promoters − detractors) ÷ ratings."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling import missed_runs
from slm_monitor.domain.rolling.rolling_rows import RollingRows
from slm_monitor.domain.rolling.rolling_windows import Flags, RollingWindowValue
from slm_monitor.domain.series.classifiers import Counts
from slm_monitor.domain.terms.objectives import AT_LEAST, Objective
from slm_monitor.domain.windows import series_evaluation
from slm_monitor.domain.windows.minute_series import TargetMinuteCounts

_WIDEST = 2**62


class RollingPromoterScoreWindows:
    """The rolling windows of a net promoter score; one window ends at each minute from ``first`` to ``last``. A window
    without ratings has no figure.
    """

    def __init__(self, by: TargetMinuteCounts, begins_at: UtcMicroseconds, first: int, last: int) -> None:
        self._first, self._length = first, by.terms.rolling_microseconds // MINUTE
        net, number = by.minutes(first - self._length + 1, last, begins_at)
        self._filled: Flags = number > 0
        self._net: Counts = missed_runs.compute_sliding_sums(net, self._length)
        self._number: Counts = missed_runs.compute_sliding_sums(number, self._length)

    def missed(self, promised: Objective) -> Flags:
        """Return at which minutes the score misses the objective, exactly, as a mask.

        For the objective n/d, 100 · net · d is compared with n · ratings; net is promoters − detractors.
        """
        limit = promised.value
        widest = max(100 * limit.denominator, abs(limit.numerator)) * max(int(self._number.max(initial=0)), 1)
        net, number = self._net, self._number
        if widest >= _WIDEST:
            net, number = net.astype(object), number.astype(object)
        points, least = net * (100 * limit.denominator), number * limit.numerator
        beyond = points < least if promised.comparison == AT_LEAST else points > least
        result: Flags = np.asarray(beyond, dtype=np.bool_) & (self._number > 0)
        return result

    def value_at(self, minute: int) -> RollingWindowValue:
        place = minute - self._first
        net, number = int(self._net[place]), int(self._number[place])
        figure: Fraction | None = series_evaluation.compute_net_promoter_score(net, number)
        return RollingWindowValue(figure, net, number, {"number": number, "net": net}, {"number": number, "net": net})

    def next_change_at(self, minute: int) -> int | None:
        """Return the next minute at which a rating leaves the window; None if the window has no ratings."""
        place = minute - self._first
        filled = np.flatnonzero(self._filled[place : place + self._length])
        return minute + int(filled[0]) + 1 if len(filled) else None


class RollingPromoterScores:
    """Rolling windows of net promoter scores. There are no warnings about them."""

    def windows(self, rows: RollingRows, first: int, last: int) -> RollingPromoterScoreWindows:
        return RollingPromoterScoreWindows(rows.by, rows.begins_at, first, last)

    def risks(self, rows: RollingRows, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        return []

    def next_change_at(
        self, rows: RollingRows, minute: int, windows: Any, value: RollingWindowValue, stands: bool
    ) -> int | None:
        found: int | None = windows.next_change_at(minute)
        return found
