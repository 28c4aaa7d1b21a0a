"""Instants in what a request says: RFC 3339 text in, microseconds UTC for the use cases, 422 for anything else."""

from __future__ import annotations

from slm_chassis.http.problems import invalid
from slm_events.instants import from_text

REMEDY = "write an RFC 3339 instant with its offset, like 2026-11-22T10:00:00Z"


def read(text: str, field: str) -> int:
    """Raises 422 naming the field."""
    try:
        return from_text(text)
    except ValueError as error:
        raise invalid(field, text, REMEDY) from error


def optional(text: str | None, field: str) -> int | None:
    return None if text is None else read(text, field)
