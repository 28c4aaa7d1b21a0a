"""Days typed into a form, as instants for the API."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from babel.dates import format_date

from slm_console.views.reader import Reader
from slm_console.views.sentences import typed

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def end_of_day(reader: Reader, day: str, *, is_past: bool = False) -> str | None:
    """Return the end of a typed day in the reader's time zone as RFC 3339 text; None if it cannot be read.

    In Zurich: ``15 Dec 2026`` → ``2026-12-15T23:00:00Z``. If the year is missing, it is the first year in which the day
    is not before yesterday; with ``is_past``, the last year in which the day is not after today.
    """
    found = _parsed(reader, day, is_past=is_past)
    return _text(reader, found + timedelta(days=1)) if found is not None else None


def start_of_day(reader: Reader, day: str, *, is_past: bool = False) -> str | None:
    """Return the start of a typed day in the reader's time zone as RFC 3339 text; None if it cannot be read.

    If the year is missing, it is the first year in which the day is not before yesterday; with ``is_past``, the last
    year in which the day is not after today.
    """
    found = _parsed(reader, day, is_past=is_past)
    return _text(reader, found) if found is not None else None


def misread_day(reader: Reader, *days: str, is_needed: bool = False) -> str:
    """Return the error message for the first typed day that cannot be read, empty if there is none.

    Empty days are skipped unless ``is_needed``.
    """
    for day in days:
        if not day:
            if is_needed:
                return reader.gettext("Write a day, such as 1 Dec 2026.")
            continue
        try:
            typed.day(reader, day, reader.local(reader.now).date())
        except typed.Misread as misread:
            return str(misread)
    return ""


def day_to_type(reader: Reader, day: date) -> str:
    """Return the text that a text field shows for a day, such as ``1 Jan 2027``. ``start_of_day`` and ``end_of_day``
    read such a text.
    """
    return format_date(day, "d MMM y", locale=reader.locale)


_NEARLY_A_YEAR = timedelta(days=363)


def _parsed(reader: Reader, day: str, *, is_past: bool) -> date | None:
    today = reader.local(reader.now).date()
    try:
        return typed.day(reader, day, today - _NEARLY_A_YEAR if is_past else today)
    except (typed.Misread, OverflowError):
        return None


def _text(reader: Reader, day: date) -> str:
    return datetime.combine(day, time(0), reader.zone).astimezone(UTC).strftime(_INSTANT)


def first_of_next_month(reader: Reader) -> str:
    """Return the first day of next month as a text field shows it, such as ``1 Dec 2026``."""
    today = reader.local(reader.now).date()
    return day_to_type(reader, (today.replace(day=1) + timedelta(days=32)).replace(day=1))
