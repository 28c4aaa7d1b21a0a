"""How metrics look on the wire: asked of what takes them in."""

from __future__ import annotations

import struct
from typing import Any

from slm_monitor.adapters import otlp
from slm_monitor.domain import histograms
from tests.cases.reading import Case, Unmapped


def answers(case: Case) -> dict[str, Any]:
    """Our answer to each expected field that we can ask for."""
    asked = case.asked
    found: dict[str, Any] = {}
    if "deltas" in asked:
        counts = histograms.counts_of(asked["deltas"])
        found |= {"decoded": counts, "sum": sum(counts)}
    if "timeUnixNano" in asked:
        found["utc"] = otlp.instant_of(asked["timeUnixNano"])
    if "aggregationTemporality" in asked:
        found["temporality"] = otlp.temporality_of(asked["aggregationTemporality"])
    if case.described_as("stale marker"):
        found["float64_bits"] = _stale_bits()
    if not found:
        raise Unmapped(f"nothing on the wire of {sorted(asked)}")
    return found


def _stale_bits() -> str:
    """The bits that end a series here, as a number read from them does."""
    bits = histograms.STALE_BITS
    (marker,) = struct.unpack(">d", bits.to_bytes(8))
    if not histograms.is_stale(marker) or histograms.is_stale(float("nan")):
        raise ValueError("the stale marker is not told from any other NaN")
    return f"{bits:#018x}"
