"""The service catalogue: a provider's services and the business outcome of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slm_agreement.application import callers
from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.application.register import Register, replace_details
from slm_agreement.domain.errors import Unknown
from slm_agreement.domain.people.people import Service
from slm_chassis.access import Principal

SERVICES = Register[Service](
    "service",
    "catalogue",
    kept=lambda ledger: ledger.services,
    may_see=lambda caller, service: caller.may_see(service.provider_party_id),
    audited=lambda service: {"key": service.key, "name": service.name},
    event=Service.catalogued,
    unknown=" that you may edit",
)


@dataclass(frozen=True, slots=True)
class ServiceDetails:
    """The fields of a service that can be edited."""

    name: str
    outcome: str
    description: str
    external_refs: list[dict[str, Any]]


async def catalogue_service(
    ledgers: LedgerFactory, caller: Principal, provider_party_id: str | None, key: str | None, details: ServiceDetails
) -> tuple[Service, bool]:
    """Add a service of the caller's party; return the service and whether it is new.

    An operator names the provider. ``key`` None: the service gets a random key.
    """
    callers.require_manager(caller)
    provider = callers.require_acting_party(caller, provider_party_id, "provider_party_id")
    key = callers.key_or_random(key)
    content = (details.name, details.outcome, details.description, details.external_refs)
    service = Service(callers.derive_id(provider, "service", key), provider, key, *content)
    async with ledgers.begin() as ledger:
        if await ledger.parties.get(provider) is None:
            raise Unknown(f"There is no party {provider!r}.")
        return await SERVICES.enter(ledger, caller, service)


async def edit_service(
    ledgers: LedgerFactory,
    caller: Principal,
    service_id: str,
    details: ServiceDetails,
    unless_changed: Callable[[Service], None],
) -> Service:
    """Change the name, outcome or description of a service; its key and provider stay.

    ``unless_changed`` raises if the service has changed since the caller read it. Raises Unknown.
    """
    callers.require_manager(caller)
    async with ledgers.begin() as ledger:
        service = await SERVICES.locked(ledger, caller, service_id)
        unless_changed(service)
        return await SERVICES.change(ledger, caller, replace_details(service, details))
