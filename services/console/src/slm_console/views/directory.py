"""Names for one reader: who the reader is, with which roles, and the companies and services that the reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Directory:
    """Names of companies and services by id, and who the reader is.

    ``own`` is the id of the reader's company, empty for an operator. ``parties``: id → company's name. ``services``: id
    → the API's service.
    """

    own: str = ""
    parties: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    name: str = ""
    """The reader's own name."""
    roles: frozenset[str] = frozenset()
    may_sign: bool = True
    """Whether the reader's present session allows signing; role and mandate are checked elsewhere."""
    person: str = ""
    """The id of the reader as a person; empty for a system."""
    only_reads: bool = False
    """Whether the reader signed in by a link that allows only reading; such a reader has no roles here."""

    def company(self, party_id: str | None) -> str:
        """Return a company's name; its id if the name is not known."""
        return self.parties.get(party_id or "", party_id or "")

    def service(self, service_id: str | None) -> str:
        """Return a service's name; its id if the name is not known."""
        found = self.services.get(service_id or "", {})
        return str(found.get("name") or service_id or "")

    def outcome(self, service_id: str | None) -> str:
        """Return what a service is for, in the customer's words. If nobody wrote this down, return the name."""
        found = self.services.get(service_id or "", {})
        return str(found.get("outcome") or self.service(service_id))

    def knowing(self, agreement: Mapping[str, Any]) -> Directory:
        """Return a directory that also has the names in the agreement itself, because a guest can read nothing else."""
        told = {
            str(agreement[f"{side}_party_id"]): str(agreement[f"{side}_name"])
            for side in ("provider", "customer")
            if agreement.get(f"{side}_name")
        }
        service_id, name = str(agreement["service_id"]), agreement.get("service_name")
        service = {service_id: {"name": name, "outcome": agreement.get("service_outcome")}} if name else {}
        return replace(self, parties={**told, **self.parties}, services={**service, **self.services})

    def other(self, agreement: Mapping[str, Any]) -> str:
        """Return the id of the agreement's other party.

        If the reader's company is neither the provider nor the customer, return the provider's id.
        """
        provider = str(agreement["provider_party_id"])
        return str(agreement["customer_party_id"]) if provider == self.own else provider

    def side(self, agreement: Mapping[str, Any]) -> str:
        """Return the reader's side of an agreement: ``provider`` or ``customer``."""
        return "provider" if agreement["provider_party_id"] == self.own else "customer"

    def has_role(self, *roles: str) -> bool:
        """Whether the reader has at least one of these roles."""
        return bool(self.roles.intersection(roles))


def directory_of(
    me: Mapping[str, Any] | None, parties: list[dict[str, Any]], services: list[dict[str, Any]]
) -> Directory:
    """Return the Directory made from the API's answers about the reader, the parties and the services.

    ``me`` is the answer about the reader, None if it is not known.
    """
    me = me or {}
    requests = me.get("limited_to") or ()
    only_reads = bool(requests) and not any(each.startswith("POST ") for each in requests)
    party = me.get("party") or {}
    names = {str(each["party_id"]): str(each["name"]) for each in parties}
    if party:
        names[str(party["party_id"])] = str(party["name"])
    return Directory(
        own=str(party.get("party_id", "")),
        parties=names,
        services={str(each["service_id"]): each for each in services},
        person=str((me.get("person") or {}).get("person_id") or ""),
        name=str((me.get("person") or {}).get("name") or me.get("name") or ""),
        roles=frozenset() if only_reads else frozenset(me.get("roles") or ()),
        may_sign=bool(me.get("may_sign", True)),
        only_reads=only_reads,
    )
