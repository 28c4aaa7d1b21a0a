"""Compliance of tickets: which per-ticket target it is the share of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def target_key(parameters: Any) -> str:
    """``p1`` of ``{"compliance": "p1"}``, as of ``{"compliance": {"target": "p1"}}``."""
    return str(parameters["target"]) if isinstance(parameters, Mapping) else str(parameters)
