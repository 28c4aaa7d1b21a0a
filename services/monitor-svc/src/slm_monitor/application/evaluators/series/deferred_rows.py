"""Rows that can change figures only: no verdict or warning depends on them, so they wait for the next checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from slm_monitor.application.evaluators.series.series_target import NEVER, SeriesTarget
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.series.series import Delta, Series


class DeferredRows:
    """The rows that wait, and for each series the minutes in which good rows may wait."""

    def __init__(self) -> None:
        self._calm: dict[str, tuple[int, int]] = {}
        """Series → the range of minutes in which good rows change figures only."""
        self._waiting: dict[str, list[tuple[Series, Sequence[Delta]]]] = {}
        """Indicator → rows that are not added to the accumulators yet."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def subjects(self) -> list[str]:
        """The indicators of which rows wait, in order."""
        return sorted(self._waiting)

    def accept(self, series: Series, deltas: Sequence[Delta]) -> bool:
        """Keep rows that may wait; return whether they may."""
        calm = self._calm.get(series.subject)
        if calm is None or not _is_calm(calm, deltas):
            return False
        self._waiting.setdefault(series.indicator, []).append((series, deltas))
        return True

    def fold(self, subject: str, targets: Collection[SeriesTarget]) -> None:
        """Add the waiting rows of an indicator to the accumulators of its targets."""
        waiting = self._waiting.pop(subject, None)
        if waiting is None:
            return
        by_series: dict[str, tuple[Series, list[Delta]]] = {}
        for series, deltas in waiting:
            by_series.setdefault(series.subject, (series, []))[1].extend(deltas)
        for series, deltas in by_series.values():
            folded = deltas if len(deltas) == 1 else _folded(deltas)
            for target in targets:
                if target.counts(series):
                    target.add(series, folded)

    def note_calm(self, series: Series, targets: Collection[SeriesTarget]) -> None:
        """Note the minutes in which good rows of a series can change figures only, after its targets were evaluated."""
        spans = [target.quiet for target in targets if target.counts(series)]
        calm = (max(start for start, _ in spans), min(end for _, end in spans)) if spans else NEVER
        if series.plain is not None and calm[0] < calm[1]:
            self._calm[series.subject] = (-(-calm[0] // MINUTE), calm[1] // MINUTE)
        else:
            self._calm.pop(series.subject, None)

    def forget_calm(self) -> None:
        """Let no row wait until its targets are evaluated again, because terms, exclusions or holds have changed."""
        self._calm.clear()


def _is_calm(calm: tuple[int, int], deltas: Sequence[Delta]) -> bool:
    """Whether all rows are good and lie in the minutes in which good rows change figures only."""
    return all(
        calm[0] <= each.minute < calm[1] and each.good == each.total and each.good[0] >= 0 and not each.unclassified
        for each in deltas
    )


def _folded(deltas: Sequence[Delta]) -> list[Delta]:
    """Add up the changes of a series with one classifier to one change per minute."""
    sums: dict[int, tuple[int, int]] = {}
    for delta in deltas:
        good, total = sums.get(delta.minute, (0, 0))
        sums[delta.minute] = (good + delta.good[0], total + delta.total[0])
    return [Delta(minute, (good,), (total,)) for minute, (good, total) in sums.items()]
