"""Instants in requests: RFC 3339 text becomes microseconds UTC; anything else is answered with 422."""

from __future__ import annotations

from slm_chassis.http.problems import invalid
from slm_events.instants import UtcMicroseconds, from_text

REMEDY = "write an RFC 3339 instant with its offset, like 2026-11-22T10:00:00Z"


def read_instant(text: str, field: str) -> UtcMicroseconds:
    """Return the instant in microseconds UTC; raises 422 that names the field."""
    try:
        return from_text(text)
    except ValueError as error:
        raise invalid(field, text, REMEDY) from error


def read_optional_instant(text: str | None, field: str) -> UtcMicroseconds | None:
    """Return the instant in microseconds UTC, None for None; raises 422 that names the field."""
    return None if text is None else read_instant(text, field)
