"""The critical periods of an agreement, in words: ``3 Nov 2026 18:00 – 4 Nov 2026 02:00; no planned maintenance``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from babel.dates import format_datetime

from slm_console.views import durations
from slm_console.views.reader import Reader

_MOST_DATES = 5


def periods_of(reader: Reader, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return pairs of title and words for the critical periods of a document. Times are local times of the agreement,
    as they are written.
    """
    return [
        (reader.gettext("Critical period “%(title)s”", title=str(each["title"])), _period_in_words(reader, each))
        for each in document.get("critical_periods") or ()
    ]


def _period_in_words(reader: Reader, period: Mapping[str, Any]) -> str:
    told = _occurrences(reader, period["occurrences"])
    if period.get("freeze"):
        return reader.gettext("%(occurrences)s; no planned maintenance", occurrences=told)
    return told


def _occurrences(reader: Reader, written: Mapping[str, Any]) -> str:
    if "rule" in written:
        return reader.gettext(
            "%(length)s each time, by the rule %(rule)s from %(start)s",
            length=durations.in_words(reader, str(written["duration"])),
            rule=str(written["rule"]),
            start=_moment(reader, str(written["from"])),
        )
    dates = list(written["dates"])
    spans = [f"{_moment(reader, str(each['from']))} – {_moment(reader, str(each['to']))}" for each in dates]
    told, rest = ", ".join(spans[:_MOST_DATES]), len(spans) - _MOST_DATES
    if rest > 0:
        more = reader.ngettext("%(count)s more", "%(count)s more", rest)
        return reader.gettext("%(dates)s and %(more)s", dates=told, more=more)
    return told


def _moment(reader: Reader, local: str) -> str:
    """Return a local date and time: ``2026-11-03T18:00`` → ``3 Nov 2026 18:00``."""
    return format_datetime(datetime.fromisoformat(local), "d MMM y HH:mm", locale=reader.locale)
