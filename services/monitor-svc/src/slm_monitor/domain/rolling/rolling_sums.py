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
from slm_monitor.domain.rolling.rolling_promoter_score import RollingPromoterScoreWindows
from slm_monitor.domain.rolling.rolling_slices import RollingSliceWindows
from slm_monitor.domain.rolling.rolling_values import (
    EXACT_VALUE_AGGREGATIONS,
    MinuteValuesProvider,
    RollingValueWindows,
)
from slm_monitor.domain.rolling.rolling_windows import (
    PartlyClassifiedWindows,
    RollingSumWindows,
    RollingWindows,
    RollingWindowValue,
    compute_budget_consumed_share,
    evaluate_rolling_budget_risks,
)
from slm_monitor.domain.series import classifiers
from slm_monitor.domain.terms.objectives import AT_LEAST
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TargetTermsHistory
from slm_monitor.domain.windows import minute_series, series_evaluation, series_warnings
from slm_monitor.domain.windows.minute_series import BurnRateLookback, TargetMinuteCounts


class ExcludedMinutesProvider(Protocol):
    """Anything that knows which minutes are excluded for a target: intervals ``[first, after the last)``."""

    def minutes_of(self, terms: ServiceLevelTarget) -> Sequence[Interval]: ...


class RollingSeriesSource:
    """Gives the rolling windows of a target whose indicator has values that are summed by the minute.

    The caller must have loaded the hours of the windows, and the earlier hours that warnings look back to.
    """

    def __init__(
        self,
        line: TargetTermsHistory,
        sums: minute_series.MinuteSumsProvider,
        excluding: ExcludedMinutesProvider,
        values: MinuteValuesProvider | None = None,
    ) -> None:
        self._line, self._sums, self._excluding, self._values = line, sums, excluding, values

    def _by(self, terms: ServiceLevelTarget) -> TargetMinuteCounts:
        return TargetMinuteCounts(self._sums, terms, self._excluding.minutes_of(terms))

    def windows(self, terms: ServiceLevelTarget, first: int, last: int) -> RollingWindows:
        found, length = self._classified_windows(terms, first, last), terms.rolling_microseconds // MINUTE
        unclassified = self._unclassified(terms, first - length + 1, last)
        if not unclassified:
            return found
        return PartlyClassifiedWindows(
            found, first, length, unclassified, series_evaluation.explain_unclassified_values(terms)
        )

    def _unclassified(self, terms: ServiceLevelTarget, first: int, last: int) -> list[int]:
        """Return the minutes that count for the target and have unclassified values in histograms."""
        if self._values is None:
            return []
        unclassified = self._values.unclassified_minutes(classifiers.build_row_classifier(terms), first, last)
        kept = self._by(terms).kept(first, last, self._line.begins_at) if unclassified else None
        return [minute for minute in unclassified if kept is None or kept[minute - first]]

    def _classified_windows(self, terms: ServiceLevelTarget, first: int, last: int) -> RollingWindows:
        """Return the windows of the target's aggregation, as if there were no unclassified values."""
        by, begins_at = self._by(terms), self._line.begins_at
        if terms.aggregation in EXACT_VALUE_AGGREGATIONS:
            assert self._values is not None
            return RollingValueWindows(by, self._values, begins_at, first, last)
        if terms.aggregation == "time_slices":
            return RollingSliceWindows(by, begins_at, first, last)
        if terms.aggregation == "nps":
            return RollingPromoterScoreWindows(by, begins_at, first, last)
        length = terms.rolling_microseconds // MINUTE
        good, total = by.minutes(first - length + 1, last, begins_at)
        return RollingSumWindows(
            terms,
            first,
            missed_runs.compute_sliding_sums(good, length),
            missed_runs.compute_sliding_sums(total, length),
        )

    # -- warnings -----------------------------------------------------------------------------------------------

    def risks(self, terms: ServiceLevelTarget, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        at = minute * MINUTE
        if terms.aggregation in EXACT_VALUE_AGGREGATIONS or terms.aggregation == "nps":
            return []
        if terms.aggregation == "time_slices":
            spent = value.detail["consumed_percent"]
            return evaluate_rolling_budget_risks(terms, None if spent is None else Fraction(spent) / 100, at)
        lately = self._lately(terms, minute)
        found = lately.burn_rate_risks()
        if value.total >= terms.warn_at.min_events:
            found += evaluate_rolling_budget_risks(
                terms, compute_budget_consumed_share(terms, value.good, value.total), at
            )
            found += series_warnings.evaluate_budget_drops(terms, lately, _budget(terms, value), at)
        return found

    def _lately(self, terms: ServiceLevelTarget, minute: int) -> BurnRateLookback:
        return BurnRateLookback(self._by(terms), self._line.begins_at, minute)

    # -- changes without facts -----------------------------------------------------------------------------------

    def next_change_at(
        self, terms: ServiceLevelTarget, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        length = terms.rolling_microseconds // MINUTE
        if unclassified := self._unclassified(terms, minute - length + 1, minute):
            return unclassified[-1] + length
        windows = windows.windows if isinstance(windows, PartlyClassifiedWindows) else windows
        if isinstance(windows, RollingSliceWindows | RollingValueWindows | RollingPromoterScoreWindows):
            return windows.next_change_at(minute)
        # A count with an at_least objective may be missed at any minute, since events leave the window.
        is_count = terms.aggregation == "count"
        if stands or (is_count and terms.promise is not None and terms.promise.comparison == AT_LEAST):
            return minute + 1
        lately = self._lately(terms, minute)
        found = [
            lately.may_rise_at(),
            minute + 1 if series_warnings.can_drop_warning_open_without_events(terms, lately) else None,
        ]
        if not is_count:
            found.append(self._misses_at(terms, minute, value))
        return min((each for each in found if each is not None), default=None)

    def _misses_at(self, terms: ServiceLevelTarget, minute: int, value: RollingWindowValue) -> int | None:
        """Return the first minute at which the objective may be missed or a warning may open without new events; None
        if there are no bad events.

        While no events arrive, good events leave the window, so the share of bad events rises.
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
        return minute + max(
            1, minute_series.count_minutes_until_share_exceeded(np.cumsum(totals), value.total, bad + 1, nearest)
        )


def _budget(terms: ServiceLevelTarget, value: RollingWindowValue) -> Fraction:
    assert terms.promise is not None
    return terms.promise.allowed * value.total
