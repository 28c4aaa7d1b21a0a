"""Compliance of tickets: which per-ticket target it is the share of."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from slm_monitor.domain import figures


def target_key(parameters: Any) -> str:
    """``p1`` of ``{"compliance": "p1"}``, as of ``{"compliance": {"target": "p1"}}``."""
    return str(parameters["target"]) if isinstance(parameters, Mapping) else str(parameters)


def coverage(judged: int, inconsistent: int) -> dict[str, Any]:
    """How many of a window's tickets its figure speaks of: a ticket whose events contradict each other is in no
    figure. Empty where there is none such."""
    if not inconsistent:
        return {}
    share = figures.exact(Fraction(judged, judged + inconsistent) * 100)
    return {"inconsistent_tickets": inconsistent, "coverage_percent": share}
