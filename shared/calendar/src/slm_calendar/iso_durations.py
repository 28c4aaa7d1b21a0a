"""Durations as text: ISO 8601 with weeks, days and times, and the shorthand of imported documents."""

from __future__ import annotations

import re
from decimal import Decimal

from slm_calendar.errors import refusal
from slm_calendar.local_time import DAY, SECOND

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
WEEK = 7 * DAY

_ISO = re.compile(
    r"(?P<sign>[+-]?)P(?=[\dT])(?:(?P<weeks>\d{1,18})W)?(?:(?P<days>\d{1,18})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,18})H)?(?:(?P<minutes>\d{1,18})M)?(?:(?P<seconds>\d{1,18}(?:[.,]\d{1,18})?)S)?)?"
)
_CALENDAR_PARTS = re.compile(r"[+-]?P[\d.,WD]*[YM]|[+-]?P(?:\d+Y)?(?:\d+M)")
_SHORTHAND = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwMQY])")
_SHORTHAND_UNITS = {
    "ms": SECOND // 1000,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
    "d": DAY,
    "w": WEEK,
    "M": 30 * DAY,
    "Q": 90 * DAY,
    "Y": 365 * DAY,
}


def from_iso(text: object, field: str = "duration") -> int:
    """Return the microseconds of ``PT4H``, ``P1DT2H30M``, ``P4W``, ``PT0.25S`` or ``-PT30M``. A day is 24 hours.

    Raises CalendarError for years and months, whose length varies, and for fractions of a microsecond.
    """
    match = _ISO.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        if isinstance(text, str) and _CALENDAR_PARTS.match(text):
            raise refusal(field, text, "months and years have no fixed length: write days, such as P30D")
        raise refusal(field, text, "write an ISO 8601 duration such as PT4H, P2DT30M or P1W")
    seconds = Decimal((match["seconds"] or "0").replace(",", ".")) * SECOND
    if seconds != int(seconds):
        raise refusal(field, text, "nothing is measured finer than a microsecond: give at most six decimals")
    amount = (
        int(match["weeks"] or 0) * WEEK
        + int(match["days"] or 0) * DAY
        + int(match["hours"] or 0) * HOUR
        + int(match["minutes"] or 0) * MINUTE
        + int(seconds)
    )
    return -amount if match["sign"] == "-" else amount


def to_iso(microseconds: int) -> str:
    """Return the ISO 8601 text of microseconds, such as ``P1DT2H30M``, ``PT0.25S``, ``-PT30M`` or ``PT0S``.

    ``from_iso`` converts the text back to the same number.
    """
    sign, rest = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    days, rest = divmod(rest, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, fraction = divmod(rest, SECOND)
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction:
        time += str(seconds) + (f".{fraction:06d}".rstrip("0") if fraction else "") + "S"
    if not days and not time:
        return "PT0S"
    return f"{sign}P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")


def from_shorthand(text: object, field: str = "duration") -> int:
    """Return the microseconds of ``5m``, ``1h30m``, ``500ms``, ``1d`` or ``1w``.

    ``1M``, ``1Q`` and ``1Y`` are 30, 90 and 365 days: a capital M is a month, a small m a minute. For imported
    documents only. Raises CalendarError for any other text.
    """
    parts = _SHORTHAND.findall(text) if isinstance(text, str) else []
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise refusal(field, text, "write a number and one of ms, s, m, h, d, w, M, Q, Y, such as 5m or 28d")
    amount = sum(Decimal(number) * _SHORTHAND_UNITS[unit] for number, unit in parts)
    if amount != int(amount):
        raise refusal(field, text, "nothing is measured finer than a microsecond")
    return int(amount)
