"""The conversion of samples of time series to measurements, and the names of time series."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from slm_monitor.domain.facts import histograms
from slm_monitor.domain.facts.histograms import InvalidHistogram
from slm_monitor.domain.facts.intake_items import CounterReading, SentMeasurement
from slm_monitor.domain.facts.native_histograms import NativeHistogram, convert_interval_histogram
from slm_monitor.domain.facts.rejections import LONGEST_NAME, ItemRejected
from slm_monitor.domain.mapping.rules import READINGS, MappedSeries
from slm_monitor.domain.mapping.selectors import NAME

LabelKey = bytes | tuple[str, ...]
"""The labels of a series as they were sent, not yet read: bytes in protocol 1.0; names and values in turn in 2.0."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_COUNTED = 2**53
_READING_OF_KIND = {"availability": "state", "value": "value", "count": "counter"}


class InvalidLabels(ValueError):
    """The labels of a series break the rules of the protocol. The message says what to send."""


@dataclass(slots=True)
class WrittenSeries:
    """A series of a request. ``samples`` are (instant in ms, value, start of the counter in ms or 0).

    ``fault``: why the series cannot be taken in; empty if reading the request showed no fault. The labels may still be
    wrong.
    """

    labels: LabelKey = b""
    samples: list[tuple[int, float, int]] = field(default_factory=list)
    histograms: list[NativeHistogram] = field(default_factory=list)
    exemplars: int = 0
    fault: str = ""


def describe_series(labels: Mapping[str, str]) -> str:
    """Return a name for a series. If possible, it is the text that Prometheus writes, such as ``up{job="shop"}``.

    If this text is too long or not printable, the name is the metric's name with a hash, or the hash alone.
    """
    rest = ",".join(f"{name}={_quoted(labels[name])}" for name in sorted(labels) if name != NAME)
    name = labels.get(NAME, "")
    text = f"{name}{{{rest}}}" if rest else name
    if len(text.encode()) <= LONGEST_NAME and text.isprintable():
        return text
    code = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{name}{{#{code}}}" if len(name.encode()) <= LONGEST_NAME // 2 and name.isprintable() else f"#{code}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def choose_reading(mapped: MappedSeries, kind: str) -> str:
    """Return the kind of a series' samples, one of READINGS. The rule or label decides it, otherwise the indicator's
    kind.

    Raises ItemRejected if neither decides it.
    """
    reading = mapped.reading or _READING_OF_KIND.get(kind)
    if reading in READINGS:
        return str(reading)
    if kind == "ratio":
        remedy = "say whether the series counts good or bad events: reading in its rule, or the label slm_part"
    else:
        remedy = f"read the samples as one of {', '.join(READINGS)}"
    raise ItemRejected("no_reading", "reading", mapped.reading, remedy)


def measure_sample(
    mapped: MappedSeries, source: str, reading: str, sample: tuple[int, float, int]
) -> SentMeasurement | None:
    """Return a sample as a measurement; None if the sample only marks the end of the series. Raises ItemRejected."""
    at, value, since = sample
    if histograms.is_prometheus_stale_marker(value):
        return None
    item = SentMeasurement(mapped.indicator, at=convert_milliseconds(at), source=source, labels=dict(mapped.labels))
    if not math.isfinite(value):
        raise ItemRejected("not_a_number", "value", str(value), "send finite numbers; leave out what was not measured")
    if reading == "value":
        item.value = value
    elif reading == "state":
        if value not in (0, 1):
            raise ItemRejected("unsupported_state", "value", value, "send 1 for up and 0 for down")
        item.ok = value == 1
    else:
        item.cumulative = _read_counter(reading, value, since)
    return item


def measure_histogram(mapped: MappedSeries, source: str, written: NativeHistogram) -> SentMeasurement | None:
    """Return a native histogram as a measurement; None if the histogram only marks the end of the series.

    Raises ItemRejected.
    """
    if written.is_stale:
        return None
    try:
        found = convert_interval_histogram(written)
    except InvalidHistogram as error:
        raise ItemRejected("no_histogram", "histogram", None, str(error)) from error
    content = {"bounds": list(found.bounds), "counts": list(found.counts)}
    at = convert_milliseconds(written.at)
    return SentMeasurement(mapped.indicator, at=at, source=source, labels=dict(mapped.labels), histogram=content)


def convert_milliseconds(at: int) -> datetime:
    """Return the instant that is given in ms since the beginning of 1970. Raises ItemRejected."""
    try:
        return _EPOCH + timedelta(milliseconds=at)
    except OverflowError as error:
        raise ItemRejected("out_of_range", "timestamp", at, "send instants of the years 1 to 9999, in ms") from error


def _read_counter(reading: str, value: float, since: int) -> CounterReading:
    if value != int(value) or not 0 <= value <= _MOST_COUNTED:
        remedy = f"send a counter of whole numbers, 0 to {_MOST_COUNTED}: it counts occurrences"
        raise ItemRejected("bad_count", "value", value, remedy)
    count = int(value)
    start = convert_milliseconds(since) if since else None
    if reading == "counter":
        return CounterReading(count=count, since=start)
    # Good and bad events are counters of their own, each with its own increase: one event is one of all events.
    if reading == "good":
        return CounterReading(good=count, total=count, since=start)
    return CounterReading(bad=count, total=count, since=start)
