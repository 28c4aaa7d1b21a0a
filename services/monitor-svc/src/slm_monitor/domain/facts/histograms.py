"""Mergeable histograms with exact counts per bucket, and the conversion of Prometheus native histograms."""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, chain, pairwise

STALE_BITS = 0x7FF0000000000002
"""The bits of the NaN that Prometheus sends when a series has ended. It is never a measurement."""
MOST_BUCKETS = 10_000
_LOWEST_SCHEMA, _HIGHEST_SCHEMA = -4, 8


class InvalidHistogram(ValueError):
    """The document that was sent is not a valid histogram; the message says what to send."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram: ``counts[n]`` values lie in (``bounds[n - 1]``, ``bounds[n]``].

    There is one count more than bounds; the last one counts the values above the last bound. ``sum``, ``low`` and
    ``high`` are the sum, the least and the greatest of the values.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float | None = None
    low: float | None = None
    high: float | None = None
    """The greatest value; None, like ``sum`` and ``low``, if the sender did not give it."""

    @property
    def is_summed(self) -> bool:
        """Whether the sender gave the sum, the minimum and the maximum of the values."""
        return None not in (self.sum, self.low, self.high)

    @property
    def total(self) -> int:
        return sum(self.counts)

    def at_most(self, limit: float) -> int | None:
        """Return how many values are at most the limit; None if the limit lies inside a bucket that holds values."""
        ended = bisect_right(self.bounds, limit)
        ends_there = ended > 0 and self.bounds[ended - 1] == limit
        return sum(self.counts[:ended]) if ends_there or not self.counts[ended] else None

    def at_least(self, limit: float) -> int | None:
        """Return how many values are at least the limit; None if this number is unknown.

        The number is unknown if there are values in the bucket that contains the limit, even if the bucket ends at the
        limit.
        """
        place = bisect_left(self.bounds, limit)
        return None if self.counts[place] else sum(self.counts[place:])

    def merged(self, other: Histogram) -> Histogram:
        """Return one histogram of the values of both histograms.

        Histograms with equal bounds are added bucket by bucket; others are first reduced to their common bounds.
        """
        if self.bounds == other.bounds:
            return Histogram(self.bounds, tuple(map(sum, zip(self.counts, other.counts, strict=True))))
        shared = tuple(sorted(set(self.bounds) & set(other.bounds)))
        one, two = self._over(shared), other._over(shared)
        return Histogram(shared, tuple(map(sum, zip(one, two, strict=True))))

    def _over(self, bounds: Sequence[float]) -> list[int]:
        below = dict(zip(self.bounds, accumulate(self.counts), strict=False))
        sums = [0, *(below[bound] for bound in bounds), self.total]
        return [after - before for before, after in pairwise(sums)]


def parse_histogram(document: Mapping[str, object]) -> Histogram:
    """Parse ``{"bounds": [100, 300], "counts": [7, 2, 1]}``. Raises InvalidHistogram."""
    bounds, counts = document.get("bounds"), document.get("counts")
    if not isinstance(bounds, Sequence) or not isinstance(counts, Sequence) or len(counts) != len(bounds) + 1:
        raise InvalidHistogram(
            "send bounds and counts, one count more than bounds: the last is of values above them all"
        )
    if len(counts) > MOST_BUCKETS:
        raise InvalidHistogram(f"send {MOST_BUCKETS} buckets at most")
    if not all(isinstance(each, int | float) and not isinstance(each, bool) and abs(each) < 1e308 for each in bounds):
        raise InvalidHistogram("send bounds that are finite numbers")
    ascending = [float(each) for each in bounds if isinstance(each, int | float)]
    if any(upper <= lower for lower, upper in pairwise(ascending)):
        raise InvalidHistogram("send bounds in rising order")
    whole = [each for each in counts if isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 2**53]
    if len(whole) != len(counts):
        raise InvalidHistogram("send counts that are whole numbers, not below zero")
    return Histogram(tuple(ascending), tuple(whole))


def is_prometheus_stale_marker(value: float) -> bool:
    """Whether a number is the stale marker of Prometheus, compared bit by bit. Any other NaN is an invalid value."""
    return bool(struct.unpack(">Q", struct.pack(">d", value))[0] == STALE_BITS)


def convert_bucket_deltas_to_counts(deltas: Iterable[int]) -> list[int]:
    """Convert the bucket deltas of a Prometheus native histogram to counts.

    Raises InvalidHistogram for a negative count.
    """
    counts = list(accumulate(deltas))
    if any(count < 0 for count in counts):
        raise InvalidHistogram("send bucket deltas that add up to counts not below zero")
    return counts


def convert_spans_to_bucket_indices(spans: Iterable[tuple[int, int]]) -> list[int]:
    """Convert the spans of a Prometheus native histogram to bucket indices.

    A span is (offset from the end of the span before it, length). Raises InvalidHistogram for too many buckets.
    """
    found: list[int] = []
    reached = 0
    for offset, length in spans:
        reached += offset
        if length < 0 or len(found) + length > MOST_BUCKETS:
            raise InvalidHistogram(f"send spans of {MOST_BUCKETS} buckets at most")
        found += range(reached, reached + length)
        reached += length
    return found


def convert_native_histogram(
    schema: int, spans: Iterable[tuple[int, int]], deltas: Iterable[int], zero_count: int = 0, zero_bound: float = 0.0
) -> Histogram:
    """Convert a Prometheus native histogram of values that are not negative.

    Bucket n ends at 2^(n · 2^-schema), that value included. Raises InvalidHistogram.
    """
    return convert_exponential_histogram(
        schema,
        dict(zip(convert_spans_to_bucket_indices(spans), convert_bucket_deltas_to_counts(deltas), strict=True)),
        zero_count,
        zero_bound,
    )


def convert_exponential_histogram(
    scale: int, buckets: Mapping[int, int], zero_count: int = 0, zero_bound: float = 0.0
) -> Histogram:
    """Convert an exponential histogram, given as counts by bucket index.

    ``{n: count}`` counts values in (b^(n-1), b^n] with b = 2^(2^-scale). Raises InvalidHistogram.
    """
    if not _LOWEST_SCHEMA <= scale <= _HIGHEST_SCHEMA:
        raise InvalidHistogram(f"send a scale from {_LOWEST_SCHEMA} to {_HIGHEST_SCHEMA}")
    power = Fraction(2) ** -scale
    held = sorted(index for index, count in buckets.items() if count)
    if held and not abs(held[0] * power) <= 1000 >= abs(held[-1] * power):
        raise InvalidHistogram("send buckets whose ends are numbers of double precision")
    # The lower end of each bucket is a bound too: without it, a bucket after a gap would seem to begin where the
    # previous bucket ends.
    ends = sorted(set(chain.from_iterable((index - 1, index) for index in held)))
    bounds = [2.0 ** float(index * power) for index in ends]
    counts = [buckets.get(index, 0) for index in ends]
    if zero_count:
        if bounds and zero_bound > bounds[0]:
            raise InvalidHistogram("send a zero bucket that ends below the others")
        bounds, counts = [zero_bound, *bounds], [zero_count, *counts]
        if len(bounds) > 1 and bounds[0] == bounds[1]:
            bounds, counts = bounds[1:], [counts[0] + counts[1], *counts[2:]]
    return Histogram(tuple(bounds), (*counts, 0))


_SUMMED = ("sum", "min", "max")


def validate_sent_histogram(document: Mapping[str, object]) -> tuple[Histogram, dict[str, object]]:
    """Validate a histogram as it was sent; return it with the document that is stored. Raises InvalidHistogram."""
    found = parse_histogram(document)
    body: dict[str, object] = {"bounds": list(found.bounds), "counts": list(found.counts)}
    numbers = {name: document[name] for name in _SUMMED if document.get(name) is not None}
    for name, number in numbers.items():
        if not isinstance(number, int | float) or isinstance(number, bool) or not abs(number) < 1e308:
            raise InvalidHistogram(f"send {name} as a finite number, or leave it out")
        body[name] = float(number)
    low, high = body.get("min"), body.get("max")
    if isinstance(low, float) and isinstance(high, float) and low > high:
        raise InvalidHistogram("send a min that is at most the max")
    count = document.get("count")
    if count is not None and count != found.total:
        raise InvalidHistogram("send a count that is that of all buckets together, or leave it out")
    return read_stored_histogram(body), body


def read_stored_histogram(body: Mapping[str, object]) -> Histogram:
    """Read a histogram from its stored document."""
    total, low, high = (None if body.get(name) is None else float(str(body[name])) for name in _SUMMED)
    return replace(parse_histogram(body), sum=total, low=low, high=high)
