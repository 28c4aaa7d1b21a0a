"""Reading of instants that people type, in their own time zone: ``12.11. 14:00``, ``2026-11-12 14:00``, ``14:00``."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from slm_console.views.reader import Reader

_FORMS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})"),
    re.compile(
        r"(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./]?(?P<year>\d{4})?,? +(?P<hour>\d{1,2})[:.](?P<minute>\d{2})"
    ),
    re.compile(r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})"),
)


def instant_of(reader: Reader, text: str) -> str | None:
    """Return the typed instant as RFC 3339 text in UTC, None if it cannot be read.

    A missing day means today, a missing year this year.
    """
    today = reader.local(reader.now)
    for form in _FORMS:
        found = form.fullmatch(text.strip())
        if found is None:
            continue
        parts = {name: int(value) for name, value in found.groupdict().items() if value}
        try:
            local = datetime(
                parts.get("year", today.year),
                parts.get("month", today.month),
                parts.get("day", today.day),
                parts["hour"],
                parts["minute"],
                tzinfo=reader.zone,
            )
        except ValueError:
            return None
        return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None
