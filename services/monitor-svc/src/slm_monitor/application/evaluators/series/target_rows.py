"""Rows that one target counts: the series of its indicator, joined over labels, and loaded as far back as needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from slm_monitor.application.evaluators.series.series_store import (
    IndicatorSeriesStore,
    JoinedSeries,
    split_range_into_pieces,
)
from slm_monitor.application.evaluators.series.series_target import SeriesTarget
from slm_monitor.application.state.exclusion_index import ExclusionIndex
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.rolling.rolling_sums import RollingSeriesSource
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows.minute_series import TargetMinuteCounts
from slm_monitor.domain.windows.series_evaluation import FirstBadEvent


class TargetRowLookup:
    """Reads the rows of targets in the series of an indicator. ``reach``: indicator → how many minutes its targets
    look back.
    """

    def __init__(self, streams: IndicatorSeriesStore, excluded: ExclusionIndex, reach: Callable[[str], int]) -> None:
        self._streams = streams
        self._excluded = excluded
        self._reach = reach
        self._ages: Mapping[str, int] = {}

    def joined(self, subject: str, target: SeriesTarget) -> JoinedSeries:
        """Join those series of an indicator that the target counts into one series."""
        return JoinedSeries([series for series in self._streams.of_indicator(subject) if target.counts(series)])

    def minutes(self, subject: str, target: SeriesTarget, terms: FigureTarget) -> TargetMinuteCounts:
        """Return a target's sums by the minute, without excluded minutes."""
        classifier = registry.series_aggregation_of(terms).classifier(terms)
        return TargetMinuteCounts(self.joined(subject, target), terms, classifier, self._excluded.minutes_of(terms))

    def rolling(self, subject: str, target: SeriesTarget) -> RollingSeriesSource:
        """Return the sums of a target's rolling window."""
        line, joined = target.target_state.line, self.joined(subject, target)
        aggregation = registry.series_aggregation_of(line.latest)
        sums = target.columns.for_series(joined.series) if aggregation.is_exact else joined
        return RollingSeriesSource(line, aggregation, sums, self._excluded, sums)

    async def note_ages(self, indicators: Sequence[str]) -> None:
        """Look up how many minutes after a measurement count as measured, for each of these indicators.

        Their next evaluation uses these numbers.
        """
        self._ages = await self._streams.measurement_ages(indicators)

    async def count_past_if_needed(self, subject: str, target: SeriesTarget) -> bool:
        """Sum a target's past rows again if its sums are missing or outdated. Return whether they were summed again."""
        target.measure_for(self._ages[subject])
        if not target.needs_counting and not self._is_any_unmeasured(subject, target):
            return False
        await self._count_past(subject, target)
        return True

    def _is_any_unmeasured(self, subject: str, target: SeriesTarget) -> bool:
        """Return whether a minute that lost rows has no row of the target any more.

        The hours of these minutes must still be in memory.
        """
        series = self.joined(subject, target).series if target.doubtful else ()
        measured = {
            delta.minute for each in series for minute in target.doubtful for delta in each.deltas(minute // 60)
        }
        is_any = bool(target.doubtful - measured)
        target.doubtful.clear()
        return is_any

    async def _count_past(self, subject: str, target: SeriesTarget) -> None:
        """Drop the sums of a target, and sum all its rows again since its terms began."""
        target.recount()
        # A measurement shortly before the term covers its first minutes.
        begins = target.target_state.line.begins_at - target.measured.age * MINUTE
        for series in self.joined(subject, target).series:
            if series.high_water >= begins:
                await self._streams.each_hour(series, begins, lambda hour, of=series: target.tally(of, hour))  # type: ignore[misc]
        target.is_tallied = True

    async def measure_first_bad(self, subject: str, target: SeriesTarget) -> None:
        """Compute the sums up to the first bad minute, for windows whose objective is 100 percent."""
        for name, start, terms, minute in list(target.unmeasured()):
            minutes = self.minutes(subject, target, terms)
            good = total = 0
            for piece in split_range_into_pieces(start // MINUTE, minute):
                await self._streams.load_minutes(subject, piece.start, piece.stop - 1)
                sums = minutes.minutes(piece.start, piece.stop - 1, target.target_state.line.begins_at)
                good, total = good + int(sums[0].sum()), total + int(sums[1].sum())
                self.evict(subject)
            target.first_bad[name] = FirstBadEvent(minute * MINUTE, good, total)

    def evict(self, subject: str) -> None:
        """Drop hours further back than any target looks. Dropped hours are read again when a row needs them."""
        self._streams.evict(subject, lambda: self._reach(subject))
