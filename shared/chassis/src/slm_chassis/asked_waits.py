"""The wait that another system asks for in the headers of its answer: in ``Retry-After``, or in the headers that count
how many requests are still allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds

_MOST_DIGITS = 12
_EPOCH_SECONDS = 1_000_000_000
"""From this number on, a reset is an instant (seconds since 1970); below it, seconds from now."""


def asked_wait(headers: Mapping[str, str], now: UtcMicroseconds) -> int | None:
    """Return the microseconds that a refusal asks to wait; None if it names no wait. Header names are in lower case."""
    text = headers.get("retry-after", "").strip()
    if _is_number(text):
        return int(text) * SECOND
    instant = _http_date(text) if text else None
    return _reset(headers, now) if instant is None else max(0, instant - now)


def wait_after_last(headers: Mapping[str, str], now: UtcMicroseconds) -> int | None:
    """Return the microseconds to wait if an answer's headers say that no request is left and when there will be; else
    None.
    """
    left = headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining", "")).strip()
    if not _is_number(left) or int(left) > 0:
        return None
    return _reset(headers, now)


def _reset(headers: Mapping[str, str], now: UtcMicroseconds) -> int | None:
    text = headers.get("x-ratelimit-reset", headers.get("ratelimit-reset", "")).strip()
    if _is_number(text):
        number = int(text)
        return max(0, number * SECOND - now) if number >= _EPOCH_SECONDS else number * SECOND
    try:
        return max(0, int(datetime.fromisoformat(text).timestamp()) * SECOND - now)
    except (ValueError, OverflowError):
        return None


def _http_date(text: str) -> UtcMicroseconds | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()) * SECOND


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
