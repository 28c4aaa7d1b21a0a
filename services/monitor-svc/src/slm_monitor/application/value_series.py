"""The measured values of a partition's indicators: hours of them in memory, the others read when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np

from slm_monitor.application.ports import JudgeStore, SeriesCheckpoint
from slm_monitor.domain.facts import HOUR, MINUTE, Values
from slm_monitor.domain.series import Chunk, Delta, Series

HOURS_KEPT = 3
"""Hours of values kept in memory behind the high-water mark beside those a target's windows need."""
HOURS_AT_ONCE = 7 * 24
MINUTES_AT_ONCE = HOURS_AT_ONCE * 60
"""A long past is gone through in pieces, so that it never is in memory as a whole."""
Added = Callable[[Series, Sequence[Delta]], None]


class ValueSeries:
    """Series by subject."""

    def __init__(self, store: JudgeStore, kept: Mapping[str, SeriesCheckpoint]) -> None:
        self._store = store
        self._series = {subject: Series(subject, (), each.high_water) for subject, each in kept.items()}

    def of(self, subject: str) -> Series:
        return self._series.setdefault(subject, Series(subject))

    async def take(self, values: Values, added: Added) -> Values | None:
        """Accept values: those that are new, as columns to be kept; None where all were known."""
        accepted = np.zeros(len(values), dtype=np.bool_)
        order = np.lexsort((values.at, values.slot))
        slots = values.slot[order]
        cuts = np.flatnonzero(slots[1:] != slots[:-1]) + 1
        for rows in np.split(order, cuts) if len(order) else ():
            subject = values.subjects[int(values.slot[rows[0]])]
            at, value = values.at[rows], values.value[rows]
            ids = None if values.ids is None else [values.ids[row] for row in rows.tolist()]
            if ids is not None and not any(ids):
                ids = None
            series = self.of(subject)
            await self._load(series, series.needs(at, ids is not None))
            new, deltas = series.take(at, value, ids)
            if deltas:
                accepted[rows[new]] = True
                added(series, deltas)
        return values.taken(accepted) if accepted.any() else None

    async def _load(self, series: Series, hours: Collection[int]) -> None:
        if not hours:
            return
        known = [hour for hour in hours if hour * HOUR <= series.high_water]
        # Nothing of this indicator lies above its high-water mark, so nothing has to be read there.
        found = await self._store.hours(series.subject, known) if known else {}
        for hour in hours:
            series.load(hour, found.get(hour, ()))

    async def load_minutes(self, series: Series, first: int, last: int) -> None:
        """Bring the hours of these minutes into memory, up to the latest value there is."""
        last = min(last, max(series.high_water, 0) // MINUTE)
        await self._load(series, set(range(first // 60, last // 60 + 1)) - series.hours.keys())

    async def each_hour(self, series: Series, since: int, count: Callable[[int], None]) -> None:
        """Have every hour from an instant on counted, while it is in memory."""
        for hours in pieces(since // HOUR, series.high_water // HOUR, HOURS_AT_ONCE):
            borrowed = set(hours) - series.hours.keys()
            await self._load(series, borrowed)
            for hour in hours:
                count(hour)
            for hour in borrowed:
                del series.hours[hour]

    def unsaved(self, subject: str) -> list[tuple[str, int, list[Chunk]]]:
        """Facts by hour that are not in the record yet; what is returned counts as saved from now on."""
        segments = []
        for hour, held in self._series[subject].hours.items():
            if held.unsaved:
                segments.append((subject, hour, held.unsaved))
                held.unsaved = []
        return segments

    def evict(self, subject: str, reach: int) -> None:
        """Forget saved hours further back than ``reach`` minutes before the latest value."""
        series = self._series[subject]
        oldest = series.high_water // HOUR - reach // 60 - HOURS_KEPT
        for hour in [hour for hour, held in series.hours.items() if hour < oldest and not held.unsaved]:
            del series.hours[hour]


def pieces(first: int, last: int, length: int = MINUTES_AT_ONCE) -> Iterator[range]:
    """``first`` to ``last`` inclusive, so many at a time."""
    for start in range(first, last + 1, length):
        yield range(start, min(start + length, last + 1))
