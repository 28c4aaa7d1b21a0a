"""Instants as the published language writes them: integer microseconds UTC in, RFC 3339 text with six digits out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_text(instant: int) -> str:
    """Microseconds since 1970 UTC → ``2026-11-22T10:00:00.000000Z``."""
    moment = _EPOCH + timedelta(microseconds=instant)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond:06d}Z"


def from_text(text: str) -> int:
    """RFC 3339 text with an offset → microseconds since 1970 UTC.

    Raises ValueError where the text is no date-time or carries no offset: an instant without a zone is not an instant.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write it like 2026-11-22T10:00:00Z")
    return (moment - _EPOCH) // _MICROSECOND
