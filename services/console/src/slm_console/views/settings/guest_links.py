"""Rows of guest links: to whom each was mailed, for which agreement, and whether it still works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.instants import read
from slm_console.views.reader import Reader


@dataclass(frozen=True, slots=True)
class GuestLine:
    """A row for a guest link. ``name`` is empty for people of the other company, whose names are not known here."""

    link_id: str
    name: str
    agreement: str
    path: str
    by: str
    sent: str
    standing: str
    is_open: bool
    reads_only: bool


def guest_lines(
    reader: Reader,
    links: Sequence[Mapping[str, Any]],
    people: Sequence[Mapping[str, Any]],
    agreements: Sequence[Mapping[str, Any]],
) -> list[GuestLine]:
    """Return the rows for guest links, the newest first."""
    names = {str(each["person_id"]): str(each["name"]) for each in people}
    titles = {str(each["agreement_id"]): str(each["title"]) for each in agreements}
    return [
        GuestLine(
            str(each["link_id"]),
            names.get(str(each["person_id"]), ""),
            titles.get(str(each["agreement_id"]), ""),
            f"/agreements/{each['agreement_id']}",
            str(each["created_by"]),
            reader.moment(read(each["created_at"]) or 0),
            _standing_of_link(reader, each),
            each["state"] == "open",
            bool(each.get("reads_only")),
        )
        for each in reversed(links)
    ]


def _standing_of_link(reader: Reader, link: Mapping[str, Any]) -> str:
    day = reader.day(read(link["expires_at"]) or 0)
    return {
        "open": reader.gettext("until %(day)s", day=day),
        "withdrawn": reader.gettext("withdrawn"),
        "expired": reader.gettext("ended %(day)s", day=day),
        "blocked": reader.gettext("ended after too many wrong codes"),
    }.get(str(link["state"]), str(link["state"]))
