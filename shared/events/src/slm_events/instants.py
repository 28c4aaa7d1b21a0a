"""Instants as the published language writes them: integer microseconds UTC in, RFC 3339 text with six digits out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST, _LAST = (
    (bound - _EPOCH) // _MICROSECOND for bound in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
)


def to_text(instant: int) -> str:
    """Microseconds since 1970 UTC → ``2026-11-22T10:00:00.000000Z``."""
    # Not strftime, which writes years before 1000 with fewer than four digits.
    return (_EPOCH + timedelta(microseconds=instant)).isoformat(timespec="microseconds")[:26] + "Z"


def from_text(text: str) -> int:
    """RFC 3339 text with an offset → microseconds since 1970 UTC.

    Raises ValueError where the text is no date-time or carries no offset (an instant without a zone is not an instant),
    and where its offset carries it out of the years 1 to 9999, so that whatever is read can be written.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write it like 2026-11-22T10:00:00Z")
    instant = (moment - _EPOCH) // _MICROSECOND
    if not _FIRST <= instant <= _LAST:
        raise ValueError(f"{text!r} is outside of the years 1 to 9999")
    return instant
