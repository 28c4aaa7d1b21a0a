"""The series of a partition's indicators: minute sums in memory, rows in the record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from slm_events.instants import UtcMicroseconds
from slm_monitor.application.intake.counter_store import CounterReadingCache, CounterReadingChanges
from slm_monitor.application.state.loaded_partition import SeriesCheckpoint
from slm_monitor.application.state.ports import EvaluationStore
from slm_monitor.domain.facts.facts import HOUR, MINUTE, Fact, MeasuredValues, parse_series_indicator
from slm_monitor.domain.series.classifiers import COUNTS, Counts, RowClassifier, Rows
from slm_monitor.domain.series.hour_buckets import HourChunk, MeasuredRow
from slm_monitor.domain.series.hour_extremes import sum_decimals_exactly
from slm_monitor.domain.series.measured_time import convert_to_age
from slm_monitor.domain.series.series import IndicatorSeries, MinuteSumChange, read_rows_from_fact

HOURS_KEPT = 3
"""Hours of sums that are kept in memory in addition to the hours on which the windows of targets look back."""
ROWS_KEPT = 2
"""Hours of rows kept in memory before the latest row, because a late row is compared with the rows of its hour."""
HOURS_AT_ONCE = 7 * 24
MINUTES_AT_ONCE = HOURS_AT_ONCE * 60
"""Most minutes loaded at once, so that a long past is never in memory as a whole."""
Added = Callable[[IndicatorSeries, Sequence[MinuteSumChange]], None]


@dataclass(frozen=True, slots=True)
class JoinedSeries:
    """Several series of one indicator, added up to one series."""

    series: Sequence[IndicatorSeries]

    def minutes(self, measure: RowClassifier, first: int, last: int) -> tuple[Counts, Counts]:
        """Return the numbers of good events and of all events as two arrays, one entry per minute.

        The minutes are ``first`` to ``last`` inclusive, numbered since 1970, and their hours must be in memory.
        ``measure`` decides which events are good.
        """
        if len(self.series) == 1:
            return self.series[0].minutes(measure, first, last)
        good, total = np.zeros((2, last - first + 1), dtype=np.int64)
        for each in self.series:
            theirs = each.minutes(measure, first, last)
            good += theirs[0]
            total += theirs[1]
        return good, total

    def unclassified_minutes(self, measure: RowClassifier, first: int, last: int) -> list[int]:
        """Return the minutes from ``first`` to ``last`` (since 1970) with values that cannot be classified as good or
        bad.

        These are values of histograms whose buckets do not show on which side of the classifier's limit they lie.
        """
        return sorted({minute for each in self.series for minute in each.unclassified.between(measure, first, last)})

    def extremes(self, first: int, last: int) -> tuple[Rows, Rows]:
        """Return arrays (least, greatest) of the exact values by minute, from ``first`` to ``last`` inclusive.

        Minutes are numbered since 1970. A minute without values has (∞, −∞).
        """
        low, high = np.full(last - first + 1, np.inf), np.full(last - first + 1, -np.inf)
        for each in self.series:
            theirs = each.extremes(first, last)
            np.minimum(low, theirs[0], out=low)
            np.maximum(high, theirs[1], out=high)
        return low, high

    def summed(self, first: int, last: int) -> Decimal:
        """Return the exact sum of the values of the minutes ``first`` to ``last`` (since 1970), inclusive."""
        return sum_decimals_exactly(each.summed(first, last) for each in self.series)

    def holds(self, first: int, last: int) -> bool:
        """Return whether the hours of the minutes ``first`` to ``last`` (numbered since 1970) are in memory."""
        return not any(each.missing(range(first // 60, last // 60 + 1)) for each in self.series)

    @property
    def high_water(self) -> int:
        return max((each.high_water for each in self.series), default=-(2**62))


class SortedRowBatch:
    """The rows of a batch sorted by series and instant, with array operations over all series at once.

    Series number i has the rows ``starts[i]`` (inclusive) to ``ends[i]`` (exclusive). ``rises[i]``: whether its
    instants rise strictly.
    """

    def __init__(self, values: MeasuredValues) -> None:
        self.order = np.lexsort((values.at, values.slot))
        self._slot, self._at, self._value = values.slot[self.order], values.at[self.order], values.value[self.order]
        self._out_of = None if values.out_of is None else values.out_of[self.order]
        is_next = self._slot[1:] == self._slot[:-1]
        self._cuts = np.concatenate(([0], np.flatnonzero(~is_next) + 1)) if len(self._at) else np.zeros(0, np.int64)
        self.starts: list[int] = self._cuts.tolist()
        self.ends: list[int] = [*self.starts[1:], len(self._at)] if self.starts else []
        falls = np.concatenate(([False], is_next & (self._at[1:] <= self._at[:-1]))) if len(self._at) else np.zeros(0)
        self.rises = (~np.logical_or.reduceat(falls, self._cuts)).tolist() if self.starts else []
        self.first: list[int] = self._at[self._cuts].tolist()

    def slots(self) -> list[int]:
        """Return for each series its index in the batch's list of subjects."""
        slots: list[int] = self._slot[self._cuts].tolist()
        return slots

    def chunk(self, start: int, end: int, received_at: UtcMicroseconds) -> HourChunk:
        out_of = None if self._out_of is None else self._out_of[start:end]
        if out_of is not None and np.isnan(out_of).all():
            out_of = None
        return HourChunk(self._at[start:end], self._value[start:end], out_of, received_at)

    def counted(self, measures: Sequence[RowClassifier | None]) -> list[list[tuple[int, int, int]]]:
        """Return for each series its sums (minute, good, total) by the series' classifier.

        A series without a classifier, or with rows in more than one hour, gets an empty list.
        """
        if not self.starts:
            return []
        sizes = np.diff(np.append(self._cuts, len(self._at)))
        limits = np.array([np.nan if each is None else each.limit for each in measures])
        counts = np.array([each is not None and each.kind == COUNTS for each in measures])
        limit, is_count = np.repeat(limits, sizes), np.repeat(counts, sizes)
        out_of = np.full(len(self._at), np.nan) if self._out_of is None else self._out_of
        plain = np.isnan(out_of)
        good = np.where(is_count, np.where(plain, 0, self._value), (self._value <= limit) & plain).astype(np.int64)
        total = np.where(is_count, np.where(plain, 0, out_of), plain).astype(np.int64)
        minutes = self._at // MINUTE
        runs = np.flatnonzero(
            np.concatenate(([True], (minutes[1:] != minutes[:-1]) | (self._slot[1:] != self._slot[:-1])))
        )
        found: list[list[tuple[int, int, int]]] = [[] for _ in self.starts]
        owners = (np.searchsorted(self._cuts, runs, side="right") - 1).tolist()
        sums = zip(
            owners,
            minutes[runs].tolist(),
            np.add.reduceat(good, runs).tolist(),
            np.add.reduceat(total, runs).tolist(),
            strict=True,
        )
        for owner, *summed in sums:
            found[owner].append(tuple(summed))
        return [
            each if measure is not None and each[0][0] // 60 == each[-1][0] // 60 else []
            for each, measure in zip(found, measures, strict=True)
        ]


