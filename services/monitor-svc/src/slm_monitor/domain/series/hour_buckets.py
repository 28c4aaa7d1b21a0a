"""Hours of a series: the latest hours with all their rows, earlier hours as sums only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.facts.histograms import Histogram
from slm_monitor.domain.series.classifiers import Counts, RowClassifier
from slm_monitor.domain.series.hour_extremes import HourMinuteAggregates

MINUTES = 60
"""The number of minutes in an hour."""


class MeasuredRow(NamedTuple):
    """One measured row of a fact that is stored by itself, not in columns with other rows.

    If the row counts good events out of all events, ``value`` is the number of good events, and ``out_of`` the number
    of all events; otherwise ``out_of`` is None.
    """

    at: UtcMicroseconds
    value: float
    out_of: float | None = None
    histogram: Histogram | None = None
    """The histogram, if the row holds several values; ``value`` is NaN then."""


@dataclass(slots=True)
class HourChunk:
    """Rows of one hour as columns, in the order in which they were accepted.

    ``out_of`` has the number of all events of each row that counts good events out of all events. It is None if there
    is no such row.
    """

    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    out_of: npt.NDArray[np.float64] | None = None
    received_at: UtcMicroseconds = 0


def compute_row_identities(chunk: HourChunk) -> Iterable[object]:
    """Return the identity of each row: its instant and content. Rows with one identity are the same measurement."""
    if chunk.out_of is None:
        return zip(chunk.at.tolist(), chunk.value.tolist(), strict=True)
    return zip(chunk.at.tolist(), chunk.value.tolist(), chunk.out_of.tolist(), strict=True)


def convert_rows_to_chunks(rows: Sequence[MeasuredRow]) -> list[HourChunk]:
    """Return the rows in chunks: one of plain values, and one of rows that count good events out of all events.

    The rows come from facts that are stored one by one. Rows that hold histograms are left out, and so is a chunk
    without rows.
    """
    found = []
    for plain in (True, False):
        chosen = [row for row in rows if row.histogram is None and (row.out_of is None) == plain]
        if chosen:
            out_of = None if plain else np.array([row.out_of for row in chosen], dtype=np.float64)
            found.append(
                HourChunk(np.array([row.at for row in chosen]), np.array([row.value for row in chosen]), out_of)
            )
    return found


def sum_rows_by_minute(
    chunks: Sequence[HourChunk], measures: Sequence[RowClassifier], first: int | None = None, hours: int = 1
) -> Counts:
    """Sum rows by minute. Return an array of shape (2, number of ``measures``, ``hours`` × 60): the numbers of good
    events are at [0], the numbers of all events at [1].

    ``first`` is the number of the first hour since 1970; None if all rows lie in one hour.
    """
    sums = np.zeros((2, len(measures), hours * MINUTES), dtype=np.int64)
    for chunk in chunks:
        minutes = chunk.at // MINUTE
        minutes = (minutes % MINUTES if first is None else minutes - first * MINUTES).astype(np.intp)
        for place, measure in enumerate(measures):
            good, total = measure.counted(chunk.value, chunk.out_of)
            np.add.at(sums[0, place], minutes, good)
            np.add.at(sums[1, place], minutes, total)
    return sums


@dataclass(slots=True)
class HourBucket:
    """One hour of a series with its sixty minute sums: ``good[k]`` and ``total[k]`` are counted by the series'
    classifier k.

    ``chunks`` are the rows as columns, None if they are no longer in memory. ``named``: fact key → the fact's rows, for
    facts that are stored one by one. ``exact``: minute → its exact values, while the rows are in memory. ``unsaved``
    are chunks that are not in the store yet. ``values`` are the sums, minima and maxima of the exact values by minute,
    built on first use.
    """

    good: Counts
    total: Counts
    chunks: list[HourChunk] | None
    named: dict[str, list[MeasuredRow]] = field(default_factory=dict)
    exact: dict[int, list[Fraction]] = field(default_factory=dict)
    unsaved: list[HourChunk] = field(default_factory=list)
    identities: set[object] | None = None
    values: HourMinuteAggregates | None = None
    merged: dict[int, list[Histogram]] = field(default_factory=dict)
    """Minute → its histograms that have sum, minimum and maximum. Values of these histograms are not in ``exact``."""

    def known(self) -> set[object]:
        """Return the identities of the hour's rows. The set is built on first use."""
        if self.identities is None:
            self.identities = set()
            for chunk in self.chunks or ():
                self.identities.update(compute_row_identities(chunk))
        return self.identities

    def add_chunk(self, chunk: HourChunk) -> None:
        """Add a chunk of new rows that is not in the store yet. The caller updates the minute sums."""
        self.unsaved.append(chunk)
        if self.chunks is not None:
            self.chunks.append(chunk)
        if self.identities is not None:
            self.identities.update(compute_row_identities(chunk))

    def add_values(self, minute: int, values: Sequence[Fraction]) -> None:
        """Add exact values to a minute (0 to 59) of the hour."""
        self.exact.setdefault(minute, []).extend(values)
        if self.values is not None:
            self.values.add(minute, [float(each) for each in values])

    def remove_value(self, minute: int, value: Fraction) -> None:
        """Remove one exact value from a minute (0 to 59) of the hour."""
        self.exact[minute].remove(value)
        if self.values is not None:
            self._remake(self.values, minute)

    def add_histogram(self, minute: int, histogram: Histogram) -> None:
        """Add a histogram to a minute (0 to 59) of the hour. The histogram must have sum, minimum and maximum."""
        self.merged.setdefault(minute, []).append(histogram)
        if self.values is not None:
            self.values.merge(minute, histogram)

    def remove_histogram(self, minute: int, histogram: Histogram) -> None:
        """Remove a histogram from a minute (0 to 59) of the hour."""
        self.merged[minute].remove(histogram)
        if self.values is not None:
            self._remake(self.values, minute)

    def _remake(self, values: HourMinuteAggregates, minute: int) -> None:
        values.remake(minute, [float(each) for each in self.exact.get(minute, ())])
        for each in self.merged.get(minute, ()):
            values.merge(minute, each)

    @property
    def has_values(self) -> bool:
        """Whether the hour has exact values in memory: as single values, as histograms, or as sums and extremes of
        each minute.
        """
        return bool(self.exact or self.merged or self.values is not None)

    def forget_rows(self) -> None:
        """Drop the rows from memory, since the store has them. The minute sums, minima and maxima stay."""
        if self.has_values:
            self.valued()
        self.chunks = self.identities = None
        self.exact, self.merged = {}, {}

    def valued(self) -> HourMinuteAggregates:
        """Return the sum, minimum and maximum of the exact values of each minute. They are computed on first use."""
        if self.values is None:
            self.values = HourMinuteAggregates()
            for minute in self.exact.keys() | self.merged.keys():
                self._remake(self.values, minute)
        return self.values


