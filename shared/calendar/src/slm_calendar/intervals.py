"""Arithmetic on half-open integer intervals: sorted lists of disjoint (start, end) pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Interval: TypeAlias = tuple[int, int]


def union(*lists: Iterable[Interval]) -> list[Interval]:
    """Return the union of the intervals, sorted and disjoint. The given intervals may be unsorted, overlapping or
    empty.
    """
    united: list[Interval] = []
    for start, end in sorted(pair for pairs in lists for pair in pairs):
        if end <= start:
            continue
        if united and start <= united[-1][1]:
            if end > united[-1][1]:
                united[-1] = (united[-1][0], end)
        else:
            united.append((start, end))
    return united


def intersect(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Return the parts that lie in both lists. Each list must be sorted and disjoint."""
    common: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i][0], right[j][0])
        end = min(left[i][1], right[j][1])
        if start < end:
            common.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return common


def subtract(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Return the parts of ``left`` that do not lie in ``right``. Each list must be sorted and disjoint."""
    remaining: list[Interval] = []
    j = 0
    for start, end in left:
        while j < len(right) and right[j][1] <= start:
            j += 1
        k = j
        while k < len(right) and right[k][0] < end:
            if right[k][0] > start:
                remaining.append((start, right[k][0]))
            start = max(start, right[k][1])
            k += 1
        if start < end:
            remaining.append((start, end))
    return remaining


def clip(pairs: Sequence[Interval], start: int, end: int) -> list[Interval]:
    """Return the part of the sorted, disjoint intervals that lies in [start, end)."""
    return intersect(pairs, [(start, end)]) if start < end else []


def total_length(pairs: Iterable[Interval]) -> int:
    """Return the total length of disjoint intervals."""
    return sum(end - start for start, end in pairs)
