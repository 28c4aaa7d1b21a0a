"""Conversion of OTLP metrics in their JSON form to measurements. In this form 64-bit integers are strings, and enums
are numbers or names.

The name of a metric is the key of an indicator; the attribute ``slm.indicator`` names another key. The attribute
``slm.part`` says that a sum is the good, bad or total part of a ratio. A gauge becomes a value. A monotonic sum of
delta temporality becomes a number of occurrences. A monotonic sum of cumulative temporality becomes a counter reading,
whose source is the resource. All other attributes become labels. A point without a recorded value is left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from slm_events.instants import to_text
from slm_monitor.domain.facts import histograms
from slm_monitor.domain.facts.histograms import Histogram, InvalidHistogram

DELTA, CUMULATIVE = "DELTA", "CUMULATIVE"
_TEMPORALITIES = {1: DELTA, 2: CUMULATIVE}
_PREFIX = "AGGREGATION_TEMPORALITY_"
_NO_RECORDED_VALUE = 1
INDICATOR, PART = "slm.indicator", "slm.part"
PARTS = ("good", "bad", "total")
_KINDS = ("gauge", "sum", "histogram", "exponentialHistogram")


class InvalidDataPoint(ValueError):
    """A data point that cannot be converted into a measurement. The message says what to send instead."""


@dataclass
class DecodedExport:
    """Measurements in the form that the intake accepts, and the reasons for data points that were refused.

    ``points``: for each measurement, the number of data points that it was made from.
    """

    measurements: list[dict[str, Any]] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def convert_otlp_metrics(document: Any) -> DecodedExport:
    """Convert an ``ExportMetricsServiceRequest``. Raises ValueError if the document is no such request."""
    if not isinstance(document, Mapping) or not isinstance(document.get("resourceMetrics", []), list):
        raise ValueError('an export of OTLP metrics is an object with "resourceMetrics"')
    decoded = DecodedExport()
    halves: dict[Any, dict[str, Any]] = {}
    for resource, metric in _metrics(document):
        kind = next((each for each in _KINDS if isinstance(metric.get(each), Mapping)), None)
        data = metric.get(kind, {}) if kind else {}
        for point in _listed(data, "dataPoints") or ([{}] if kind is None else []):
            try:
                _decode_point(point, metric, kind, data, resource, decoded, halves)
            except (InvalidDataPoint, InvalidHistogram) as problem:
                decoded.refused.append(f"{metric.get('name')}: {problem}")
            except (TypeError, ValueError, KeyError, OverflowError) as problem:
                decoded.refused.append(f"{metric.get('name')}: not a data point of OTLP ({problem})")
    for half in halves.values():
        decoded.points.append(half.pop("points"))
        decoded.measurements.append(half)
    return decoded


def convert_nanoseconds_to_text(nanoseconds: str | int) -> str:
    """Return OTLP's ``timeUnixNano`` as an instant in text form, in whole microseconds."""
    return to_text(int(nanoseconds) // 1000)


def parse_temporality(written: int | str) -> str:
    """Return DELTA or CUMULATIVE for the number or name of a temporality in OTLP. Raises InvalidDataPoint for any other
    value.
    """
    name = written.removeprefix(_PREFIX) if isinstance(written, str) else _TEMPORALITIES.get(written)
    if name not in (DELTA, CUMULATIVE):
        raise InvalidDataPoint("send the aggregation temporality, DELTA or CUMULATIVE")
    return str(name)


def _metrics(document: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], Mapping[str, Any]]]:
    for resource in _listed(document, "resourceMetrics"):
        attributes = _attributes(resource.get("resource") or {})
        for scope in _listed(resource, "scopeMetrics"):
            for metric in _listed(scope, "metrics"):
                yield attributes, metric


