"""Instants of events: integer microseconds UTC in the program, RFC 3339 text with six decimals in events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

UtcMicroseconds: TypeAlias = int
"""An instant: the microseconds since 1970-01-01T00:00:00Z. Lengths of time are plain ``int`` and say their unit."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST, _LAST = (
    (bound - _EPOCH) // _MICROSECOND for bound in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
)


def to_text(instant: UtcMicroseconds) -> str:
    """Return the RFC 3339 text of microseconds since 1970 UTC, such as ``2026-11-22T10:00:00.000000Z``."""
    # strftime would write years before 1000 with fewer than four digits.
    return (_EPOCH + timedelta(microseconds=instant)).isoformat(timespec="microseconds")[:26] + "Z"


def from_text(text: str) -> UtcMicroseconds:
    """Return the microseconds since 1970 UTC of RFC 3339 text with an offset.

    Raises ValueError if the text is no date-time, has no offset, or is outside the years 1 to 9999 in UTC. So every
    instant that can be read can also be written.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write it like 2026-11-22T10:00:00Z")
    instant = (moment - _EPOCH) // _MICROSECOND
    if not _FIRST <= instant <= _LAST:
        raise ValueError(f"{text!r} is outside of the years 1 to 9999")
    return instant