class CompactHourSums:
    """The minute sums of earlier hours, kept in the narrowest integer type that holds them.

    Burn rates need three days of a series in memory, and most minutes hold a handful of events.
    """

    def __init__(self, measures: int) -> None:
        self._measures = measures
        self._first = 0
        self._sums = np.zeros((2, measures, 0), dtype=np.uint8)

    def __contains__(self, hour: int) -> bool:
        return self._first <= hour < self._after

    @property
    def _after(self) -> int:
        return self._first + self._sums.shape[2] // MINUTES

    def adjoins(self, first: int, last: int) -> bool:
        """Whether the hours ``first`` to ``last`` overlap or adjoin the hours in memory, so that adding them leaves no
        gap.
        """
        return self._first == self._after or (first <= self._after and last >= self._first - 1)

    def put(self, hour: int, sums: Counts) -> None:
        """Set the sums of consecutive hours that begin at ``hour``: good events in ``sums[0]``, all events in
        ``sums[1]``, each by classifier and minute. Sums of these hours that are already in memory are replaced.
        """
        number = sums.shape[2] // MINUTES
        least, most = int(sums.min(initial=0)), int(sums.max(initial=0))
        fitting = np.promote_types(np.min_scalar_type(most), self._sums.dtype)
        if least < 0:
            fitting = np.promote_types(fitting, np.min_scalar_type(least))
        if self._first == self._after:
            self._first = hour
        before, after = max(self._first - hour, 0), max(hour + number - self._after, 0)
        if before or after or fitting != self._sums.dtype:
            wider = np.zeros((2, self._measures, self._sums.shape[2] + (before + after) * MINUTES), dtype=fitting)
            wider[:, :, before * MINUTES : before * MINUTES + self._sums.shape[2]] = self._sums
            self._sums, self._first = wider, self._first - before
        start = (hour - self._first) * MINUTES
        self._sums[:, :, start : start + number * MINUTES] = sums

    def forget_before(self, hour: int) -> None:
        gone = min(max(hour - self._first, 0), self._after - self._first)
        if gone:
            self._first += gone
            self._sums = self._sums[:, :, gone * MINUTES :].copy()

    def hour_sums(self, hour: int) -> tuple[Counts, Counts]:
        """Return (good, total) of an hour that is in memory, each by classifier and minute."""
        start = (hour - self._first) * MINUTES
        good, total = self._sums[:, :, start : start + MINUTES].astype(np.int64)
        return good, total

    def minutes(self, place: int, first: int, last: int) -> tuple[Counts, Counts]:
        """Return (good, total) of the minutes ``first`` to ``last`` inclusive, for the classifier at index ``place``.

        Minutes are numbered since 1970. Minutes of hours that are not in memory are 0.
        """
        sums = np.zeros((2, last - first + 1), dtype=np.int64)
        start = self._first * MINUTES
        since, until = max(first, start), min(last + 1, self._after * MINUTES)
        if since < until:
            sums[:, since - first : until - first] = self._sums[:, place, since - start : until - start]
        return sums[0], sums[1]
