"""Conversion of instants in the API's answers: RFC 3339 text to microseconds."""

from __future__ import annotations

from slm_events.instants import from_text


def read(text: object) -> int | None:
    """Return an instant (RFC 3339 text) in microseconds since 1970; None if it is missing."""
    return from_text(text) if isinstance(text, str) and text else None
