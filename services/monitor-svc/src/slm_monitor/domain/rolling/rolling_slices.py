"""Rolling windows of time slices: a slice counts if it lies wholly in the window and is over.

Slices begin at multiples of their width since 1970 (UTC), so that all windows are cut into the same slices.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling import missed_runs
from slm_monitor.domain.rolling.rolling_rows import RollingRows
from slm_monitor.domain.rolling.rolling_windows import Flags, RollingWindowValue, evaluate_rolling_budget_risks
from slm_monitor.domain.series import slices
from slm_monitor.domain.series.classifiers import Counts
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.objectives import AT_LEAST, Objective
from slm_monitor.domain.windows.minute_series import TargetMinuteCounts

_SHOWN = 20


class RollingSliceWindows:
    """The rolling windows of a target about time slices; one window ends at each minute from ``first`` to ``last``.

    The window of minute m has the slices that begin at m − length or later and end by m.
    """

    def __init__(self, by: TargetMinuteCounts, begins_at: UtcMicroseconds, first: int, last: int) -> None:
        self._by, self._first = by, first
        self._slices = slices.parse_time_slice_terms(by.terms.parameters)
        self._length = by.terms.rolling_microseconds // MINUTE
        self._width = width = self._slices.width // MINUTE
        earliest = max(first - self._length, -(-begins_at // MINUTE))
        self._start = -(-earliest // width) * width
        number = max(0, last // width - self._start // width)
        self._evaluated = self._worth = np.zeros(0, dtype=np.int64)
        self._ratios: list[Fraction] = []
        self._slid = (0, 0, Fraction(0))
        """(first slice, slice after the last, sum of their ratios) of the window that was summed last. The next window
        differs from it by few slices.
        """
        if number:
            self._evaluate(begins_at, number)
        self._sums = [np.concatenate(([0], np.cumsum(each))) for each in (self._worth, self._evaluated)]
        minutes = np.arange(first, last + 1, dtype=np.int64)
        self._from = np.clip(-(-(minutes - self._length - self._start) // width), 0, number)
        self._to = np.maximum(np.clip((minutes - self._start) // width, 0, number), self._from)

    def _evaluate(self, begins_at: UtcMicroseconds, number: int) -> None:
        """Set, for each of the first ``number`` slices, whether it is evaluated and whether it is good, as 1 or 0.

        The slices follow each other from minute ``self._start`` (numbered since 1970) on. Facts before ``begins_at``
        (microseconds UTC) do not count. A slice is evaluated if its first minute counts for the target. It must also
        have data, unless missing data counts. With the budget ``ratio``, the share of good events of each slice is set
        too.
        """
        width, last = self._width, self._start + number * self._width - 1
        good, total = (
            each.reshape(number, width).sum(axis=1) for each in self._by.minutes(self._start, last, begins_at)
        )
        kept = self._by.kept(self._start, last, begins_at)
        scheduled: Flags = np.ones(number, dtype=np.bool_) if kept is None else kept[::width]
        no_data = self._by.terms.no_data
        self._evaluated = (scheduled & ((total > 0) | (no_data != "ignore"))).astype(np.int64)
        if self._slices.budget == "ratio":
            empty = Fraction(no_data == "good")
            self._ratios = [
                (Fraction(g, t) if t else empty) if counts else Fraction(0)
                for g, t, counts in zip(good.tolist(), total.tolist(), self._evaluated.tolist(), strict=True)
            ]
        is_good = ~missed_runs.find_missed_minutes(good, total, Objective(AT_LEAST, self._slices.good_if))
        worth: Flags = np.where(total > 0, is_good, no_data == "good")
        self._worth = self._evaluated * worth

    def _counts(self) -> tuple[Counts, Counts]:
        good, judged = (each[self._to] - each[self._from] for each in self._sums)
        return good, judged

    def missed(self, promised: Objective) -> Flags:
        if self._slices.budget != "ratio":
            return missed_runs.find_missed_minutes(*self._counts(), promised)
        judged = self._counts()[1].tolist()
        return np.array(
            [bool(n) and not promised.is_kept(self._good(place) / n) for place, n in enumerate(judged)], dtype=np.bool_
        )

    def _good(self, place: int) -> Fraction:
        """Return how many slices of a window are good; if the budget is ``ratio``, the sum of their shares of good
        events.
        """
        begins, ends = int(self._from[place]), int(self._to[place])
        if self._slices.budget != "ratio":
            return Fraction(int(self._sums[0][ends] - self._sums[0][begins]))
        since, until, good = self._slid
        if begins < since or ends < until or begins > until:
            since, until, good = begins, begins, Fraction(0)
        # From one minute to the next at most a few slices enter or leave, so the last sum is updated.
        good += sum((each for each in self._ratios[until:ends] if each), Fraction(0))
        good -= sum((each for each in self._ratios[since:begins] if each), Fraction(0))
        self._slid = (begins, ends, good)
        return good

    def value_at(self, minute: int) -> RollingWindowValue:
        place = minute - self._first
        begins, ends = int(self._from[place]), int(self._to[place])
        judged, good = int(self._sums[1][ends] - self._sums[1][begins]), self._good(place)
        budget = self._by.terms.promise.allowed * judged
        spent = (judged - good) / budget if budget else None
        shown = figures.format_exact_fraction(budget) if self._by.terms.promise.allowed else None
        missed = np.flatnonzero(self._evaluated[begins:ends] > self._worth[begins:ends])[-_SHOWN:].tolist()
        bad = [to_text((self._start + (begins + number) * self._width) * MINUTE) for number in missed]
        detail = {
            "judged": judged,
            "good": figures.format_exact_fraction(good),
            "budget": shown,
            "consumed_percent": figures.format_exact_fraction(figures.convert_share_to_percent(spent)),
        }
        figure = good / judged if judged else None
        return RollingWindowValue(figure, int(good), judged, {"bad_slices": bad}, detail)

    def next_change_at(self, minute: int) -> int | None:
        """Return the next minute at which a slice ends or leaves the window.

        Return None if the terms ignore slices without data, and there are no events in the window's slices or in the
        slice in progress.
        """
        place = minute - self._first
        ahead = -(-(minute + 1) // self._width) * self._width
        oldest = self._start + int(self._from[place]) * self._width
        # A slice that is not over yet will count when it is, so its events keep the timer running.
        under_way = self._by.minutes(min(max(oldest, minute - self._length), minute), minute)[1].any()
        if not under_way and self._by.terms.no_data == "ignore":
            return None
        return min(ahead, max(oldest + self._length, minute) + 1)


class RollingTimeSlices:
    """Rolling windows of the share of good time slices."""

    def windows(self, rows: RollingRows, first: int, last: int) -> RollingSliceWindows:
        return RollingSliceWindows(rows.by, rows.begins_at, first, last)

    def risks(self, rows: RollingRows, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        spent = value.detail["consumed_percent"]
        share = None if spent is None else Fraction(spent) / 100
        return evaluate_rolling_budget_risks(rows.terms, share, minute * MINUTE)

    def next_change_at(
        self, rows: RollingRows, minute: int, windows: Any, value: RollingWindowValue, stands: bool
    ) -> int | None:
        found: int | None = windows.next_change_at(minute)
        return found
