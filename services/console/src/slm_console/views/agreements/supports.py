"""Supporting agreements of an agreement, with the names that the reader may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.agreements.listing import kind_in_words
from slm_console.views.directory import Directory
from slm_console.views.reader import Reader


@dataclass(frozen=True, slots=True)
class Support:
    """A supporting agreement. ``title``, ``kind`` and ``other`` are empty if the reader may not know them.

    ``agreement_id`` is empty if the reader cannot open the agreement.
    """

    agreement_id: str
    title: str = ""
    kind: str = ""
    other: str = ""
    """Name of the company with which the reader's company made the supporting agreement."""


def named_by(agreement: Mapping[str, Any]) -> list[str]:
    """Return the ids of the supporting agreements that the reader's company named in an agreement's document."""
    return [str(each["agreement_id"]) for each in _entries(agreement) if each.get("agreement_id")]


def supports_of(
    reader: Reader,
    directory: Directory,
    agreement: Mapping[str, Any],
    readable: Sequence[Mapping[str, Any]],
    check: Mapping[str, Any] | None,
) -> list[Support]:
    """Return a Support for each supporting agreement that the agreement's document names.

    - ``readable``: the supporting agreements that the reader may read.
    - ``check``: the API's check, with the titles that the other side discloses; None if the API did not answer.
    """
    by_id = {str(each["agreement_id"]): each for each in readable}
    sides = ((check or {}).get("chain") or {}).get("sides") or ()
    disclosed = {each["support_id"]: each for side in sides for each in side["supports"] if not side["yours"]}
    return [
        _support(reader, directory, by_id.get(str(each.get("agreement_id"))), each, disclosed)
        for each in _entries(agreement)
    ]


def _entries(agreement: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return agreement["document"].get("supports") or ()


def _support(
    reader: Reader,
    directory: Directory,
    found: Mapping[str, Any] | None,
    entry: Mapping[str, Any],
    disclosed: Mapping[str, Mapping[str, Any]],
) -> Support:
    if found is not None:
        other = directory.parties.get(directory.other(found), "")
        kind = kind_in_words(reader, str(found["kind"]))
        return Support(str(entry["agreement_id"]), str(found["title"]), kind, other)
    told = disclosed.get(str(entry.get("support_id"))) or {}
    if not told.get("title"):
        return Support("")
    return Support("", str(told["title"]), kind_in_words(reader, str(told["kind"])))
