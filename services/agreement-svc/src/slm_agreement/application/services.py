"""The service catalogue: what a provider offers, and the business outcome each service exists for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slm_agreement.application import callers, registering
from slm_agreement.application.ledger import Desk
from slm_agreement.domain.errors import Unknown
from slm_agreement.domain.people import Service
from slm_chassis.access import Principal


async def catalogue(
    desk: Desk,
    caller: Principal,
    provider_party_id: str | None,
    key: str | None,
    name: str,
    outcome: str,
    description: str,
    external_refs: list[dict[str, Any]],
) -> tuple[Service, bool]:
    """A service of the caller's party (an operator names the provider), and whether it is new."""
    callers.must_manage(caller)
    provider = callers.party_for(caller, provider_party_id, "provider_party_id")
    key = callers.key_or_random(key)
    service = Service(callers.id_of(provider, "service", key), provider, key, name, outcome, description, external_refs)
    async with desk.begin() as ledger:
        if await ledger.parties.get(provider) is None:
            raise Unknown(f"There is no party {provider!r}.")
        kept, is_new = await registering.enter(ledger, ledger.services, service.service_id, service)
        if is_new:
            ledger.publish(kept.catalogued())
            await ledger.note(caller, "service.catalogue", kept.service_id, {"key": key, "name": name})
    return kept, is_new


async def edit(
    desk: Desk,
    caller: Principal,
    service_id: str,
    name: str,
    outcome: str,
    description: str,
    external_refs: list[dict[str, Any]],
    unless_changed: Callable[[Service], None],
) -> Service:
    """Another name, outcome or description; the key and the provider stay. Raises Unknown."""
    callers.must_manage(caller)
    async with desk.begin() as ledger:
        await ledger.lock(service_id)
        service = await ledger.services.get(service_id)
        if service is None or not caller.may_see(service.provider_party_id):
            raise Unknown(f"There is no service {service_id!r} that you may edit.")
        unless_changed(service)
        service = replace(service, name=name, outcome=outcome, description=description, external_refs=external_refs)
        await ledger.services.put(service)
        ledger.publish(service.catalogued())
        await ledger.note(caller, "service.edit", service_id, {"name": name})
    return service
