"""Names of companies, services and agreements, and the search for an id by a name that a person typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm.reading.api_reader import ApiReader, NoAnswer
from slm_console.views.directory import Directory, directory_of

MOST_NAMED = 8
"""Most names that an error lists."""
SHORT = 8
"""Number of characters that a table shows of an id: the last ones, which are random in every kind of id."""


@dataclass(frozen=True)
class Names:
    """The names that the key's owner may read. ``agreements``: agreement id → agreement as the API answers it."""

    directory: Directory
    agreements: Mapping[str, Mapping[str, Any]]

    def agreement(self, agreement_id: str) -> str:
        """Return an agreement's title; its id if the title is not known."""
        return str(self.agreements.get(agreement_id, {}).get("title") or agreement_id)

    def other(self, item: Mapping[str, Any]) -> str:
        """Return the name of the other party of a target or breach; for an operator, the name of the customer."""
        if not self.directory.own:
            return self.directory.company(item["customer_party_id"])
        return self.directory.company(self.directory.other(item))


def read_names(api: ApiReader) -> Names:
    """Read all names from the API. If the key may not read a list, ids are shown instead of the names in the list."""
    agreements = api.items_if_allowed("/api/v1/agreements")
    parties, services = api.items_if_allowed("/api/v1/parties"), api.items_if_allowed("/api/v1/services")
    me = api.read("/api/v1/me")
    return Names(directory_of(me, parties, services), {str(each["agreement_id"]): each for each in agreements})


class LatestNames:
    """The names for a command that runs for a long time: read again when an event names an unknown service."""

    def __init__(self, api: ApiReader) -> None:
        self._api = api
        self._tried: set[str] = set()
        self.names = read_names(api)

    def knowing(self, service_id: str) -> Names:
        """Return the names, read again (once for each service) if they lack this service.

        While the server is away, the names stay as they are, and the service is shown by its id.
        """
        if service_id not in self.names.directory.services and service_id not in self._tried:
            try:
                self.names = read_names(self._api)
                self._tried.add(service_id)
            except NoAnswer:
                pass
        return self.names


def choose_agreement(names: Names, text: str) -> str:
    """Return the id of the agreement that a person named. Raises NoAnswer."""
    return _choose("agreement", text, {id: (each["title"], each["key"]) for id, each in names.agreements.items()})


def choose_service(names: Names, text: str) -> str:
    """Return the id of the service that a person named. Raises NoAnswer."""
    services = names.directory.services
    return _choose("service", text, {id: (each["name"], each["key"]) for id, each in services.items()})


def choose_customer(names: Names, text: str) -> str:
    """Return the id of the company that a person named as the customer. Raises NoAnswer."""
    return _choose("company", text, {id: (name,) for id, name in names.directory.parties.items()})


def _choose(kind: str, text: str, named: Mapping[str, Sequence[str]]) -> str:
    """Return the id that a person means by ``text``. Raises NoAnswer if no id or several ids are meant.

    ``named``: id → names; the first name is the one that errors show. An id or a whole name wins over a part of a name;
    upper and lower case are the same.
    """
    wanted = text.strip().casefold()
    whole = [id for id, names in named.items() if wanted in {each.casefold() for each in (id, *names)}]
    part = [id for id, names in named.items() if wanted and any(wanted in each.casefold() for each in names)]
    found = whole or part
    if len(found) == 1:
        return found[0]
    if not found:
        raise NoAnswer(f"there is no {kind} {text!r}: name one of {_listed(named.values())}")
    raise NoAnswer(f"{kind} {text!r} may be {len(found)} of them: name one by its id, {_with_ids(found, named)}")


def _listed(names: Any) -> str:
    shown = sorted({each[0] for each in names})
    more = f" and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    return ", ".join(repr(each) for each in shown[:MOST_NAMED]) + more if shown else "those you may see: none yet"


def _with_ids(found: Sequence[str], named: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"{id} ({named[id][0]})" for id in found[:MOST_NAMED])
