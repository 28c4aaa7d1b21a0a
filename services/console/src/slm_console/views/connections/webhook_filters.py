"""View models of the filters for the events that an address gets: by agreement, by service and by company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.directory import Directory
from slm_console.views.reader import Reader

FIELDS = ("agreement_ids", "service_ids", "other_party_ids")
"""The lists of ids by which an endpoint narrows its events."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An agreement, service or company that can be chosen. ``detail`` tells choices with the same name apart."""

    value: str
    name: str
    detail: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """One of the lists by which events are filtered. ``title`` is its heading; ``field`` is one of FIELDS."""

    field: str
    title: str
    choices: Sequence[Choice]

    @property
    def chosen(self) -> list[str]:
        """The names that are chosen. If none is chosen, the list filters nothing."""
        return [each.name for each in self.choices if each.is_chosen]


def filters_of(
    reader: Reader,
    directory: Directory,
    agreements: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, Sequence[str]],
) -> list[Filter]:
    """Return the lists of agreements, services and companies. In each list, the chosen entries come first.

    ``chosen``: field → ids of its chosen entries.
    """
    known = {
        "agreement_ids": {
            str(each["agreement_id"]): (str(each["title"]), directory.company(directory.other(each)))
            for each in agreements
        },
        "service_ids": {each: (directory.service(each), "") for each in directory.services},
        "other_party_ids": {each: (name, "") for each, name in directory.parties.items() if each != directory.own},
    }
    titles = (reader.gettext("Agreements"), reader.gettext("Services"), reader.gettext("Companies"))
    return [
        Filter(field, title, _choices(reader, known[field], frozenset(chosen[field])))
        for field, title in zip(FIELDS, titles, strict=True)
    ]


def _choices(reader: Reader, known: Mapping[str, tuple[str, str]], chosen: frozenset[str]) -> list[Choice]:
    # What was chosen and is not shown to the reader stays chosen until it is taken away here.
    unknown = dict.fromkeys(chosen - known.keys(), (reader.gettext("one that is not listed here"), ""))
    found = [Choice(value, *names, is_chosen=value in chosen) for value, names in {**known, **unknown}.items()]
    return sorted(found, key=lambda each: (not each.is_chosen, each.name.casefold(), each.detail, each.value))
