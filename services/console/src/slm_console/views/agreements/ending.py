"""View model of ending an agreement early: what giving notice does, and an open request to end it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from babel.dates import format_date

from slm_console.views import durations
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import Reader, at
from slm_console.views.sentences import typed
from slm_console.views.sentences.term_fields import zone_in


@dataclass(frozen=True)
class EndingRequest:
    """An open request by one side to end the agreement earlier than the notice allows."""

    request_id: str
    is_own: bool
    text: str
    reason: str


@dataclass(frozen=True)
class EndingPage:
    """The page: what giving notice does, the earliest last day, and the open request if there is one."""

    consequence: str
    last_day: str
    request: EndingRequest | None


def ending_page(reader: Reader, directory: Directory, agreement: Mapping[str, Any]) -> EndingPage:
    """Return the view model of the page for the reader's side."""
    document, other = agreement["document"], directory.company(directory.other(agreement))
    notice = str((document.get("term") or {}).get("notice") or "")
    earliest = at(reader.now + durations.microseconds(notice)).astimezone(zone_in(document)).date() + timedelta(
        days=1 if notice else 0
    )
    last_day = format_date(earliest, "d MMM y", locale=reader.locale)
    if notice:
        consequence = reader.gettext(
            "%(other)s is told at once, and the agreement ends after the day you name: with %(notice)s of notice on "
            "%(day)s at the earliest. This cannot be taken back.",
            other=other,
            notice=durations.in_words(reader, notice),
            day=last_day,
        )
    else:
        consequence = reader.gettext(
            "%(other)s is told at once, and the agreement ends after the day you name, from today on. This cannot be "
            "taken back.",
            other=other,
        )
    return EndingPage(consequence, last_day, _request(reader, directory, agreement))


def end_of(reader: Reader, document: Mapping[str, Any], text: str) -> str:
    """Return the end of the day that was typed, in the agreement's time zone, as RFC 3339 text; raises Misread."""
    found = typed.day(reader, text, reader.local(reader.now).date())
    local = datetime.combine(found + timedelta(days=1), time(0), zone_in(document))
    return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _request(reader: Reader, directory: Directory, agreement: Mapping[str, Any]) -> EndingRequest | None:
    asked = agreement.get("termination_request")
    if not asked:
        return None
    end = read(asked.get("at"))
    who = directory.company(str(asked["by_party_id"]))
    text = (
        reader.gettext("%(who)s asks to end it at %(day)s, before the notice is over.", who=who, day=reader.moment(end))
        if end is not None
        else reader.gettext("%(who)s asks to end it as soon as the other side consents.", who=who)
    )
    is_own = asked["by_party_id"] == directory.own
    return EndingRequest(str(asked["request_id"]), is_own, text, str(asked["reason"]))
