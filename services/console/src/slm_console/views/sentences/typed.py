"""Reading of what people type into blanks; the error message for an unreadable text says what to write instead."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from slm_console.views import durations
from slm_console.views.reader import Reader

_TIMES = {"µs": Decimal("0.001"), "us": Decimal("0.001"), "ms": Decimal(1), "s": Decimal(1000), "min": Decimal(60_000)}
"""Unit of time → its length in milliseconds."""
_QUANTITY = re.compile(r"([\d.,' ]*\d)\s*([A-Za-zµ%/]*)")
_THOUSANDS = re.compile(r"\d{1,3}([.,']\d{3})+")
_DAYS = re.compile(r"(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./]?(?P<year>\d{4})?|(?P<iso>\d{4}-\d{1,2}-\d{1,2})")
_NAMED = re.compile(r"(?P<day>\d{1,2})\.? +(?P<name>[A-Za-z]{3,9})\.?,? *(?P<year>\d{4})?")
_WEEKDAY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]? +", re.I)
_CLOCK = re.compile(r"(?:(.*?)(?:,? +at +|[ T,]+))?(\d{1,2})[:.](\d{2})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORKING = re.compile(r"(?P<end>(?:the )?end of )?(?P<count>\d{1,3})(?:st|nd|rd|th)? (?:working|business) days?", re.I)


class Misread(ValueError):
    """A typed text cannot be read; the message says what was understood and what to write."""


def number(reader: Reader, text: str, example: str) -> Decimal:
    """Return a typed number with a decimal point or comma: ``99,9`` → 99.9; raises Misread.

    ``example`` is the number that the error message suggests.
    """
    plain = text.strip().replace(" ", "").replace("\N{NO-BREAK SPACE}", "").replace("'", "")
    try:
        value = Decimal(plain.replace(",", ".")) if plain.isascii() else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value.adjusted()) > 15 or len(plain) > 30:
        raise Misread(
            reader.gettext("“%(text)s” is not a number. Write one such as %(example)s.", text=text, example=example)
        )
    return value


def percent(reader: Reader, text: str) -> str:
    """Return a typed share above 0 and up to 100, as text for terms: ``99,9 %`` → ``99.9``; raises Misread."""
    value = number(reader, text.replace("%", ""), "99.9")
    if not 0 < value <= 100:
        raise Misread(
            reader.gettext(
                "Understood %(number)s %%. Write a share above 0 and up to 100, such as 99.9.", number=plain(value)
            )
        )
    return plain(value)


def whole(reader: Reader, text: str) -> str:
    """Return a typed whole number as text for terms; raises Misread.

    ``1.000`` is refused, because it means one to some people and a thousand to others.
    """
    typed = text.strip()
    value = number(reader, typed, "3")
    if value < 0 or value != value.to_integral_value() or ("." in typed or "," in typed):
        joined = re.sub(r"[.,']", "", typed)
        example = joined if _THOUSANDS.fullmatch(typed) else "3"
        raise Misread(
            reader.gettext(
                "Understood %(number)s. Write a whole number without a point or comma, such as %(example)s.",
                number=plain(value),
                example=example,
            )
        )
    return plain(value)


def quantity(reader: Reader, text: str, unit: str) -> tuple[str, str]:
    """Return number and unit of a typed answer time, converted to ``unit``: ``0.3 s`` → (``300``, ``ms``); raises
    Misread.

    A number without a unit is taken as ``unit``. If ``unit`` is empty, the typed unit is kept, and a number without a
    unit is taken as ms.
    """
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        raise Misread(
            reader.gettext("“%(text)s” is not a length of time. Write one such as 300 ms or 0.5 s.", text=text)
        )
    value, written = number(reader, found[1], "300"), found[2] or unit or "ms"
    if not unit or written == unit:
        return plain(value), written
    if written in _TIMES and unit in _TIMES:
        exact = Fraction(value) * Fraction(_TIMES[written]) / Fraction(_TIMES[unit])
        converted = Decimal(exact.numerator) / Decimal(exact.denominator)
        if Fraction(converted) == exact:
            return plain(converted.normalize()), unit
    raise Misread(
        reader.gettext(
            "Understood %(text)s, but it is measured in %(unit)s. Write it in %(unit)s.", text=text, unit=unit
        )
    )


def within(reader: Reader, text: str) -> dict[str, str | int]:
    """Return a typed time limit as terms write it; raises Misread.

    ``4h`` → ``{"calendar": "PT4H"}``, ``2 working days`` → ``{"business_days": 2}``.
    """
    found = _WORKING.fullmatch(text.strip())
    if found is not None and int(found["count"]) > 0:
        return {"business_days_end" if found["end"] else "business_days": int(found["count"])}
    return {"calendar": length(reader, text)}


def length(reader: Reader, text: str) -> str:
    """Return a typed length of time as an ISO 8601 duration: ``4h`` → ``PT4H``; raises Misread."""
    written = durations.written(text)
    if written is None or set("YM") & set(written.partition("T")[0]):
        raise Misread(
            reader.gettext(
                "“%(text)s” is not a length of time. Write one such as 4 h, 90 min, 2 days or 2 working days.",
                text=text,
            )
        )
    return written


def notice(reader: Reader, text: str) -> str:
    """Return a typed notice period: ``90 days`` → ``P90D``; raises Misread.

    Weeks, months and years are refused with the number of days to write instead.
    """
    if re.search(r"\b(months?|years?|weeks?|[MQY])\b", text):
        found = re.search(r"\d+", text)
        days = {"w": 7, "m": 30, "y": 365}.get(next((c for c in text.lower() if c in "wmy"), "m"), 30)
        example = int(found[0]) * days if found and len(found[0]) < 4 else 90
        raise Misread(
            reader.gettext("Understood %(text)s. Write it in days, such as %(days)s days.", text=text, days=example)
        )
    return length(reader, f"{text} days" if text.strip().isdecimal() else text)


def day(reader: Reader, text: str, today: date) -> date:
    """Return a typed day: ``1.12.``, ``1/12/2026``, ``2026-12-01``, ``1 Dec``, ``Tue 1 Dec``; raises Misread.

    If the year is missing, it is the first year in which the day is not before yesterday.
    """
    try:
        found = day_parts(text)
        if found is not None:
            year, month, day_ = found
            return date(year, month, day_) if year else _next(day_, month, today)
    except ValueError:
        pass
    raise Misread(reader.gettext("“%(text)s” is not a day. Write one such as 1 Dec 2026 or 2026-12-01.", text=text))


def day_parts(text: str) -> tuple[int, int, int] | None:
    """Return year, month and day of the month that were typed, None if the text cannot be read.

    The year is 0 if it is missing. It is not checked whether the calendar has such a day: ``31.2.`` → (0, 2, 31).
    """
    plain_day = _WEEKDAY.sub("", text.strip())
    if (found := _DAYS.fullmatch(plain_day)) is not None:
        if found["iso"]:
            year, month, day_ = map(int, found["iso"].split("-"))
            return year, month, day_
        return int(found["year"] or 0), int(found["month"]), int(found["day"])
    named = _NAMED.fullmatch(plain_day)
    if named is None or named["name"][:3].lower() not in _MONTHS:
        return None
    return int(named["year"] or 0), _MONTHS.index(named["name"][:3].lower()) + 1, int(named["day"])


def split_clock(text: str) -> tuple[str, int, int] | None:
    """Return the text before a time of day at the end, with hour and minute: ``1 Dec 18:40`` → (``1 Dec``, 18, 40).

    None if the text does not end with a time of day.
    """
    found = _CLOCK.fullmatch(text.strip())
    return (found[1], int(found[2]), int(found[3])) if found is not None else None


def _next(day_: int, month: int, today: date) -> date:
    yesterday = today - timedelta(days=1)
    # On 1 January, yesterday is in the year before.
    found = date(yesterday.year, month, day_)
    return found if found >= yesterday else date(yesterday.year + 1, month, day_)


def plain(value: Decimal) -> str:
    """Return a number as text without an exponent; its decimals stay as they were typed: ``99.90`` → ``99.90``."""
    return format(value, "f")
