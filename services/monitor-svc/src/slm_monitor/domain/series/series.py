"""The rows of one indicator under one set of labels, summed by the minute; a fact delivered twice counts once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts import histograms
from slm_monitor.domain.facts.facts import FAILED, HOUR, MINUTE, Fact, name_labelled_series, parse_series_indicator
from slm_monitor.domain.facts.histograms import Histogram
from slm_monitor.domain.series.classifiers import AT_MOST, COUNTS, EXACT, Counts, RowClassifier, Rows, to_exact_decimal
from slm_monitor.domain.series.hour_buckets import (
    CompactHourSums,
    HourBucket,
    HourChunk,
    MeasuredRow,
    compute_row_identities,
    convert_rows_to_chunks,
    sum_rows_by_minute,
)
from slm_monitor.domain.series.hour_extremes import sum_decimals_exactly
from slm_monitor.domain.series.unclassified import UnclassifiedValueCounts

NOTHING_YET = -(2**62)


@dataclass(slots=True)
class MinuteSumChange:
    """A change of one minute's sums: ``good`` and ``total`` by classifier, negative if rows were removed."""

    minute: int
    good: Sequence[int]
    total: Sequence[int]
    added: Sequence[Fraction] = ()
    removed: Sequence[Fraction] = ()
    unclassified: Sequence[int] = ()
    """How many values in histograms cannot be classified, by classifier; empty if there are none."""
    merged: Sequence[Histogram] = ()
    unmerged: Sequence[Histogram] = ()
    """Histograms to remove; ``merged`` are those to add. Both are given only if a classifier needs exact values."""


