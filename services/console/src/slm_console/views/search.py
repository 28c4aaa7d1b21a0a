"""View model of the search: the API's hits, tickets, and the console's own pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slm_console.views.navigation import Entry
from slm_console.views.reader import Reader

MOST = 20
PATHS: Mapping[str, str] = {
    "agreement": "/agreements/{id}",
    "service": "/services/{id}",
    "target": "/targets/{id}",
    "party": "/agreements?with={id}",
    "person": "",
}
"""Kind of hit → path of its page; empty for a person, who has none."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result; ``path`` is empty if it has no page."""

    kind: str
    name: str
    note: str
    path: str


def hits_of(
    reader: Reader,
    words: str,
    found: Iterable[Mapping[str, Any]],
    tickets: Iterable[Mapping[str, Any]],
    places: Iterable[Entry],
) -> list[Hit]:
    """Return the search results, at most MOST: pages, tickets found by number, the API's hits, then all other tickets.

    The API's hits are left out if the console has no page for them. The other tickets were found by another field, such
    as the team's name, which many tickets share.
    """
    wanted = words.casefold()
    pages = [Hit(reader.gettext("Page"), each.name, "", each.path) for each in places]
    by_number: list[Hit] = []
    others: list[Hit] = []
    for hit in _tickets(reader, tickets):
        (by_number if wanted in hit.name.casefold() else others).append(hit)
    return [
        *(hit for hit in pages if wanted in hit.name.casefold()),
        *by_number,
        *(hit for hit in (_hit(reader, each) for each in found) if hit.path),
        *others,
    ][:MOST]


def _tickets(reader: Reader, tickets: Iterable[Mapping[str, Any]]) -> Iterator[Hit]:
    for each in tickets:
        note = f"{each.get('priority') or ''} {each['source']}".strip()
        yield Hit(reader.gettext("Ticket"), each["number"], note, f"/tickets/{each['source']}/{each['number']}")


def _hit(reader: Reader, hit: Mapping[str, Any]) -> Hit:
    names = {
        "agreement": reader.gettext("Agreement"),
        "service": reader.gettext("Service"),
        "target": reader.gettext("Promise"),
        "party": reader.gettext("Company"),
        "person": reader.gettext("Person"),
    }
    path = PATHS.get(hit["kind"], "").format(id=hit["id"])
    return Hit(names.get(hit["kind"], hit["kind"]), hit["title"], hit["subtitle"] or "", path)
