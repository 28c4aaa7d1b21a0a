"""Percentiles, and figures as lines of a table."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def milliseconds(seconds: Sequence[float]) -> str:
    """``p50 3.1, p90 4.0, p99 9.7, max 12.4`` in milliseconds."""
    if not seconds:
        return "–"
    parts = [
        f"{name} {percentile(seconds, at) * 1_000:.1f}" for name, at in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
    ]
    return ", ".join([*parts, f"max {max(seconds) * 1_000:.1f}"])


def circumstances() -> str:
    """The present speed of this machine: CPU milliseconds of a million loop iterations, and the load average."""
    turns = []
    for _ in range(5):
        began, total = time.process_time(), 0
        for number in range(1_000_000):
            total += number * number % 7
        turns.append(time.process_time() - began)
    return f"a loop of a million turns {min(turns) * 1_000:.0f} ms, load {os.getloadavg()[0]:.1f}"