class IndicatorSeries:
    """The rows of one indicator under one set of labels, by hour since 1970. ``measures``: its targets' classifiers."""

    def __init__(self, subject: str, measures: Iterable[RowClassifier] = (), high_water: int = NOTHING_YET) -> None:
        self.subject = subject
        self.indicator = parse_series_indicator(subject)
        self.measures = sorted(set(measures))
        self.high_water = high_water
        """The greatest instant of all rows. Every later row is new, so its identity need not be looked up."""
        self.hours: dict[int, HourBucket] = {}
        self.past = CompactHourSums(len(self.measures))
        self.unclassified = UnclassifiedValueCounts()
        self.unsaved: set[int] = set()
        """Hours that have chunks of rows which are not in the store yet."""
        self._tidied: int | None = None
        self.pending: set[int] = set()
        """Hours in which single facts changed and are not stored yet. Such hours must not be read from the store."""

    @property
    def _is_exact(self) -> bool:
        return any(measure.kind == EXACT for measure in self.measures)

    def needs(self, at: npt.NDArray[np.int64]) -> set[int]:
        """Return the hours that must be loaded from the store before rows at these sorted instants can be added."""
        hours = {int(at[0] // HOUR), int(at[-1] // HOUR)}
        if len(hours) > 1:
            hours = {int(hour) for hour in np.unique(at // HOUR)}
        missing = hours - self.hours.keys()
        if self._is_new(at):
            return missing
        return missing | {hour for hour in hours & self.hours.keys() if self.hours[hour].chunks is None}

    def unlisted(self, hours: Iterable[int]) -> set[int]:
        """Return which of the hours must be loaded with their rows before any row can be removed from them."""
        without = {hour for hour in self.hours if self._is_exact and self.hours[hour].chunks is None}
        return {hour for hour in hours if hour not in self.hours or hour in without}

    def missing(self, hours: Iterable[int]) -> set[int]:
        """Return which of the hours are not in memory at all, not even as sums by minute."""
        return {hour for hour in hours if hour not in self.hours and hour not in self.past}

    def _is_new(self, at: npt.NDArray[np.int64]) -> bool:
        return int(at[0]) > self.high_water and _rises(at)

    def load(self, hour: int, chunks: Sequence[HourChunk], named: Iterable[tuple[str, MeasuredRow]] = ()) -> None:
        """Load an hour's stored rows; keep its unsaved rows. ``named``: (fact key, row) of facts stored one by one."""
        held = self.hours.get(hour)
        unsaved = [] if held is None else held.unsaved
        rows: dict[str, list[MeasuredRow]] = {} if held is None else held.named
        if held is None:
            for key, row in named:
                rows.setdefault(key, []).append(row)
        self.hours[hour] = self._summed([*chunks, *unsaved], rows, unsaved)
        self._tidied = None

    def declare(self, measures: Iterable[RowClassifier]) -> None:
        """Add classifiers that targets now need. Sums that cannot be computed again from rows in memory are dropped."""
        wanted = sorted({*self.measures, *measures})
        if wanted == self.measures:
            return
        self.measures = wanted
        self.past = CompactHourSums(len(wanted))
        for number, hour in list(self.hours.items()):
            if hour.chunks is None:
                del self.hours[number]
            else:
                fresh = self._summed(hour.chunks, hour.named, hour.unsaved)
                fresh.identities = hour.identities
                self.hours[number] = fresh

    def add_rows(
        self,
        at: npt.NDArray[np.int64],
        value: npt.NDArray[np.float64],
        out_of: npt.NDArray[np.float64] | None = None,
        received_at: UtcMicroseconds = 0,
    ) -> tuple[npt.NDArray[np.bool_], list[MinuteSumChange]]:
        """Add rows sorted by instant to hours in memory; return a mask of the new rows, and the changes of minutes."""
        if out_of is not None and np.isnan(out_of).all():
            # Only another series of the batch needs this column. A row must have the same identity with and without it.
            out_of = None
        new = np.ones(len(at), dtype=np.bool_)
        if not self._is_new(at):
            new = self._unknown(at, value, out_of)
            at, value, out_of = at[new], value[new], None if out_of is None else out_of[new]
        if not len(at):
            return new, []
        self.high_water = max(self.high_water, int(at[-1]))
        deltas: list[MinuteSumChange] = []
        cuts = np.flatnonzero(np.diff(at // HOUR)) + 1 if at[0] // HOUR != at[-1] // HOUR else ()
        for rows in np.split(np.arange(len(at)), cuts) if len(cuts) else (slice(None),):
            chunk = HourChunk(at[rows], value[rows], None if out_of is None else out_of[rows], received_at)
            hour = int(chunk.at[0] // HOUR)
            self.hours[hour].add_chunk(chunk)
            self.unsaved.add(hour)
            deltas += self._add(hour, chunk)
        return new, deltas

    @property
    def plain(self) -> RowClassifier | None:
        """The only classifier of the series if its kind is ``at_most`` or ``counts``; None for any other series."""
        only = self.measures[0] if len(self.measures) == 1 else None
        return only if only is not None and only.kind in (AT_MOST, COUNTS) else None

    def count(self, chunk: HourChunk, minutes: Sequence[tuple[int, int, int]]) -> list[MinuteSumChange]:
        """Add new rows of one hour in memory. ``minutes``: (minute, good, total), as classifier ``plain`` counts."""
        number = minutes[0][0] // 60
        hour = self.hours[number]
        hour.add_chunk(chunk)
        self.unsaved.add(number)
        self.high_water = int(chunk.at[-1])
        deltas = []
        for minute, good, total in minutes:
            hour.good[0, minute % 60] += good
            hour.total[0, minute % 60] += total
            deltas.append(MinuteSumChange(minute, (good,), (total,)))
        return deltas

    def _unknown(
        self, at: npt.NDArray[np.int64], value: npt.NDArray[np.float64], out_of: npt.NDArray[np.float64] | None
    ) -> npt.NDArray[np.bool_]:
        seen: set[object] = set()
        new = np.empty(len(at), dtype=np.bool_)
        for row, identity in enumerate(compute_row_identities(HourChunk(at, value, out_of))):
            new[row] = identity not in seen and identity not in self.hours[int(at[row]) // HOUR].known()
            seen.add(identity)
        return new

    def _add(self, number: int, chunk: HourChunk) -> list[MinuteSumChange]:
        """Count rows of one hour, sorted by instant; return the changes of its minutes."""
        hour = self.hours[number]
        minutes = chunk.at // MINUTE
        starts = np.concatenate(([0], np.flatnonzero(np.diff(minutes)) + 1)) if len(minutes) > 1 else np.zeros(1, int)
        touched = (minutes[starts] - number * 60).astype(np.intp)
        goods, totals = [], []
        for place, measure in enumerate(self.measures):
            good, total = measure.counted(chunk.value, chunk.out_of)
            goods.append(np.add.reduceat(good, starts))
            totals.append(np.add.reduceat(total, starts))
            hour.good[place, touched] += goods[-1]
            hour.total[place, touched] += totals[-1]
        added: list[list[Fraction]] = [[] for _ in touched]
        if self._is_exact:
            ends = [*starts[1:].tolist(), len(minutes)]
            for place, (start, end) in enumerate(zip(starts.tolist(), ends, strict=True)):
                added[place] = [to_exact_decimal(each) for each in chunk.value[start:end].tolist() if each != FAILED]
                if added[place]:
                    hour.add_values(int(touched[place]), added[place])
        return [
            MinuteSumChange(
                int(minutes[start]),
                [int(each[place]) for each in goods],
                [int(each[place]) for each in totals],
                added[place],
            )
            for place, start in enumerate(starts.tolist())
        ]

    def put(self, key: str, rows: Sequence[MeasuredRow]) -> list[MinuteSumChange]:
        """Add the rows of a new fact that is stored by itself to hours in memory; return one change for each row."""
        deltas = []
        for row in rows:
            self.hours[row.at // HOUR].named.setdefault(key, []).append(row)
            self.pending.add(row.at // HOUR)
            self.high_water = max(self.high_water, row.at)
            deltas.append(self._change(row, 1))
        return deltas

    def drop(self, key: str, rows: Sequence[MeasuredRow]) -> list[MinuteSumChange]:
        """Remove an outdated fact, which is stored by itself, from hours in memory; return one change for each row."""
        for row in rows:
            self.hours[row.at // HOUR].named.pop(key, None)
            self.pending.add(row.at // HOUR)
        return [self._change(row, -1) for row in rows]

    def _change(self, row: MeasuredRow, sign: int) -> MinuteSumChange:
        """Count a row of a fact that is stored by itself (``sign`` 1), or subtract it again (−1)."""
        hour, minute = self.hours[row.at // HOUR], row.at // MINUTE % 60
        if row.histogram is not None:
            return self._change_histogram(row.histogram, row.at // MINUTE, hour, sign)
        value, out_of = np.array([row.value]), None if row.out_of is None else np.array([row.out_of])
        counted = [measure.counted(value, out_of) for measure in self.measures]
        goods, totals = [sign * int(good[0]) for good, _ in counted], [sign * int(total[0]) for _, total in counted]
        for place, (good, total) in enumerate(zip(goods, totals, strict=True)):
            hour.good[place, minute] += good
            hour.total[place, minute] += total
        if not self._is_exact or row.out_of is not None or row.value == FAILED:
            return MinuteSumChange(row.at // MINUTE, goods, totals)
        exact = to_exact_decimal(row.value)
        if sign < 0:
            hour.remove_value(minute, exact)
            return MinuteSumChange(row.at // MINUTE, goods, totals, removed=[exact])
        hour.add_values(minute, [exact])
        return MinuteSumChange(row.at // MINUTE, goods, totals, added=[exact])

    def _change_histogram(self, histogram: Histogram, minute: int, hour: HourBucket, sign: int) -> MinuteSumChange:
        counts = [measure.histogram_counts(histogram) for measure in self.measures]
        good, total, unclassified = ([sign * each[part] for each in counts] for part in range(3))
        delta = MinuteSumChange(minute, good, total, unclassified=unclassified)
        for place, measure in enumerate(self.measures):
            hour.good[place, minute % 60] += delta.good[place]
            hour.total[place, minute % 60] += delta.total[place]
            self.unclassified.note(measure, minute, delta.unclassified[place])
        if self._is_exact and histogram.is_summed:
            if sign < 0:
                hour.remove_histogram(minute % 60, histogram)
                delta.unmerged = [histogram]
            else:
                hour.add_histogram(minute % 60, histogram)
                delta.merged = [histogram]
        return delta

    def _summed(
        self, chunks: list[HourChunk], named: dict[str, list[MeasuredRow]], unsaved: list[HourChunk]
    ) -> HourBucket:
        """Build an hour from its rows: its sums, histograms and exact values."""
        rows = [row for each in named.values() for row in each]
        parts = [*chunks, *convert_rows_to_chunks(rows)]
        sums = sum_rows_by_minute(parts, self.measures)
        self._count_histograms(rows, sums)
        hour = HourBucket(sums[0], sums[1], chunks, named, {}, unsaved)
        for row in rows if self._is_exact else ():
            if row.histogram is not None and row.histogram.is_summed:
                hour.add_histogram(row.at // MINUTE % 60, row.histogram)
        for chunk in parts if self._is_exact else ():
            if chunk.out_of is None:
                for minute, value in zip((chunk.at // MINUTE % 60).tolist(), chunk.value.tolist(), strict=True):
                    if value != FAILED:
                        hour.exact.setdefault(minute, []).append(to_exact_decimal(value))
        return hour

    def _count_histograms(self, rows: Sequence[MeasuredRow], sums: Counts, first: int | None = None) -> None:
        """Add the rows' histograms to ``sums``, whose first hour is ``first`` (None if all rows lie in one hour)."""
        merged = [(row.at // MINUTE, row.histogram) for row in rows if row.histogram is not None]
        self.unclassified.forget([minute for minute, _ in merged])
        for minute, histogram in merged:
            place = minute % 60 if first is None else minute - first * 60
            for number, measure in enumerate(self.measures):
                good, total, hidden = measure.histogram_counts(histogram)
                sums[:, number, place] += (good, total)
                self.unclassified.note(measure, minute, hidden)

    def load_sums(self, first: int, last: int, chunks: Sequence[HourChunk], named: Sequence[MeasuredRow]) -> None:
        """Load the sums by minute, but no rows, of the hours ``first`` to ``last`` from stored rows. ``chunks``: the
        rows that are stored in columns. ``named``: the rows of facts that are stored singly.
        """
        sums = sum_rows_by_minute([*chunks, *convert_rows_to_chunks(named)], self.measures, first, last - first + 1)
        self._count_histograms(named, sums, first)
        self.past.put(first, sums)

    def takes_sums(self, first: int, last: int) -> bool:
        """Whether sums suffice for these past hours: no exact values are needed, and they adjoin the sums in memory."""
        return last < self.high_water // HOUR and not self._is_exact and self.past.adjoins(first, last)

    @property
    def is_tidy(self) -> bool:
        """Whether ``tidy`` need not run: no hour has begun since it last ran. Most batches lie in the present hour."""
        return self._tidied == self.high_water // HOUR

    def tidy(self, oldest: int, rows_since: int) -> None:
        """Drop hours before ``oldest``, and rows of hours before ``rows_since``, except changes not stored yet."""
        for number in sorted(number for number in self.hours if number < rows_since):
            hour = self.hours[number]
            if hour.unsaved:
                continue
            if number < oldest:
                if number not in self.pending:
                    del self.hours[number]
            elif self._is_exact or number in self.pending or not self.past.adjoins(number, number):
                hour.forget_rows()
            else:
                self.past.put(number, np.stack((hour.good, hour.total)))
                del self.hours[number]
        self.past.forget_before(oldest)
        is_waiting = any(number < rows_since for number in self.unsaved | self.pending)
        self._tidied = None if is_waiting else self.high_water // HOUR

    def deltas(self, number: int) -> list[MinuteSumChange]:
        """Return all sums of an hour as changes of its minutes, as if all rows of the hour had just arrived."""
        if not self.measures:
            return []
        hour = self.hours.get(number)
        good, total = self.past.hour_sums(number) if hour is None else (hour.good, hour.total)
        exact = {} if hour is None else hour.exact
        filled = {
            *np.flatnonzero(total.any(axis=0) | good.any(axis=0)).tolist(),
            *self.unclassified.minutes_of_hour(number),
        }
        merged = {} if hour is None else hour.merged
        return [
            MinuteSumChange(
                number * 60 + minute,
                good[:, minute].tolist(),
                total[:, minute].tolist(),
                exact.get(minute, ()),
                unclassified=self.unclassified.numbers_at(self.measures, number * 60 + minute),
                merged=merged.get(minute, ()),
            )
            for minute in sorted(filled)
        ]

    def minutes(self, measure: RowClassifier, first: int, last: int) -> tuple[Counts, Counts]:
        """Return arrays (good events, all events) of the minutes ``first`` to ``last``; 0 if the hour is not loaded."""
        place = self.measures.index(measure)
        good, total = self.past.minutes(place, first, last)
        span = range(first // 60, last // 60 + 1)
        for number in span if len(span) < len(self.hours) else list(self.hours):
            hour = self.hours.get(number)
            start = max(number * 60, first)
            count = min(number * 60 + 60, last + 1) - start
            if hour is not None and count > 0:
                theirs, ours = start - number * 60, start - first
                good[ours : ours + count] = hour.good[place, theirs : theirs + count]
                total[ours : ours + count] = hour.total[place, theirs : theirs + count]
        return good, total

    def extremes(self, first: int, last: int) -> tuple[Rows, Rows]:
        """Return arrays (minima, maxima) of the minutes ``first`` to ``last``; (∞, −∞) in minutes without values."""
        low, high = np.full(last - first + 1, np.inf), np.full(last - first + 1, -np.inf)
        for number in range(first // 60, last // 60 + 1):
            hour = self.hours.get(number)
            if hour is not None and hour.has_values:
                start, end = max(number * 60, first), min(number * 60 + 60, last + 1)
                ours, theirs = slice(start - first, end - first), slice(start - number * 60, end - number * 60)
                low[ours], high[ours] = hour.valued().low[theirs], hour.valued().high[theirs]
        return low, high

    def summed(self, first: int, last: int) -> Decimal:
        """Return the sum of the exact values of the minutes ``first`` to ``last`` inclusive."""
        parts = [
            hour.valued().between(max(first - number * 60, 0), min(last - number * 60, 59))
            for number in range(first // 60, last // 60 + 1)
            if (hour := self.hours.get(number)) is not None and hour.has_values
        ]
        return sum_decimals_exactly(parts)


def _rises(at: npt.NDArray[np.int64]) -> bool:
    """Whether the instants rise strictly. Two rows with one instant may be the same measurement."""
    return len(at) < 2 or bool((at[1:] > at[:-1]).all())


def read_rows_from_fact(fact: Fact) -> tuple[str, list[MeasuredRow]]:
    """Return (name of the series, rows) of a fact that is stored by itself; a retracted fact has no rows."""
    rows = [
        MeasuredRow(fact.at, FAILED if row[0] is None else float(row[0]), None if len(row) == 1 else float(row[1]))
        for row in fact.body.get("rows", ())
    ]
    if "histogram" in fact.body:
        rows = [MeasuredRow(fact.at, math.nan, None, histograms.read_stored_histogram(fact.body["histogram"]))]
    return name_labelled_series(fact.subject, fact.body.get("labels") or {}), rows
