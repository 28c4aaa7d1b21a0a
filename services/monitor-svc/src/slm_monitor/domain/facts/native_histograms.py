"""Native histograms as Prometheus sends them, and the conversion of a native histogram to a measurement."""

from __future__ import annotations

from dataclasses import dataclass, field

from slm_monitor.domain.facts import histograms
from slm_monitor.domain.facts.histograms import Histogram, InvalidHistogram

CUSTOM_BOUNDS = -53
"""The schema number of histograms that list the bounds of their buckets."""
GAUGE = 3
"""The reset hint of a histogram that counts the values of one interval, not all values since a start."""


@dataclass(slots=True)
class NativeHistogram:
    """A native histogram as it was sent. Its counts are whole numbers unless ``is_float``.

    ``at`` and ``since`` are in ms; ``since`` is 0 if it was not sent. Each span is (offset from the end of the span
    before, length). Each delta is the difference to the count of the bucket before.
    """

    at: int = 0
    since: int = 0
    count: int = 0
    sum: float = 0.0
    schema: int = 0
    zero_bound: float = 0.0
    zero_count: int = 0
    reset_hint: int = 0
    is_float: bool = False
    negative_spans: list[tuple[int, int]] = field(default_factory=list)
    negative_deltas: list[int] = field(default_factory=list)
    positive_spans: list[tuple[int, int]] = field(default_factory=list)
    positive_deltas: list[int] = field(default_factory=list)
    custom_bounds: list[float] = field(default_factory=list)

    @property
    def is_stale(self) -> bool:
        """Whether the histogram is only a mark that the series has ended."""
        return histograms.is_prometheus_stale_marker(self.sum)


def convert_interval_histogram(written: NativeHistogram) -> Histogram:
    """Convert a native histogram of the values of one interval.

    Raises InvalidHistogram for a cumulative histogram, and for a histogram that cannot be converted.
    """
    if written.reset_hint != GAUGE:
        raise InvalidHistogram(
            "a histogram that only grows cannot be split into minutes: send its buckets as counters of good and of bad"
            " events, or a histogram of the values of each interval"
        )
    if written.is_float:
        raise InvalidHistogram("send counts that are whole numbers")
    if any(histograms.convert_bucket_deltas_to_counts(written.negative_deltas)):
        raise InvalidHistogram("send values that are not negative, or a histogram with custom bounds")
    try:
        if written.schema != CUSTOM_BOUNDS:
            found = histograms.convert_native_histogram(
                written.schema,
                written.positive_spans,
                written.positive_deltas,
                written.zero_count,
                written.zero_bound,
            )
        else:
            found = _convert_custom(written)
    except ValueError as error:
        if isinstance(error, InvalidHistogram):
            raise
        raise InvalidHistogram("send as many counts as the spans have buckets") from error
    if found.total != written.count:
        raise InvalidHistogram("send a count that is that of all buckets together")
    return found


def _convert_custom(written: NativeHistogram) -> Histogram:
    counts = [0] * (len(written.custom_bounds) + 1)
    places = histograms.convert_spans_to_bucket_indices(written.positive_spans)
    for place, count in zip(places, histograms.convert_bucket_deltas_to_counts(written.positive_deltas), strict=True):
        if not 0 <= place < len(counts):
            raise InvalidHistogram("send spans of buckets that have a bound")
        counts[place] = count
    return histograms.parse_histogram({"bounds": written.custom_bounds, "counts": counts})
