"""Rolling windows of measured rows, and the figures that are sums of events: shares and counts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import numpy as np

from slm_calendar.intervals import Interval
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling import missed_runs
from slm_monitor.domain.rolling.rolling_rows import RollingRows, RollingRowsAggregation
from slm_monitor.domain.rolling.rolling_values import MinuteValuesProvider
from slm_monitor.domain.rolling.rolling_windows import (
    PartlyClassifiedWindows,
    RollingSumWindows,
    RollingWindows,
    RollingWindowValue,
    compute_budget_consumed_share,
    evaluate_rolling_budget_risks,
)
from slm_monitor.domain.series.classifiers import EXACT, RowClassifier
from slm_monitor.domain.terms.objectives import AT_LEAST
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.terms.terms_history import FigureHistory
from slm_monitor.domain.windows import minute_series, series_warnings
from slm_monitor.domain.windows.minute_series import BurnRateLookback, TargetMinuteCounts


class ExcludedMinutesProvider(Protocol):
    """Anything that knows a target's excluded minutes, as intervals ``[first minute, minute after the last)``."""

    def minutes_of(self, terms: FigureTarget) -> Sequence[Interval]: ...


class RollingSeriesSource:
    """Gives the rolling windows of a target whose indicator has values that are summed by the minute.

    The caller must have loaded the hours of the windows, and the earlier hours that warnings look back to.
    """

    def __init__(
        self,
        line: FigureHistory,
        aggregation: RollingRowsAggregation,
        sums: minute_series.MinuteSumsProvider,
        excluding: ExcludedMinutesProvider,
        values: MinuteValuesProvider | None = None,
    ) -> None:
        self._line, self._aggregation, self._figure = line, aggregation, aggregation.rolling
        self._sums, self._excluding, self._values = sums, excluding, values

    def _rows(self, terms: FigureTarget) -> RollingRows:
        classifier, excluded = self._aggregation.classifier(terms), self._excluding.minutes_of(terms)
        return RollingRows(
            TargetMinuteCounts(self._sums, terms, classifier, excluded), self._line.begins_at, self._values
        )

    def windows(self, terms: FigureTarget, first: int, last: int) -> RollingWindows:
        rows = self._rows(terms)
        found, length = self._figure.windows(rows, first, last), rows.length
        unclassified = self._unclassified(rows, first - length + 1, last)
        if not unclassified:
            return found
        reason = self._aggregation.explain_unclassified(terms)
        return PartlyClassifiedWindows(found, first, length, unclassified, reason)

    def _unclassified(self, rows: RollingRows, first: int, last: int) -> list[int]:
        """Return the minutes that count for the target and have unclassified values in histograms."""
        if self._values is None:
            return []
        unclassified = self._values.unclassified_minutes(rows.by.classifier, first, last)
        kept = rows.by.kept(first, last, rows.begins_at) if unclassified else None
        return [minute for minute in unclassified if kept is None or kept[minute - first]]

    def risks(self, terms: FigureTarget, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        return self._figure.risks(self._rows(terms), minute, value)

    def next_change_at(
        self, terms: FigureTarget, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        rows = self._rows(terms)
        if unclassified := self._unclassified(rows, minute - rows.length + 1, minute):
            return unclassified[-1] + rows.length
        windows = windows.windows if isinstance(windows, PartlyClassifiedWindows) else windows
        return self._figure.next_change_at(rows, minute, windows, value, stands)


class RollingEventShare:
    """Rolling windows of good events ÷ all events, with warnings about the budget and its burn rate."""

    def windows(self, rows: RollingRows, first: int, last: int) -> RollingSumWindows:
        good, total = rows.by.minutes(first - rows.length + 1, last, rows.begins_at)
        return RollingSumWindows(
            rows.terms,
            first,
            missed_runs.compute_sliding_sums(good, rows.length),
            missed_runs.compute_sliding_sums(total, rows.length),
        )

    def risks(self, rows: RollingRows, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        terms, at, lately = rows.terms, minute * MINUTE, rows.lookback(minute)
        found = lately.burn_rate_risks()
        if value.total >= terms.warn_at.min_events:
            found += evaluate_rolling_budget_risks(
                terms, compute_budget_consumed_share(terms, value.good, value.total), at
            )
            found += series_warnings.evaluate_budget_drops(terms, lately, _budget(terms, value), at)
        return found

    def next_change_at(
        self, rows: RollingRows, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        if stands:
            return minute + 1
        lately = rows.lookback(minute)
        found = [self._warns_at(rows, minute, lately), self._misses_at(rows, minute, value)]
        return min((each for each in found if each is not None), default=None)

    def _warns_at(self, rows: RollingRows, minute: int, lately: BurnRateLookback) -> int | None:
        """Return the next minute at which a warning about the burn rate or a drop of the budget may open without new
        events; None if there is none.
        """
        may_drop = series_warnings.can_drop_warning_open_without_events(rows.terms, lately)
        found = [lately.may_rise_at(), minute + 1 if may_drop else None]
        return min((each for each in found if each is not None), default=None)

    def _misses_at(self, rows: RollingRows, minute: int, value: RollingWindowValue) -> int | None:
        """Return the first minute at which the objective may be missed or a warning may open without new events; None
        if there are no bad events.

        While no events arrive, good events leave the window, so the share of bad events rises.
        """
        terms = rows.terms
        bad = terms.promise.bad(value.good, value.total)
        if not bad:
            return None
        totals = rows.by.minutes(minute - rows.length + 1, minute, rows.begins_at)[1]
        shares = [Fraction(1), *terms.warn_at.budget_consumed]
        # A warning opens at its share, the objective is missed only beyond it. Being early is safe: bad + 1 covers
        # both.
        nearest = min(shares) * terms.promise.allowed
        return minute + max(
            1, minute_series.count_minutes_until_share_exceeded(np.cumsum(totals), value.total, bad + 1, nearest)
        )


class RollingUptime:
    """The aggregation for service time that is summed by the minute: each microsecond of uptime is a good event."""

    rolling = RollingEventShare()

    def classifier(self, terms: FigureTarget) -> RowClassifier:
        return RowClassifier(EXACT)

    def explain_unclassified(self, terms: FigureTarget) -> str:
        return ""


class RollingOccurrences(RollingEventShare):
    """Rolling windows of a number of occurrences.

    Without new facts, occurrences leave the window and their number falls. An ``at_least`` objective can therefore be
    missed at any minute without new facts; an ``at_most`` objective cannot.
    """

    def next_change_at(
        self, rows: RollingRows, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        promised = rows.terms.promise
        if stands or (promised is not None and promised.comparison == AT_LEAST):
            return minute + 1
        return self._warns_at(rows, minute, rows.lookback(minute))


def _budget(terms: FigureTarget, value: RollingWindowValue) -> Fraction:
    return terms.promise.allowed * value.total
