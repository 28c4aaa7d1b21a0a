"""The service catalogue: a provider's services and the business outcome of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from slm_agreement.application import callers, relations
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.register import Register, replace_details
from slm_agreement.domain.documents.supports import is_uuid
from slm_agreement.domain.errors import Findings, Unknown
from slm_agreement.domain.people.people import Service
from slm_agreement.domain.versions import chain
from slm_agreement.domain.versions.chain import InvalidSupportStructure
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


UNCHANGED: Any = object()
"""The value of a field that an edit leaves as it is."""


@dataclass(frozen=True, slots=True)
class ServiceDetails:
    """The fields of a service that can be edited."""

    name: str
    outcome: str
    description: str
    external_refs: list[dict[str, Any]]
    dependencies: Any = UNCHANGED
    """The services on which this service depends, by id or key; None: the provider states none."""


async def catalogue_service(
    ledgers: LedgerFactory, caller: Principal, provider_party_id: str | None, key: str | None, details: ServiceDetails
) -> tuple[Service, bool]:
    """Add a service of the caller's party; return the service and whether it is new.

    An operator names the provider. ``key`` None: the service gets a random key.
    """
    callers.require_manager(caller)
    provider = callers.require_acting_party(caller, provider_party_id, "provider_party_id")
    key = callers.key_or_random(key)
    async with ledgers.begin() as ledger:
        if await ledger.parties.get(provider) is None:
            raise Unknown(f"There is no party {provider!r}.")
        service_id = callers.derive_id(provider, "service", key)
        dependencies = await _resolve_dependencies(ledger, provider, service_id, details.dependencies, None)
        content = (details.name, details.outcome, details.description, details.external_refs, dependencies)
        service = Service(service_id, provider, key, *content)
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
        dependencies = await _resolve_dependencies(
            ledger, service.provider_party_id, service_id, details.dependencies, service.dependencies
        )
        changed = replace(details, dependencies=dependencies)
        return await SERVICES.change(ledger, caller, replace_details(service, changed))


async def _resolve_dependencies(ledger: Ledger, provider: str, service_id: str, written: Any, present: Any) -> Any:
    """Return the dependencies ``written`` for a service, with ids in place of keys; ``present`` for UNCHANGED.

    Raises Invalid unless they are a structure of other services, each of the provider or of a party related to the
    provider. A service that does not exist is refused like a service of an unrelated party.
    """
    if written is None or written is UNCHANGED:
        return None if written is None else present
    findings = Findings()
    try:
        structure = chain.parse_support_structure(written)
    except InvalidSupportStructure as error:
        findings.add("dependencies", written, str(error).replace("a support's name", "a service's id or key"))
        findings.refuse_any("The dependencies are not valid.")
    ids = {}
    for name in dict.fromkeys(chain.support_names(structure)):
        ids[name] = name.lower() if is_uuid(name) else callers.derive_id(provider, "service", name)
        found = await ledger.services.get(ids[name])
        if (
            found is None
            or found.service_id == service_id
            or not await relations.may_name_party(ledger, provider, found.provider_party_id)
        ):
            findings.add(
                "dependencies", name, "write the id of another service that you may see, or the key of your own"
            )
    findings.refuse_any("The dependencies are not valid.")
    return chain.structure_document(structure, ids)
