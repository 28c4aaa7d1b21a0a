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
    """A supporting agreement. ``title``, ``kind`` and ``other`` are empty if the reader may not read it."""

    agreement_id: str
    title: str = ""
    kind: str = ""
    other: str = ""
    """Name of the company with which the reader's company made the supporting agreement."""


def named_by(agreement: Mapping[str, Any]) -> list[str]:
    """Return the ids of the supporting agreements that an agreement's document names.

    It is empty for one that the other side named: only its own party reads which agreement it is.
    """
    return [str(each.get("agreement_id", "")) for each in agreement["document"].get("supports") or ()]


def supports_of(
    reader: Reader, directory: Directory, named: Sequence[str], readable: Sequence[Mapping[str, Any]]
) -> list[Support]:
    """Return a Support for each id in ``named``. ``readable``: those of these agreements that the reader may read."""
    by_id = {str(each["agreement_id"]): each for each in readable}
    return [_support(reader, directory, by_id.get(each), each) for each in named]


def _support(reader: Reader, directory: Directory, found: Mapping[str, Any] | None, agreement_id: str) -> Support:
    if found is None:
        return Support(agreement_id)
    other = directory.parties.get(directory.other(found), "")
    return Support(agreement_id, str(found["title"]), kind_in_words(reader, str(found["kind"])), other)
