"""The ticket scope of an agreement: only tickets about its own service and from its own customer belong to the
agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_agreement.domain.errors import Finding
from slm_agreement.domain.people.people import Party, Service

_OWN = {"customer": "customers", "service": "services"}


@dataclass(frozen=True, slots=True)
class TicketScope:
    """The names by which tickets refer to an agreement's customer and service."""

    customer_party_id: str
    customers: frozenset[str]
    services: frozenset[str]


def ticket_scope_of(customer: Party, service: Service) -> TicketScope:
    """Return the ticket scope of an agreement about this service with this customer."""
    return TicketScope(
        customer.party_id,
        _names(customer.party_id, customer.key, customer.external_refs),
        _names(service.service_id, service.key, service.external_refs),
    )


def _names(identity: str, key: str, refs: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset({identity, key, *(str(each["id"]) for each in refs)})


def has_ticket_targets(document: Mapping[str, Any]) -> bool:
    """Whether a document has targets that are judged for each ticket."""
    return any(each["aggregation"] == "clock" for each in document["targets"])


def check_ticket_scopes(document: Mapping[str, Any], own: TicketScope, others: Sequence[TicketScope]) -> list[Finding]:
    """Return the errors in the names by which clock targets find their tickets:

    - a customer or service name in ``applies_to`` that is not the agreement's own,
    - a name by which tickets refer both to the agreement's customer and to another customer of the same service.

    ``others`` are the scopes of the provider's other signed agreements. Both parties read the findings, so the findings
    name only what the agreement itself contains.
    """
    clocks = [(place, each) for place, each in enumerate(document["targets"]) if each["aggregation"] == "clock"]
    found = [finding for place, target in clocks for finding in _foreign(target, f"targets[{place}]", own)]
    return [*found, *(_shared(own, others) if clocks else [])]


def _foreign(target: Mapping[str, Any], path: str, own: TicketScope) -> Iterator[Finding]:
    """Yield an error if a clock's ``applies_to`` names another customer or service than the agreement's own."""
    for attribute, names in _OWN.items():
        written = target["applies_to"].get(attribute, [])
        foreign = sorted(({written} if isinstance(written, str) else set(written)) - getattr(own, names))
        if foreign:
            remedy = (
                f"leave it out: an agreement judges tickets of its own {attribute}, whose id, key and external "
                f"references are its names; register {foreign[0]!r} as an external reference if it is one of them"
            )
            yield Finding(f"{path}.applies_to.{attribute}", ", ".join(foreign), remedy, f"specific.other-{attribute}")


def _shared(own: TicketScope, others: Sequence[TicketScope]) -> Iterator[Finding]:
    """Yield an error for each name by which tickets refer both to the agreement's customer and to another customer of
    the same service.
    """
    for other in others:
        if other.customer_party_id == own.customer_party_id or not own.services & other.services:
            continue
        for name in sorted(own.customers & other.customers):
            remedy = (
                "another customer of the provider has this name too: a ticket with it would be judged for both; give "
                "each an external reference of its own"
            )
            yield Finding("customer_party_id", name, remedy, "specific.customers-overlap")
