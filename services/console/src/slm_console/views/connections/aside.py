"""Rows for facts in quarantine, dead letters, and imports of history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slm_console.views.connections.sources import moment_of, reason_of
from slm_console.views.directory import Directory
from slm_console.views.reader import Reader

_SHOWN = 300
_NAMED = 3
"""A heading lists at most this many names. If there are more, it shows the first and how many others there are."""


def aside_lines(reader: Reader, facts: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows for facts in quarantine, each with the reason."""
    return [
        {
            "aside_id": str(each["quarantine_id"]),
            "subject": str(each["subject"]).rpartition("/")[2],
            "why": reason_of(reader, str(each["reason"])),
            "detail": str(each["reason"]).partition(":")[2].strip(),
            "at": moment_of(reader, each["received_at"]),
            "fact": json.dumps(each["fact"], ensure_ascii=False)[:_SHOWN],
        }
        for each in facts
    ]


def unread_lines(reader: Reader, letters: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows for dead letters, in the API's order. ``letters``: service → its dead letters."""
    states = {
        "failed": reader.gettext("could not be read"),
        "parked": reader.gettext("waits for an earlier one"),
        "redriven": reader.gettext("is tried again"),
    }
    return [
        {
            "letter_id": str(each["dead_letter_id"]),
            "part": part,
            "what": str(each["event_type"] or each["topic"]),
            "key": str(each["key"]),
            "state": states.get(str(each["state"]), str(each["state"])),
            "is_first": each["state"] == "failed",
            "why": str(each["reason"]),
            "attempts": reader.whole(int(each["attempts"])),
            "at": moment_of(reader, each["set_aside_at"]),
        }
        for part, found in letters.items()
        for each in found
    ]


def import_line(reader: Reader, directory: Directory, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an import as a row: what it imports, for whom, its state and times in words."""
    states = {
        "opening": reader.gettext("begins"),
        "open": reader.gettext("history comes in"),
        "completing": reader.gettext("is being judged"),
        "judged": reader.gettext("judged"),
    }
    names = [str(each) for each in [*found["indicators"], *found["sources"]]]
    return {
        "import_id": str(found["import_id"]),
        "what": _some_of(reader, names),
        "all": names if len(names) > _NAMED else [],
        "owner": directory.company(str(found["owner_party_id"])),
        "is_own": found["owner_party_id"] == directory.own,
        "state": states.get(str(found["state"]), str(found["state"])),
        "is_open": found["state"] in ("opening", "open"),
        "opened": moment_of(reader, found["opened_at"]),
        "ends": moment_of(reader, found["expires_at"]),
        "judged": "" if found["judged_at"] is None else moment_of(reader, found["judged_at"]),
        "how": _how_it_ended(reader, found["ended_as"]),
    }


def _some_of(reader: Reader, names: list[str]) -> str:
    """Return names for a heading: all of them if they are few, else the first and how many others there are."""
    if len(names) <= _NAMED:
        return reader.names(names)
    return reader.gettext("%(name)s and %(count)s more", name=names[0], count=reader.whole(len(names) - 1))


def _how_it_ended(reader: Reader, ended_as: str | None) -> str:
    names = {
        "completed": reader.gettext("completed"),
        "ended": reader.gettext("given up"),
        "expired": reader.gettext("ended by itself, an hour after its last facts"),
    }
    return names.get(ended_as or "", "")
