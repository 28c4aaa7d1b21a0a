"""Fields of the editor that are not about targets: name of the agreement, first and last day, notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date

from slm_console.views import durations
from slm_console.views.instants import read
from slm_console.views.reader import Reader, at
from slm_console.views.sentences import typed
from slm_console.views.sentences.typed import Misread

Document = Mapping[str, Any]


@dataclass(frozen=True)
class TermField:
    """A field of the editor.

    ``shown`` returns the field's text for a document. ``write`` returns the document with a typed text put in, or
    raises Misread.
    """

    name: str
    path: str
    """Path of the field in the document, as findings name it, such as ``term.notice``."""
    label: Callable[[Reader], str]
    shown: Callable[[Reader, Document], str]
    write: Callable[[Reader, Document, str], dict[str, Any]]
    size: int = 14

    def changed(self, reader: Reader, document: Document, text: str) -> dict[str, Any]:
        """Return the document with the typed text, or unchanged if the field already showed it; raises Misread."""
        if text.strip() == self.shown(reader, document).strip():
            return dict(document)
        return self.write(reader, document, text.strip())


def zone_in(document: Document) -> ZoneInfo:
    """Return the agreement's time zone, UTC if the document names none or an unknown one."""
    try:
        return ZoneInfo(str(document.get("timezone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _term_of(document: Document) -> Mapping[str, Any]:
    term = document.get("term")
    return term if isinstance(term, Mapping) else {}


def _with_term(document: Document, name: str, value: str | None) -> dict[str, Any]:
    return {**document, "term": {**_term_of(document), name: value}}


def _write_title(reader: Reader, document: Document, text: str) -> dict[str, Any]:
    if not text or len(text) > 300:
        raise Misread(reader.gettext("Write a name of 1 to 300 characters."))
    return {**document, "title": text}


def _instant_field(name: str, *, is_end: bool) -> tuple[Callable[..., str], Callable[..., dict[str, Any]]]:
    """Return the functions ``shown`` and ``write`` for a day of the term.

    With ``is_end``, midnight is shown as the day before, which is the last day that the term includes.
    """

    def shown(reader: Reader, document: Document) -> str:
        written = _term_of(document).get(name)
        try:
            instant = read(written)
        except (ValueError, OverflowError):
            return str(written)
        if instant is None:
            return ""
        local = at(instant).astimezone(zone_in(document))
        if local.time() == time(0):
            whole = local.date() - timedelta(days=1) if is_end else local.date()
            return format_date(whole, "d MMM y", locale=reader.locale)
        return f"{format_date(local.date(), 'd MMM y', locale=reader.locale)} {local:%H:%M}"

    def write(reader: Reader, document: Document, text: str) -> dict[str, Any]:
        if not text:
            return _with_term(document, name, None)
        zone = zone_in(document)
        today = reader.local(reader.now).date()
        clock = typed.split_clock(text)
        found = typed.day(reader, clock[0] if clock else text, today)
        return _with_term(document, name, _text(reader, text, found, clock, zone, is_end=is_end))

    return shown, write


def _text(
    reader: Reader, typed_text: str, day: date, clock: tuple[str, int, int] | None, zone: ZoneInfo, *, is_end: bool
) -> str:
    try:
        hour = time(clock[1], clock[2]) if clock else time(0)
        day = day + timedelta(days=1) if is_end and clock is None else day
        local = datetime.combine(day, hour, zone)
        return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        raise Misread(
            reader.gettext("“%(text)s” is not a time. Write one such as 1 Dec 2026 08:30.", text=typed_text)
        ) from None


def _shown_notice(reader: Reader, document: Document) -> str:
    return durations.in_words(reader, str(_term_of(document).get("notice") or ""))


def _write_notice(reader: Reader, document: Document, text: str) -> dict[str, Any]:
    return _with_term(document, "notice", typed.notice(reader, text) if text else None)


_BEGINS, _ENDS = _instant_field("effective_at", is_end=False), _instant_field("expires_at", is_end=True)
FIELDS = (
    TermField(
        "title",
        "title",
        lambda reader: reader.gettext("Name of the agreement"),
        lambda _, document: str(document.get("title") or ""),
        _write_title,
        size=40,
    ),
    TermField("begins", "term.effective_at", lambda reader: reader.gettext("First day"), *_BEGINS),
    TermField("ends", "term.expires_at", lambda reader: reader.gettext("Last day"), *_ENDS),
    TermField("notice", "term.notice", lambda reader: reader.gettext("Notice"), _shown_notice, _write_notice),
)
"""The fields in the order of the form."""
