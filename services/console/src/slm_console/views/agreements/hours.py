"""The service hours that an agreement's promises name, in words: ``Mon–Fri 08:00–18:00``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date

from slm_console.views.reader import Reader

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONDAY = date(2026, 11, 30)
_EXCEPTIONS = ("holidays", "overrides", "breaks")


def hours_of(reader: Reader, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the service hours that the document's targets name, as pairs: the name, and the weekly hours in words.

    Hours without a weekly schedule, such as ``24x7``, are left out: they need no words.
    """
    known: Mapping[str, Any] = document.get("service_hours") or {}
    used: list[str] = []
    for target in document.get("targets") or ():
        named = target.get("service_hours")
        used += [named] if isinstance(named, str) else list(named or ())
    return [
        (name, _weekly_in_words(reader, known[name]))
        for name in dict.fromkeys(used)
        if isinstance(known.get(name), Mapping) and known[name].get("weekly")
    ]


def _weekly_in_words(reader: Reader, hours: Mapping[str, Any]) -> str:
    """Return weekly hours in words; days with the same hours are joined: ``Mon–Fri 08:00–18:00, Sat 08:00–16:00``."""
    by_day = [_spans_of_day(hours["weekly"].get(day) or ()) for day in _DAYS]
    texts, first = [], 0
    while first < len(_DAYS):
        last = first
        while last + 1 < len(_DAYS) and by_day[last + 1] == by_day[first]:
            last += 1
        if by_day[first]:
            days = (
                _weekday_name(reader, first)
                if first == last
                else f"{_weekday_name(reader, first)}–{_weekday_name(reader, last)}"
            )
            texts.append(f"{days} {by_day[first]}")
        first = last + 1
    told = ", ".join(texts)
    if any(hours.get(name) for name in _EXCEPTIONS):
        return reader.gettext("%(hours)s, with exceptions", hours=told)
    return told


def _spans_of_day(spans: Any) -> str:
    return " ".join(f"{start}–{end}" for start, end in spans)


def _weekday_name(reader: Reader, number: int) -> str:
    return format_date(_MONDAY + timedelta(days=number), "EEE", locale=reader.locale)
