"""Conversion between ISO 8601 durations and people's words: ``PT4H`` ↔ ``4 h``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from slm_console.views.reader import DAY, HOUR, MINUTE, SECOND, Reader

_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_TYPED = re.compile(r"(\d+(?:[.,]\d+)?)\s*(h|hours?|hrs?|min|minutes?|m|d|days?|s|seconds?)(?![a-z])", re.IGNORECASE)
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def in_words(reader: Reader, duration: str) -> str:
    """Return an ISO 8601 duration in words, or unchanged if it cannot be read: ``P28D`` → ``28 days``."""
    found = _ISO.fullmatch(duration)
    if found is None or duration in ("P", "PT"):
        return duration
    years, months, weeks, days, hours, minutes, seconds = found.groups()
    parts = [
        years and reader.ngettext("%(count)s year", "%(count)s years", int(years)),
        months and reader.ngettext("%(count)s month", "%(count)s months", int(months)),
        weeks and reader.ngettext("%(count)s week", "%(count)s weeks", int(weeks)),
        days and reader.ngettext("%(count)s day", "%(count)s days", int(days)),
        hours and reader.gettext("%(count)s h", count=reader.whole(int(hours))),
        minutes and reader.gettext("%(count)s min", count=reader.whole(int(minutes))),
        seconds and reader.gettext("%(count)s s", count=seconds),
    ]
    return " ".join(part for part in parts if part)


def microseconds(duration: str) -> int:
    """Return the length of an ISO 8601 duration in microseconds; 0 if it has years or months or cannot be read."""
    found = _ISO.fullmatch(duration)
    if found is None or found[1] or found[2]:
        return 0
    lengths = (7 * DAY, DAY, HOUR, MINUTE, SECOND)
    return int(sum(Decimal(text or 0) * length for text, length in zip(found.groups()[2:], lengths, strict=True)))


def limit_in_words(reader: Reader, within: Mapping[str, Any]) -> str:
    """Return a ticket's time limit in words: ``{"service_time": "PT4H"}`` → ``4 h of service time``."""
    if "calendar" in within:
        return in_words(reader, str(within["calendar"]))
    if "service_time" in within:
        return reader.gettext("%(length)s of service time", length=in_words(reader, str(within["service_time"])))
    if "business_days" in within:
        return reader.ngettext("%(count)s working day", "%(count)s working days", int(within["business_days"]))
    if "business_days_end" in within:
        days = int(within["business_days_end"])
        return reader.ngettext("the end of %(count)s working day", "the end of %(count)s working days", days)
    return reader.gettext("the date in the ticket")


def written(text: str) -> str | None:
    """Return the length of time that a person typed as an ISO 8601 duration, None if it cannot be read.

    ``4h`` → ``PT4H``, ``1,5 h`` → ``PT1H30M``, ``2 days`` → ``P2D``, ``90 min`` → ``PT1H30M``.
    """
    rest = _TYPED.sub("", text)
    found = _TYPED.findall(text)
    if not found or re.search(r"[^\s,and]", rest):
        return text.strip().upper() if _ISO.fullmatch(text.strip().upper()) and len(text.strip()) > 2 else None
    seconds = sum(Decimal(number.replace(",", ".")) * _SECONDS[unit[0].lower()] for number, unit in found)
    return _iso(int(seconds)) if seconds > 0 and seconds == int(seconds) else None


def _iso(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    if days and not rest:
        return f"P{days}D"
    hours, rest = divmod(seconds, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else "", f"{left}S" if left else ""]
    return "PT" + "".join(parts)
