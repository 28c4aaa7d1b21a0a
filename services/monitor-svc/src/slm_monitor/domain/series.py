"""One indicator's measured values, summed by the minute; every fact counts once, however often it is delivered."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from slm_monitor.domain.facts import HOUR, MINUTE

NOTHING_YET = -(2**62)


@dataclass(slots=True)
class Chunk:
    """Facts of one hour, in the order in which they were accepted."""

    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    ids: Sequence[str | None] | None = None


@dataclass(slots=True)
class Delta:
    """What a batch adds to one minute: how many values, and how many of them at most each threshold."""

    minute: int
    total: int
    good: tuple[int, ...]


@dataclass(slots=True)
class Hour:
    """An hour of facts with its sixty sums: ``good[k]`` counts the values at most the series' threshold k."""

    chunks: list[Chunk]
    total: npt.NDArray[np.int64]
    good: npt.NDArray[np.int64]
    unsaved: list[Chunk] = field(default_factory=list)
    identities: set[object] | None = None

    def known(self) -> set[object]:
        """The identities of its facts: the id, else instant and value. Built when first asked for."""
        if self.identities is None:
            self.identities = set()
            for chunk in self.chunks:
                self.identities.update(_identities(chunk))
        return self.identities

    def take(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.unsaved.append(chunk)
        if self.identities is not None:
            self.identities.update(_identities(chunk))


def _identities(chunk: Chunk) -> Iterable[object]:
    pairs = zip(chunk.at.tolist(), chunk.value.tolist(), strict=True)
    if chunk.ids is None:
        return pairs
    return (pair if own is None else own for own, pair in zip(chunk.ids, pairs, strict=True))


class Series:
    """The values of one indicator. ``thresholds`` are the X its targets declare, sorted."""

    def __init__(self, subject: str, thresholds: Iterable[float] = (), high_water: int = NOTHING_YET) -> None:
        self.subject = subject
        self.thresholds = sorted(set(thresholds))
        self.high_water = high_water
        """Every fact without an id and above this instant is new: nothing has to be looked up for it."""
        self.hours: dict[int, Hour] = {}

    def needs(self, at: npt.NDArray[np.int64], has_ids: bool) -> set[int]:
        """The hours whose stored facts must be loaded before these may be taken."""
        return {int(hour) for hour in np.unique(at // HOUR)} - self.hours.keys()

    def load(self, hour: int, chunks: Sequence[Chunk]) -> None:
        """Put an hour's stored facts in place."""
        self.hours[hour] = self._summed(list(chunks))

    def declare(self, thresholds: Iterable[float]) -> None:
        """Thresholds that targets need from now on; sums in memory are made anew where one is new."""
        wanted = sorted({*self.thresholds, *thresholds})
        if wanted == self.thresholds:
            return
        self.thresholds = wanted
        for number, hour in self.hours.items():
            fresh = self._summed(hour.chunks)
            self.hours[number] = Hour(hour.chunks, fresh.total, fresh.good, hour.unsaved, hour.identities)

    def take(
        self, at: npt.NDArray[np.int64], value: npt.NDArray[np.float64], ids: Sequence[str | None] | None
    ) -> tuple[npt.NDArray[np.bool_], list[Delta]]:
        """Accept facts (their hours loaded): which of them are new, and what they add to which minutes."""
        new = np.ones(len(at), dtype=np.bool_)
        if ids is not None or int(at[0]) <= self.high_water or not _rises(at):
            new = self._unknown(at, value, ids)
            at, value = at[new], value[new]
            ids = None if ids is None else [own for own, fresh in zip(ids, new.tolist(), strict=True) if fresh]
        if not len(at):
            return new, []
        self.high_water = max(self.high_water, int(at.max()))
        deltas: list[Delta] = []
        hours = at // HOUR
        for hour in np.unique(hours).tolist() if hours[0] != hours[-1] or len(at) > 2 else {int(h) for h in hours}:
            rows = hours == hour
            picked = None if ids is None else [own for own, wanted in zip(ids, rows.tolist(), strict=True) if wanted]
            deltas += self._add(int(hour), Chunk(at[rows], value[rows], picked))
        return new, deltas

    def _unknown(
        self, at: npt.NDArray[np.int64], value: npt.NDArray[np.float64], ids: Sequence[str | None] | None
    ) -> npt.NDArray[np.bool_]:
        seen: set[object] = set()
        new = np.empty(len(at), dtype=np.bool_)
        for row, (instant, identity) in enumerate(zip(at.tolist(), _identities(Chunk(at, value, ids)), strict=True)):
            new[row] = identity not in seen and identity not in self.hours[instant // HOUR].known()
            seen.add(identity)
        return new

    def _add(self, number: int, chunk: Chunk) -> list[Delta]:
        hour = self.hours[number]
        hour.take(chunk)
        minutes = (chunk.at - number * HOUR) // MINUTE
        goods = [chunk.value <= threshold for threshold in self.thresholds]
        deltas = []
        for minute in sorted(set(minutes.tolist())):
            rows = minutes == minute
            delta = Delta(number * 60 + minute, int(rows.sum()), tuple(int((good & rows).sum()) for good in goods))
            hour.total[minute] += delta.total
            # With no threshold declared the tuple is empty, and an empty list is one of floats.
            hour.good[:, minute] += np.array(delta.good, dtype=np.int64)
            deltas.append(delta)
        return deltas

    def _summed(self, chunks: list[Chunk]) -> Hour:
        total = np.zeros(60, dtype=np.int64)
        good = np.zeros((len(self.thresholds), 60), dtype=np.int64)
        for chunk in chunks:
            minutes = (chunk.at // MINUTE % 60).astype(np.intp)
            total += np.bincount(minutes, minlength=60)
            for row, threshold in enumerate(self.thresholds):
                good[row] += np.bincount(minutes[chunk.value <= threshold], minlength=60)
        return Hour(chunks, total, good)

    def minutes(self, threshold: float, first: int, last: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(good, total) of each minute from ``first`` to ``last`` inclusive; hours not in memory count as empty."""
        row = bisect_right(self.thresholds, threshold) - 1
        start, end = first // 60, last // 60
        goods = [self._good(hour, row) for hour in range(start, end + 1)]
        totals = [self.hours[hour].total if hour in self.hours else _EMPTY for hour in range(start, end + 1)]
        cut = slice(first - start * 60, last - start * 60 + 1)
        return np.concatenate(goods)[cut], np.concatenate(totals)[cut]

    def _good(self, hour: int, row: int) -> npt.NDArray[np.int64]:
        return self.hours[hour].good[row] if hour in self.hours else _EMPTY


_EMPTY = np.zeros(60, dtype=np.int64)


def _rises(at: npt.NDArray[np.int64]) -> bool:
    """Strictly: two facts of one instant may be one and the same."""
    return len(at) < 2 or bool((at[1:] > at[:-1]).all())
