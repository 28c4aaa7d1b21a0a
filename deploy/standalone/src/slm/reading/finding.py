"""The search for a target, breach, risk or ticket that a person names by an id, the end of an id, or a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from slm.reading.api_reader import ApiReader, NoAnswer
from slm.reading.names import MOST_NAMED

Kind = Literal["target", "breach", "risk", "ticket"]
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_END_OF_ID = re.compile(r"[0-9a-f]{6,12}")
_PATHS: tuple[tuple[Kind, str], ...] = (
    ("target", "/api/v1/targets"),
    ("breach", "/api/v1/breaches"),
    ("risk", "/api/v1/risks"),
)


@dataclass(frozen=True, slots=True)
class NamedThing:
    """The thing that a person named: its kind, and the API's answer about it."""

    kind: Kind
    item: dict[str, Any]


def find_thing(api: ApiReader, text: str) -> NamedThing:
    """Return the thing that a person named by ``text``. Raises NoAnswer if nothing or several things are meant.

    ``text`` can be:

    - the id of a target, breach or risk, or the end of such an id, as tables show it,
    - a ticket as ``source/number``, or the ticket's number alone,
    - a part of a target's name.
    """
    wanted = text.strip()
    if _UUID.fullmatch(wanted.lower()):
        return _by_id(api, wanted.lower())
    if "/" in wanted:
        found = _ticket(api, *wanted.split("/", 1))
        if found is None:
            raise NoAnswer(f"there is no ticket {wanted}: write its source and number, as in desk/INC-7")
        return found
    return _by_number(api, wanted) or _by_end_of_id(api, wanted.lower()) or _by_name(api, wanted)


def _by_id(api: ApiReader, wanted: str) -> NamedThing:
    for kind, path in _PATHS:
        found = api.find(f"{path}/{wanted}")
        if found is not None:
            return NamedThing(kind, found)
    raise NoAnswer(f"there is no target, breach or risk {wanted} that this key may see: slm status lists what there is")


def _ticket(api: ApiReader, source: str, number: str) -> NamedThing | None:
    found = api.find(f"/api/v1/tickets/{quote(source, safe='')}/{quote(number)}") if source and number else None
    return None if found is None else NamedThing("ticket", found)


def _by_number(api: ApiReader, wanted: str) -> NamedThing | None:
    if not wanted:
        return None
    # The API searches tickets by a part of their number and of other fields.
    tickets = [each for each in api.items("/api/v1/tickets", {"q": wanted[:100]}) if each["number"] == wanted]
    if len(tickets) > 1:
        raise NoAnswer(f"several tickets have the number {wanted}: name one of {_named(tickets)}")
    return _ticket(api, tickets[0]["source"], tickets[0]["number"]) if tickets else None


def _named(tickets: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{each['source']}/{each['number']}" for each in tickets[:MOST_NAMED])


def _by_end_of_id(api: ApiReader, wanted: str) -> NamedThing | None:
    if not _END_OF_ID.fullmatch(wanted):
        return None
    for kind, path in _PATHS:
        ids = {str(each[f"{kind}_id"]) for each in api.items(path) if each[f"{kind}_id"].endswith(wanted)}
        if len(ids) > 1:
            raise NoAnswer(f"several ids end with {wanted}: name one of {', '.join(sorted(ids))}")
        if ids:
            return _by_id(api, ids.pop())
    return None


def _by_name(api: ApiReader, wanted: str) -> NamedThing:
    targets = list(api.items("/api/v1/targets", {"q": wanted[:100]})) if wanted else []
    whole = [each for each in targets if wanted.casefold() in (each["key"].casefold(), each["title"].casefold())]
    found = whole or targets
    if len(found) == 1:
        return NamedThing("target", found[0])
    if not found:
        raise NoAnswer(f"there is no target, breach or ticket {wanted!r}: slm status and slm breaches list their ids")
    listed = ", ".join(f"{each['target_id']} ({each['title']})" for each in found[:MOST_NAMED])
    raise NoAnswer(f"{wanted!r} may be {len(found)} targets: name one by its id, {listed}")
