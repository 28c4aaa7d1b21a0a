"""The rows of a window that count for a target, as columns, and their sums by the minute."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import to_text
from slm_monitor.domain.explanations.window_result import KnownWindowFacts
from slm_monitor.domain.facts.facts import HOUR, MINUTE, MeasuredValues, parse_series_labels
from slm_monitor.domain.series import classifiers
from slm_monitor.domain.series.classifiers import RowClassifier
from slm_monitor.domain.series.series import MinuteSumChange, read_rows_from_fact
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FigureTarget

DAY = 24 * HOUR
_MOST_BUCKETS = 1500

Integers = npt.NDArray[np.int64]


class RowCounting(Protocol):
    """The part of an aggregation that decides which rows count, and how they count."""

    def classifier(self, terms: FigureTarget) -> RowClassifier: ...

    def required_labels(self, terms: FigureTarget) -> Mapping[str, str]: ...


class RowColumns(NamedTuple):
    """Columns of rows in the order of their instants: instant (µs), value, good events and total events of each row."""

    at: Integers
    value: npt.NDArray[np.float64]
    good: Integers
    total: Integers
    unclassified: Integers
    """The number of values in histograms whose buckets do not show whether the values are good."""
    merged: npt.NDArray[np.object_]
    """The histogram of each row; None for a row without a histogram."""

    def selected(self, wanted: npt.NDArray[np.bool_]) -> RowColumns:
        at, value, good, total = self.at[wanted], self.value[wanted], self.good[wanted], self.total[wanted]
        return RowColumns(at, value, good, total, self.unclassified[wanted], self.merged[wanted])


class CountedWindowRows(NamedTuple):
    """The rows that count in a window.

    ``outside`` and ``excluded``: number of events outside service hours and in excluded time. ``raw``: the rows that
    would count if there were no exclusions.
    """

    rows: RowColumns
    outside: int
    excluded: int
    raw: RowColumns
    measured_minutes: Sequence[int] = ()
    """The minutes, numbered since 1970, in which anything was measured, also outside the window."""


def select_rows_in_window(counting: RowCounting, target: FigureTarget, facts: KnownWindowFacts) -> CountedWindowRows:
    """Return the rows that count in a window.

    The start of a row's minute decides whether it lies in the window, in service time and in an exclusion.
    """
    rows = _all(counting, target, facts)
    minute = rows.at // MINUTE * MINUTE
    inside = (minute >= facts.span[0]) & (minute < facts.span[1])
    if facts.until is not None:
        inside &= rows.at <= facts.until
    serving = find_instants_in_intervals(minute, target.hours.intervals(facts.span[0], facts.span[1] + MINUTE))
    excluded = find_instants_in_intervals(minute, intervals.union(facts.excluded))
    served = inside & serving
    kept = served & ~excluded
    agreed = rows.selected(kept)
    if target.planned_downtime == "excused":
        # Events in excused time count as good, whatever they were.
        agreed = rows._replace(good=np.where(excluded, rows.total, rows.good)).selected(served)
    outside, removed = int(rows.total[inside & ~serving].sum()), int(rows.total[served & excluded].sum())
    heard = np.unique(minute[(rows.total > 0) | (rows.unclassified > 0)] // MINUTE).tolist()
    return CountedWindowRows(agreed, outside, removed, rows.selected(served), heard)


def _all(counting: RowCounting, target: FigureTarget, facts: KnownWindowFacts) -> RowColumns:
    """Return all known rows with the labels that the target counts."""
    wanted, measure = counting.required_labels(target), counting.classifier(target)
    values = facts.values if facts.is_distinct else remove_repeated_rows(facts.values)
    fits = np.array([_fits(parse_series_labels(subject), wanted) for subject in values.subjects], dtype=np.bool_)
    values = values.selected(fits[values.slot]) if len(values) else values
    single = [
        row
        for fact in facts.single
        if _fits(fact.body.get("labels") or {}, wanted)
        for row in read_rows_from_fact(fact)[1]
    ]
    at = np.concatenate([values.at, np.array([row.at for row in single], dtype=np.int64)])
    value = np.concatenate([values.value, np.array([row.value for row in single], dtype=np.float64)])
    out_of = np.concatenate(
        [
            np.full(len(values), np.nan) if values.out_of is None else values.out_of,
            np.array([np.nan if row.out_of is None else row.out_of for row in single], dtype=np.float64),
        ]
    )
    order = np.lexsort((out_of, value, at))
    good, total = measure.counted(value[order], out_of[order])
    unclassified, merged = np.zeros(len(order), dtype=np.int64), np.full(len(order), None, dtype=np.object_)
    for place, number in enumerate((order - len(values)).tolist()):
        histogram = single[number].histogram if number >= 0 else None
        if histogram is not None:
            good[place], total[place], unclassified[place] = measure.histogram_counts(histogram)
            merged[place] = histogram
    return RowColumns(at[order], value[order], good, total, unclassified, merged)


def _fits(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())


def remove_repeated_rows(values: MeasuredValues) -> MeasuredValues:
    """Return the rows without repetitions. A row is identified by its series (indicator and labels), instant and
    content.
    """
    seen: set[object] = set()
    kept = []
    out_of = values.out_of.tolist() if values.out_of is not None else [math.nan] * len(values)
    for row, name in enumerate(
        zip(values.slot.tolist(), values.at.tolist(), values.value.tolist(), out_of, strict=True)
    ):
        identity = name[:3] if math.isnan(name[3]) else name
        if identity not in seen:
            seen.add(identity)
            kept.append(row)
    return values.selected(np.array(kept, dtype=np.int64))


def find_instants_in_intervals(instants: Integers, pairs: Sequence[Interval]) -> npt.NDArray[np.bool_]:
    """Return for each instant whether it lies in one of the sorted, disjoint intervals."""
    if not pairs:
        return np.zeros(len(instants), dtype=np.bool_)
    starts, ends = np.array(pairs, dtype=np.int64).T
    number = np.searchsorted(starts, instants, side="right") - 1
    found: npt.NDArray[np.bool_] = (number >= 0) & (instants < ends[np.maximum(number, 0)])
    return found


def sum_rows_by_minute(rows: RowColumns, *, exact: bool) -> Iterator[MinuteSumChange]:
    """Yield the sums of each minute that has rows; if ``exact`` is True, also the exact values of its rows."""
    for minute, part in _parts(rows, MINUTE):
        total, value = rows.total[part], rows.value[part]
        delta = MinuteSumChange(minute, [int(rows.good[part].sum())], [int(total.sum())])
        if exact:
            delta.added = [
                classifiers.to_exact_decimal(each) for each in value[(total > 0) & ~np.isnan(value)].tolist()
            ]
            delta.merged = [each for each in rows.merged[part] if each is not None and each.is_summed]
        yield delta


def _parts(rows: RowColumns, width: int) -> Iterator[tuple[int, slice]]:
    """Split rows into intervals of ``width`` µs; yield (number of the interval since 1970, slice of its rows)."""
    numbers, starts = np.unique(rows.at // width, return_index=True)
    edges = [*starts.tolist(), len(rows.at)]
    for number, (start, end) in zip(numbers.tolist(), pairwise(edges), strict=True):
        yield number, slice(start, end)


def count_value_occurrences(rows: RowColumns) -> dict[str, int]:
    """Return value (as text) → number of its occurrences, the lowest value first."""
    values, times = np.unique(rows.value, return_counts=True)
    found = zip(values.tolist(), times.tolist(), strict=True)
    return {figures.format_exact_fraction(classifiers.to_exact_decimal(value)) or "": number for value, number in found}


def sum_rows_into_time_buckets(rows: RowColumns, span: Interval) -> list[dict[str, Any]]:
    """Return sums by minute, by hour or by day (UTC): the finest division that gives a list of readable length. Empty
    buckets are left out.

    ``digest`` identifies the rows of a bucket: SHA-256 over their instants, then their values, as 64 bits each.
    """
    width = next((each for each in (MINUTE, HOUR, DAY) if (span[1] - span[0]) // each <= _MOST_BUCKETS), DAY)
    return [
        {
            "from": to_text(number * width),
            "to": to_text((number + 1) * width),
            "good": int(rows.good[part].sum()),
            "total": int(rows.total[part].sum()),
            "facts": part.stop - part.start,
            "digest": _digest(rows, part),
        }
        for number, part in _parts(rows, width)
    ]


def _digest(rows: RowColumns, part: slice) -> str:
    digest = hashlib.sha256(rows.at[part].astype("<i8").tobytes())
    digest.update(rows.value[part].astype("<f8").tobytes())
    return digest.hexdigest()[:16]