def _listed(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = holder.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ValueError(f"{name} is a list of objects")
    return found


def _attributes(holder: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes that have a plain value, as text. Arrays and maps are left out."""
    found = {}
    for each in _listed(holder, "attributes"):
        ((kind, value),) = (each.get("value") or {"": None}).items()
        if kind in ("stringValue", "intValue", "doubleValue", "boolValue"):
            found[str(each.get("key"))] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def _decode_point(
    point: Mapping[str, Any],
    metric: Mapping[str, Any],
    kind: str | None,
    data: Mapping[str, Any],
    resource: Mapping[str, str],
    decoded: DecodedExport,
    halves: dict[Any, dict[str, Any]],
) -> None:
    if kind is None:
        raise InvalidDataPoint(f"send one of {', '.join(_KINDS)}")
    if int(point.get("flags") or 0) & _NO_RECORDED_VALUE:
        return
    labels = _attributes(point)
    indicator = labels.pop(INDICATOR, None) or resource.get(INDICATOR) or str(metric["name"])
    part = labels.pop(PART, None)
    measured: dict[str, Any] = {"indicator": indicator, "at": convert_nanoseconds_to_text(point["timeUnixNano"])}
    if labels:
        measured["labels"] = labels
    is_cumulative = _is_cumulative(kind, data, part)
    if is_cumulative:
        measured["source"] = _resource_name(resource)
    if part is not None:
        _join(point, part, kind, measured, halves, is_cumulative=is_cumulative)
        return
    if kind == "sum" and data.get("isMonotonic"):
        count = _number(point)
        if count == 0 and not is_cumulative:
            return
        if count != int(count):
            raise InvalidDataPoint("send a monotonic sum of whole numbers: it counts occurrences")
        measured |= {"cumulative": _read(point, "count")} if is_cumulative else {"count": int(count)}
    elif kind in ("gauge", "sum"):
        measured["value"] = _number(point)
    else:
        found = _explicit(point) if kind == "histogram" else _exponential(point)
        summed = {name: float(point[name]) for name in ("sum", "min", "max") if name in point}
        measured["histogram"] = {"bounds": list(found.bounds), "counts": list(found.counts), **summed}
    if metric.get("unit"):
        measured["unit"] = str(metric["unit"])
    decoded.points.append(1)
    decoded.measurements.append(measured)


def _is_cumulative(kind: str, data: Mapping[str, Any], part: str | None) -> bool:
    """Whether a data point is cumulative: counted since the counter's start, not since the point before it.

    Raises InvalidDataPoint for a cumulative histogram, because only sums can be split into minutes.
    """
    if kind == "gauge" or (kind == "sum" and part is None and not data.get("isMonotonic")):
        return False
    if parse_temporality(data.get("aggregationTemporality", 0)) == DELTA:
        return False
    if kind != "sum":
        remedy = "send delta temporality (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta)"
        raise InvalidDataPoint(f"{remedy}: a cumulative histogram cannot be split into minutes")
    return True


def _resource_name(resource: Mapping[str, str]) -> str:
    """Return a name for a resource, which is the source of its counters. OTLP gives a resource no name, so the name is
    a hash of the resource's attributes.
    """
    text = json.dumps(dict(resource), sort_keys=True)
    return f"otlp:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _read(point: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a data point as a counter reading. If the point says since when the counter counts, the reading has this
    instant, too.
    """
    start = int(point.get("startTimeUnixNano") or 0)
    return {name: int(_number(point)), **({"since": convert_nanoseconds_to_text(start)} if start else {})}


def _join(
    point: Mapping[str, Any],
    part: str,
    kind: str,
    measured: dict[str, Any],
    halves: dict[Any, dict[str, Any]],
    *,
    is_cumulative: bool,
) -> None:
    """Add a data point, which is one part of a ratio (good, bad or total), to the measurement of this ratio.

    All parts of a ratio have the same indicator, instant and labels. ``halves``: the measurements of ratios so far.
    """
    count = _number(point)
    if kind != "sum" or part not in PARTS or count != int(count):
        raise InvalidDataPoint(f"{PART} is one of {', '.join(PARTS)}, of a sum of whole numbers")
    name = (json.dumps(measured, sort_keys=True), is_cumulative)
    half = halves.setdefault(name, {**measured, "points": 0})
    half["points"] += 1
    counts = half.setdefault("cumulative", {}) if is_cumulative else half
    counts[part] = counts.get(part, 0) + int(count)
    if is_cumulative and "since" in (read := _read(point, part)):
        # Both counters of a ratio are reset together, so the later start holds for both.
        counts["since"] = max(read["since"], counts.get("since", read["since"]))
    if "total" not in counts and {"good", "bad"} <= set(counts):
        counts["total"] = counts["good"] + counts.pop("bad")


def _number(point: Mapping[str, Any]) -> float | int:
    if "asInt" in point:
        return int(point["asInt"])
    value = float(point["asDouble"])
    if histograms.is_prometheus_stale_marker(value) or value != value:
        raise InvalidDataPoint("send a number")
    return value


def _explicit(point: Mapping[str, Any]) -> Histogram:
    counts = [int(each) for each in point.get("bucketCounts") or ()]
    return histograms.parse_histogram({"bounds": list(point.get("explicitBounds") or ()), "counts": counts})


def _exponential(point: Mapping[str, Any]) -> Histogram:
    if any(int(each) for each in (point.get("negative") or {}).get("bucketCounts") or ()):
        raise InvalidDataPoint("send values that are not negative, or a histogram with explicit bounds")
    positive = point.get("positive") or {}
    offset = int(positive.get("offset") or 0)
    # OTLP numbers a bucket by its lower bound: bucket n is (b^n, b^(n+1)].
    buckets = {offset + n + 1: int(each) for n, each in enumerate(positive.get("bucketCounts") or ())}
    return histograms.convert_exponential_histogram(
        int(point.get("scale") or 0), buckets, int(point.get("zeroCount") or 0), float(point.get("zeroThreshold") or 0)
    )
