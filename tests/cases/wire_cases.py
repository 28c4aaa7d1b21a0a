"""Cases about the wire formats of metrics, answered by the OTLP intake."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from slm_monitor.adapters.formats import otlp
from slm_monitor.domain.facts import histograms
from tests.cases.reading import Case, Unmapped


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    asked = case.asked
    found: dict[str, Any] = {}
    if "deltas" in asked:
        counts = histograms.convert_bucket_deltas_to_counts(asked["deltas"])
        found |= {"decoded": counts, "sum": sum(counts)}
    if "timeUnixNano" in asked:
        found["utc"] = otlp.convert_nanoseconds_to_text(asked["timeUnixNano"])
    if "aggregationTemporality" in asked:
        found |= _temporality(asked["aggregationTemporality"])
    if "float64_bits" in case.expected:
        found["float64_bits"] = _stale_bits() if case.described_as("stale") else _other_bits(case)
    bits = asked.get("float64_bits", asked.get("bits"))
    if bits is not None:
        stale = histograms.is_prometheus_stale_marker(_float(int(str(bits), 16)))
        found |= {"stale": stale, "is_stale": stale, "ends_series": stale, "measurement": not stale}
    if {"asInt", "asDouble"} & set(asked):
        found["value"] = _gauged(asked)
    if "startTimeUnixNano" in asked and "utc" not in found:
        found["utc"] = otlp.convert_nanoseconds_to_text(asked["startTimeUnixNano"])
    spans = asked.get("spans")
    if spans is not None:
        found["indices"] = histograms.convert_spans_to_bucket_indices(
            [(span["offset"], span["length"]) for span in spans]
        )
    if not found:
        raise Unmapped(f"nothing on the wire of {sorted(asked)}")
    return found


def _stale_bits() -> str:
    """The bits that end a series here, as a number read from them does."""
    bits = histograms.STALE_BITS
    if not histograms.is_prometheus_stale_marker(_float(bits)) or histograms.is_prometheus_stale_marker(float("nan")):
        raise ValueError("the stale marker is not told from any other NaN")
    return f"{bits:#018x}"


def _temporality(written: Any) -> dict[str, Any]:
    try:
        return {"temporality": otlp.parse_temporality(written), "error": False}
    except otlp.InvalidDataPoint:
        return {"temporality": "UNSPECIFIED", "error": True}


def _gauged(point: Mapping[str, Any]) -> Any:
    """The value of a data point as the OTLP intake decodes it."""
    measured = {"timeUnixNano": "1544712660300000000", **point}
    metric = {"name": "measured", "gauge": {"dataPoints": [measured]}}
    decoded = otlp.convert_otlp_metrics({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})
    return decoded.measurements[0]["value"] if decoded.measurements else None


def _other_bits(case: Case) -> str:
    """Of any other number, a common NaN too: it does not end a series."""
    bits = str(case.expected["float64_bits"])
    return "the bits that end a series" if histograms.is_prometheus_stale_marker(_float(int(bits, 16))) else bits


def _float(bits: int) -> float:
    (number,) = struct.unpack(">d", bits.to_bytes(8))
    return float(number)
