"""Rolling windows of minute sums (shares, counts, values, slices, promoter scores) and their warnings."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import numpy as np

from slm_calendar.intervals import Interval
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling import missed_runs
from slm_monitor.domain.rolling.rolling_promoter_score import PromoterScoreWindows
from slm_monitor.domain.rolling.rolling_slices import SliceWindows
from slm_monitor.domain.rolling.rolling_values import VALUES, MinuteValues, ValueWindows
from slm_monitor.domain.rolling.rolling_windows import (
    PartlyClassified,
    SumWindows,
    Windows,
    WindowValue,
    budget_consumed,
    budget_warnings,
)
from slm_monitor.domain.series import classifiers
from slm_monitor.domain.terms.objectives import AT_LEAST
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory
from slm_monitor.domain.windows import minute_series, series_evaluation, series_warnings
from slm_monitor.domain.windows.minute_series import BurnRateLookback, TargetMinutes


class ExcludedMinutes(Protocol):
    """Anything that knows which minutes are excluded for a target."""

    def minutes_of(self, terms: ServiceLevelTarget) -> Sequence[Interval]: ...


class RollingSums:
    """The source of rolling windows for one indicator.

    The hours of the windows, and those that warnings look back on, must be in memory.
    """

    def __init__(
        self,
        line: TermsHistory,
        sums: minute_series.MinuteSums,
        excluding: ExcludedMinutes,
        values: MinuteValues | None = None,
    ) -> None:
        self._line, self._sums, self._excluding, self._values = line, sums, excluding, values

    def _by(self, terms: ServiceLevelTarget) -> TargetMinutes:
        return TargetMinutes(self._sums, terms, self._excluding.minutes_of(terms))

    def windows(self, terms: ServiceLevelTarget, first: int, last: int) -> Windows:
        found, length = self._classified_windows(terms, first, last), terms.rolling_microseconds // MINUTE
        unclassified = self._unclassified(terms, first - length + 1, last)
        if not unclassified:
            return found
        return PartlyClassified(found, first, length, unclassified, series_evaluation.unclassified_reason(terms))

    def _unclassified(self, terms: ServiceLevelTarget, first: int, last: int) -> list[int]:
        """Return the minutes that count and have unclassified values in histograms."""
        if self._values is None:
            return []
        unclassified = self._values.unclassified_minutes(classifiers.classifier_of(terms), first, last)
        kept = self._by(terms).kept(first, last, self._line.begins_at) if unclassified else None
        return [minute for minute in unclassified if kept is None or kept[minute - first]]

    def _classified_windows(self, terms: ServiceLevelTarget, first: int, last: int) -> Windows:
        """Return the windows of the target's aggregation, without regard to unclassified values."""
        by, begins_at = self._by(terms), self._line.begins_at
        if terms.aggregation in VALUES:
            assert self._values is not None
            return ValueWindows(by, self._values, begins_at, first, last)
        if terms.aggregation == "time_slices":
            return SliceWindows(by, begins_at, first, last)
        if terms.aggregation == "nps":
            return PromoterScoreWindows(by, begins_at, first, last)
        length = terms.rolling_microseconds // MINUTE
        good, total = by.minutes(first - length + 1, last, begins_at)
        return SumWindows(terms, first, missed_runs.sliding_sums(good, length), missed_runs.sliding_sums(total, length))

    # -- warnings -----------------------------------------------------------------------------------------------

    def risks(self, terms: ServiceLevelTarget, minute: int, value: WindowValue) -> list[RiskEvaluation]:
        at = minute * MINUTE
        if terms.aggregation in VALUES or terms.aggregation == "nps":
            return []
        if terms.aggregation == "time_slices":
            spent = value.detail["consumed_percent"]
            return budget_warnings(terms, None if spent is None else Fraction(spent) / 100, at)
        lately = self._lately(terms, minute)
        found = lately.burn_rate_risks()
        if value.total >= terms.warn_at.min_events:
            found += budget_warnings(terms, budget_consumed(terms, value.good, value.total), at)
            found += series_warnings.budget_drops(terms, lately, _budget(terms, value), at)
        return found

    def _lately(self, terms: ServiceLevelTarget, minute: int) -> BurnRateLookback:
        return BurnRateLookback(self._by(terms), self._line.begins_at, minute)

    # -- changes by time alone ----------------------------------------------------------------------------------

    def next_change_at(
        self, terms: ServiceLevelTarget, minute: int, windows: Windows, value: WindowValue, stands: bool
    ) -> int | None:
        length = terms.rolling_microseconds // MINUTE
        if unclassified := self._unclassified(terms, minute - length + 1, minute):
            return unclassified[-1] + length
        windows = windows.windows if isinstance(windows, PartlyClassified) else windows
        if isinstance(windows, SliceWindows | ValueWindows | PromoterScoreWindows):
            return windows.next_change_at(minute)
        # A count with an at_least objective may be missed at any minute, since events leave the window.
        is_count = terms.aggregation == "count"
        if stands or (is_count and terms.promise is not None and terms.promise.comparison == AT_LEAST):
            return minute + 1
        lately = self._lately(terms, minute)
        found = [lately.may_rise_at(), minute + 1 if series_warnings.lost_lately(terms, lately) else None]
        if not is_count:
            found.append(self._misses_at(terms, minute, value))
        return min((each for each in found if each is not None), default=None)

    def _misses_at(self, terms: ServiceLevelTarget, minute: int, value: WindowValue) -> int | None:
        """Return the first minute at which, as good events leave the window, the bad share may miss the objective or
        warn.
        """
        assert terms.promise is not None
        bad = terms.promise.bad(value.good, value.total)
        if not bad:
            return None
        length = terms.rolling_microseconds // MINUTE
        totals = self._by(terms).minutes(minute - length + 1, minute, self._line.begins_at)[1]
        shares = [Fraction(1), *terms.warn_at.budget_consumed]
        # A warning opens at its share, the objective is missed only beyond it. Being early is safe: bad + 1 covers
        # both.
        nearest = min(shares) * terms.promise.allowed
        return minute + max(1, minute_series.leaves_at(np.cumsum(totals), value.total, bad + 1, nearest))


def _budget(terms: ServiceLevelTarget, value: WindowValue) -> Fraction:
    assert terms.promise is not None
    return terms.promise.allowed * value.total
