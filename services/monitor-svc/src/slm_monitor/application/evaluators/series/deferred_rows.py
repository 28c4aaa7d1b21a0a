"""Deferred rows: rows that wait for the next checkpoint before they are added to the accumulators, because they can
change only figures, no verdict and no warning.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from slm_monitor.application.evaluators.series.series_target import NEVER, SeriesTarget
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.series.series import IndicatorSeries, MinuteSumChange


class DeferredRows:
    """The deferred rows, and the calm minutes of each series. In a calm minute, good rows can change only figures."""

    def __init__(self) -> None:
        self._calm: dict[str, tuple[int, int]] = {}
        """Series → range of minutes in which good rows can only change figures."""
        self.waiting: dict[str, list[tuple[IndicatorSeries, Sequence[MinuteSumChange]]]] = {}
        """Indicator → rows that are not added to the accumulators yet, as changes of minute sums."""

    def accept(self, series: IndicatorSeries, deltas: Sequence[MinuteSumChange]) -> bool:
        """Defer rows if all of them are good and lie in calm minutes; return whether they were deferred."""
        calm = self._calm.get(series.subject)
        if calm is None:
            return False
        for each in deltas:
            is_good = each.good == each.total and each.good[0] >= 0 and not each.unclassified
            if not is_good or not calm[0] <= each.minute < calm[1]:
                return False
        self.waiting.setdefault(series.indicator, []).append((series, deltas))
        return True

    def fold(self, subject: str, targets: Collection[SeriesTarget]) -> None:
        """Add the deferred rows of an indicator to the accumulators of its targets."""
        by_series: dict[str, tuple[IndicatorSeries, list[MinuteSumChange]]] = {}
        for series, deltas in self.waiting.pop(subject, ()):
            by_series.setdefault(series.subject, (series, []))[1].extend(deltas)
        for series, deltas in by_series.values():
            folded = deltas if len(deltas) == 1 else _folded(deltas)
            for target in targets:
                if target.counts(series):
                    target.add(series, folded)

    def note_calm(self, series: IndicatorSeries, targets: Collection[SeriesTarget]) -> None:
        """Record the calm minutes of a series, after its targets were evaluated."""
        spans = [target.quiet for target in targets if target.counts(series)]
        calm = (max(start for start, _ in spans), min(end for _, end in spans)) if spans else NEVER
        if series.plain is not None and calm[0] < calm[1]:
            self._calm[series.subject] = (-(-calm[0] // MINUTE), calm[1] // MINUTE)
        else:
            self._calm.pop(series.subject, None)

    def forget_calm(self) -> None:
        """Stop deferring rows until ``note_calm`` is called again, because terms, exclusions or holds have changed."""
        self._calm.clear()


def _folded(deltas: Sequence[MinuteSumChange]) -> list[MinuteSumChange]:
    """Add up all changes of each minute; return one change per minute. The series must have a single classifier."""
    sums: dict[int, tuple[int, int]] = {}
    for delta in deltas:
        good, total = sums.get(delta.minute, (0, 0))
        sums[delta.minute] = (good + delta.good[0], total + delta.total[0])
    return [MinuteSumChange(minute, (good,), (total,)) for minute, (good, total) in sums.items()]
