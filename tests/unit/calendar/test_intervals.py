"""Interval arithmetic held against sets of integers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slm_calendar import intervals

pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def points(of: list[tuple[int, int]]) -> set[int]:
    return {n for start, end in of for n in range(start, end)}


def is_tidy(of: list[tuple[int, int]]) -> bool:
    edges = [edge for pair in of for edge in pair]
    return edges == sorted(set(edges))


@given(pairs, pairs)
def test_union_holds_what_either_holds(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    united = intervals.union(left, right)
    assert is_tidy(united)
    assert points(united) == points(left) | points(right)
    assert intervals.total_length(united) == len(points(united))


@given(pairs, pairs)
def test_intersection_and_difference_split_the_left(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    left, right = intervals.union(left), intervals.union(right)
    common, rest = intervals.intersect(left, right), intervals.subtract(left, right)
    assert is_tidy(common) and is_tidy(rest)
    assert points(common) == points(left) & points(right)
    assert points(rest) == points(left) - points(right)


@given(pairs, st.integers(0, 60), st.integers(0, 60))
def test_clipping_keeps_what_lies_inside(given_pairs: list[tuple[int, int]], start: int, end: int) -> None:
    united = intervals.union(given_pairs)
    assert points(intervals.clip(united, start, end)) == points(united) & set(range(start, end))
