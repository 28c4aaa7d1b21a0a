"""Instants that people type, in their own time zone: ``12 Nov 14:00``, ``12.11. 14:00``, ``2026-11-12 14:00``."""

from __future__ import annotations

from datetime import UTC, datetime

from babel.dates import format_date

from slm_console.views.instants import read
from slm_console.views.reader import MINUTE, Reader
from slm_console.views.sentences import typed


def instant_of(reader: Reader, text: str) -> str | None:
    """Return the typed instant as RFC 3339 text in UTC, None if it cannot be read.

    A text without a day means today, and a day without a year is in this year. The console shows instants in the same
    way.
    """
    clock = typed.split_clock(text)
    if clock is None:
        return None
    today = reader.local(reader.now)
    day, hour, minute = clock
    found = typed.day_parts(day) if day else (today.year, today.month, today.day)
    if found is None:
        return None
    try:
        local = datetime(found[0] or today.year, found[1], found[2], hour, minute, tzinfo=reader.zone)
        return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return None


def instant_to_type(reader: Reader, text: str, *, is_end: bool = False) -> str:
    """Return an instant (RFC 3339 text) as a text field shows it: ``12 Nov 2026 14:00``, in the reader's time zone.

    Seconds are cut off; with ``is_end`` they become the next full minute. Any other text is returned unchanged, since
    somebody may have typed it.
    """
    try:
        instant = read(text)
    except ValueError:
        return text
    if instant is None:
        return text
    whole = -(-instant // MINUTE) * MINUTE if is_end else instant
    try:
        local = reader.local(whole)
    except OverflowError:
        return text
    return f"{format_date(local, 'd MMM y', locale=reader.locale)} {reader.time(whole)}"