class IndicatorSeriesStore:
    """The series of each indicator: one for each set of labels that the indicator's rows have."""

    def __init__(self, store: EvaluationStore, kept: Mapping[str, SeriesCheckpoint]) -> None:
        self._store = store
        self._series: dict[str, IndicatorSeries] = {}
        self._by_indicator: dict[str, list[IndicatorSeries]] = {}
        self._measures: dict[str, set[RowClassifier]] = {}
        self._pending: list[IndicatorSeries] = []
        self._readings = CounterReadingCache(store, self)
        for subject, each in kept.items():
            self.named(subject, each.high_water)

    def named(self, subject: str, high_water: int | None = None) -> IndicatorSeries:
        """Return the series with this full name (indicator and labels), created when first needed."""
        series = self._series.get(subject)
        if series is None:
            indicator = parse_series_indicator(subject)
            series = IndicatorSeries(subject, self._measures.get(indicator, ()))
            if high_water is not None:
                series.high_water = high_water
            self._series[subject] = series
            self._by_indicator.setdefault(indicator, []).append(series)
        return series

    def has(self, subject: str) -> bool:
        """Return whether a series with this full name exists."""
        return subject in self._series

    def of_indicator(self, indicator: str) -> Sequence[IndicatorSeries]:
        """Return all series of an indicator; there is always at least one."""
        if indicator not in self._by_indicator:
            self.named(indicator)
        return self._by_indicator[indicator]

    def declare(self, indicator: str, measures: Collection[RowClassifier]) -> None:
        """Add the classifiers of an indicator's targets. From now on its series keep a sum for each classifier."""
        self._measures.setdefault(indicator, set()).update(measures)
        # The series without labels must exist even if all rows have labels: it holds the targets' accumulators in
        # checkpoints.
        self.named(indicator)
        for series in self.of_indicator(indicator):
            series.declare(measures)

    async def measurement_ages(self, indicators: Sequence[str]) -> Mapping[str, int]:
        """Return indicator → number of minutes after a measurement for which the indicator counts as measured."""
        known = await self._store.indicators(indicators)
        ages = {name: None if (found := known.get(name)) is None else found.stale_after for name in indicators}
        return {name: convert_to_age(age) for name, age in ages.items()}

    # -- rows ---------------------------------------------------------------------------------------------------

    async def accept_values(
        self, values: MeasuredValues, added: Added, received_at: UtcMicroseconds
    ) -> MeasuredValues | None:
        """Take in rows; return the new rows as columns to be stored, or None if all rows were known."""
        accepted = np.zeros(len(values), dtype=np.bool_)
        rows = SortedRowBatch(values)
        series = [self.named(values.subjects[slot]) for slot in rows.slots()]
        counted = rows.counted([each.plain for each in series])
        for place, (each, start, end) in enumerate(zip(series, rows.starts, rows.ends, strict=True)):
            minutes = counted[place]
            # The fast path, for nearly all rows: newer than any known row, in an hour in memory, and under one
            # classifier.
            if (
                minutes
                and rows.rises[place]
                and rows.first[place] > each.high_water
                and minutes[0][0] // 60 in each.hours
            ):
                accepted[rows.order[start:end]] = True
                added(each, each.count(rows.chunk(start, end, received_at), minutes))
                continue
            chunk = rows.chunk(start, end, received_at)
            await self._load(each, each.needs(chunk.at))
            new, deltas = each.add_rows(chunk.at, chunk.value, chunk.out_of, received_at)
            if deltas or new.any():
                accepted[rows.order[start:end][new]] = True
                added(each, deltas)
        if not accepted.any():
            return None
        return values if accepted.all() else values.selected(accepted)

    def committed(self) -> None:
        """Record that everything taken in so far is committed, and so is part of the record of facts now."""
        for series in self._pending:
            series.pending.clear()
        self._pending.clear()

    async def accept_facts(self, facts: Sequence[Fact], added: Added) -> list[Fact]:
        """Take in facts that are stored singly; return the facts that are new or replace a fact with the same key."""
        known = await self._store.known([(fact.subject, fact.key) for fact in facts])
        accepted: dict[tuple[str, str], Fact] = {}
        for fact in facts:
            name = (fact.subject, fact.key)
            before = accepted.get(name) or known.get(name)
            if before is None or fact.rank > before.rank:
                accepted[name] = fact
        moved = CounterReadingChanges()
        for name, fact in accepted.items():
            before = known.get(name)
            if before is None or (before.at, before.body) != (fact.at, fact.body):
                await self._replace(before, fact, added)
                moved.note(before, fact)
        await self._readings.follow(moved, added)
        return list(accepted.values())

    async def _replace(self, before: Fact | None, fact: Fact, added: Added) -> None:
        if before is not None:
            series = await self._ready(before)
            self._pending.append(series)
            added(series, series.drop(before.key, read_rows_from_fact(before)[1]))
        series = await self._ready(fact)
        self._pending.append(series)
        added(series, series.put(fact.key, read_rows_from_fact(fact)[1]))

    async def _ready(self, fact: Fact) -> IndicatorSeries:
        """Return the series of a fact's rows, with the hours of these rows loaded."""
        subject, rows = read_rows_from_fact(fact)
        series = self.named(subject)
        await self.load_rows(series, rows)
        return series

    async def change(
        self, series: IndicatorSeries, key: str, before: MeasuredRow | None, row: MeasuredRow | None, added: Added
    ) -> None:
        """Replace the row ``before``, computed from the counter reading with this key, by ``row``.

        ``before`` None: there was no row. ``row`` None: there is no new row.
        """
        await self.load_rows(series, [each for each in (before, row) if each is not None])
        self._pending.append(series)
        if before is not None:
            added(series, series.drop(key, [before]))
        if row is not None:
            added(series, series.put(key, [row]))

    async def load_rows(self, series: IndicatorSeries, rows: Sequence[MeasuredRow]) -> None:
        """Load the hours in which these rows lie."""
        await self._load(series, series.unlisted(row.at // HOUR for row in rows))

    async def _load(self, series: IndicatorSeries, hours: Collection[int]) -> None:
        if hours:
            found, named = await self._record(series, hours)
            for hour in hours:
                series.load(hour, found.get(hour, ()), named.get(hour, ()))

    async def _record(
        self, series: IndicatorSeries, hours: Collection[int]
    ) -> tuple[Mapping[int, Sequence[HourChunk]], Mapping[int, Sequence[tuple[str, MeasuredRow]]]]:
        """Read hours from the record.

        Return hour → its rows, and hour → (key, row) of facts that are stored singly.
        """
        # The series has no rows after its high-water mark, so hours beyond it are not read.
        known = [hour for hour in hours if hour * HOUR <= series.high_water]
        if not known:
            return {}, {}
        found = await self._store.hours(series.subject, known)
        named: dict[int, list[tuple[str, MeasuredRow]]] = {}
        span = (min(known) * HOUR, (max(known) + 1) * HOUR)
        facts = await self._store.facts_between(parse_series_indicator(series.subject), *span)
        mine = [fact for fact in facts if read_rows_from_fact(fact)[0] == series.subject]
        for fact in await self._readings.counted(series.subject, mine):
            for row in read_rows_from_fact(fact)[1]:
                named.setdefault(row.at // HOUR, []).append((fact.key, row))
        return found, named

    async def load_minutes(self, indicator: str, first: int, last: int) -> None:
        """Load the hours of the minutes ``first`` to ``last`` (since 1970) for all series of an indicator.

        Hours after the latest row of a series are not loaded.
        """
        for series in self.of_indicator(indicator):
            until = min(last, max(series.high_water, 0) // MINUTE)
            missing = sorted(series.missing(range(first // 60, until // 60 + 1)))
            await self._load(series, await self._load_sums(series, missing))

    async def _load_sums(self, series: IndicatorSeries, hours: list[int]) -> list[int]:
        """Load past hours as sums if no evaluation needs their single rows. Return the other hours, which must be
        loaded with their rows.
        """
        older = [hour for hour in hours if hour < series.high_water // HOUR]
        if not older or older[-1] - older[0] >= len(older) or not series.takes_sums(older[0], older[-1]):
            return hours
        found, named = await self._record(series, older)
        chunks = [chunk for hour in older for chunk in found.get(hour, ())]
        rows = [row for hour in older for key, row in named.get(hour, ())]
        series.load_sums(older[0], older[-1], chunks, rows)
        return hours[len(older) :]

    async def each_hour(self, series: IndicatorSeries, since: UtcMicroseconds, count: Callable[[int], None]) -> None:
        """Call ``count`` with every hour from the instant ``since`` on. An hour is loaded for
        its call, then dropped.
        """
        for hours in split_range_into_pieces(since // HOUR, series.high_water // HOUR, HOURS_AT_ONCE):
            borrowed = series.missing(hours) | (series.unlisted(hours) & series.hours.keys())
            await self._load(series, borrowed)
            for hour in hours:
                count(hour)
            for hour in borrowed:
                if not series.hours[hour].unsaved and hour not in series.pending:
                    del series.hours[hour]

    # -- the record ---------------------------------------------------------------------------------------------

    def unsaved(self, subject: str) -> list[tuple[str, int, list[HourChunk]]]:
        """Return (subject, hour since 1970, rows) for the rows that are not in the record yet; they count as saved from
        now on.
        """
        series = self._series[subject]
        segments = []
        for hour in sorted(series.unsaved):
            held = series.hours[hour]
            segments.append((subject, hour, held.unsaved))
            held.unsaved = []
        series.unsaved.clear()
        return segments

    def evict(self, indicator: str, reach: Callable[[], int]) -> None:
        """Drop saved hours that lie more than ``reach`` minutes before the latest row. Later hours keep their sums;
        only the last few hours also keep their rows.
        """
        for series in self.of_indicator(indicator):
            if not series.is_tidy:
                latest = series.high_water // HOUR
                series.tidy(latest - reach() // 60 - HOURS_KEPT, latest - ROWS_KEPT + 1)


def split_range_into_pieces(first: int, last: int, length: int = MINUTES_AT_ONCE) -> Iterator[range]:
    """Yield ranges of at most ``length`` that together cover ``first`` to ``last``, both included. The numbers stand
    for minutes or hours since 1970.
    """
    for start in range(first, last + 1, length):
        yield range(start, min(start + length, last + 1))
