"""The service catalogue: a provider's services with their status, outcomes and dependencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slm_agreement.application import callers, named_companies, relations
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.application.register import Register
from slm_agreement.domain.documents.supports import is_uuid
from slm_agreement.domain.errors import Findings, KeyTaken, Unknown, WrongState
from slm_agreement.domain.people import service_status
from slm_agreement.domain.people.people import Service
from slm_agreement.domain.versions import chain
from slm_agreement.domain.versions.chain import InvalidSupportStructure
from slm_chassis.access import Principal

SERVICES = Register[Service](
    "service",
    "catalogue",
    kept=lambda ledger: ledger.services,
    may_see=lambda caller, service: caller.may_see(service.provider_party_id),
    audited=lambda service: {"key": service.key, "name": service.name, "status": service.status},
    event=Service.catalogued,
    incidental=("status_history",),
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
    status: str = UNCHANGED
    """The new status; UNCHANGED: the status stays, and a new service is live."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """The other fields of a service that the caller wrote, by name; fields that are left out stay as they are."""


async def catalogue_service(
    ledgers: LedgerFactory, caller: Principal, provider_party_id: str | None, key: str | None, details: ServiceDetails
) -> tuple[Service, bool]:
    """Add a service of the caller's party, or of a company that this party named; return it and whether it is new.

    An operator names the provider. ``key`` None: the service gets a random key.
    """
    callers.require_manager(caller)
    key = callers.key_or_random(key)
    async with ledgers.begin() as ledger:
        provider = await _provider(ledger, caller, provider_party_id)
        status = service_status.LIVE if details.status is UNCHANGED else details.status
        history = service_status.begin_history(status, ledger.now, caller.name)
        blank = Service(
            callers.derive_id(provider, "service", key), provider, key, details.name, status_history=history
        )
        service = await _with_details(ledger, caller, blank, details)
        known = await ledger.services.get(service.service_id)
        if known is not None and known.status != service.status:
            raise KeyTaken("The key belongs to a service with another status: edit that with PUT, or use another key.")
        return await SERVICES.enter(ledger, caller, service)


async def _provider(ledger: Ledger, caller: Principal, provider_party_id: str | None) -> str:
    """Return the id of the provider: the caller's party, or a company that the caller's party named.

    Raises Unknown for any other provider, and Invalid if an operator gives none.
    """
    if provider_party_id is not None and await named_companies.is_named_by(ledger, caller.party_id, provider_party_id):
        return provider_party_id
    provider = callers.require_acting_party(caller, provider_party_id, "provider_party_id")
    if await ledger.parties.get(provider) is None:
        raise Unknown(f"There is no party {provider!r}.")
    return provider


async def edit_service(
    ledgers: LedgerFactory,
    caller: Principal,
    service_id: str,
    details: ServiceDetails,
    unless_changed: Callable[[Service], None],
) -> Service:
    """Change a service; its key and provider stay.

    ``unless_changed`` raises if the service has changed since the caller read it. Raises Unknown, WrongState for a
    status that may not follow the present one, and WrongState for retiring a service about which signed agreements
    have not ended.
    """
    callers.require_manager(caller)
    async with ledgers.begin() as ledger:
        service = await SERVICES.locked(ledger, caller, service_id)
        unless_changed(service)
        changed = await _with_details(ledger, caller, service, details)
        if changed.status == service_status.RETIRED != service.status:
            await _check_nothing_is_promised(ledger, service_id)
        return await SERVICES.change(ledger, caller, changed)


async def _with_details(ledger: Ledger, caller: Principal, service: Service, details: ServiceDetails) -> Service:
    """Return the service with these details. Raises Invalid and WrongState."""
    findings = Findings()
    history = service.status_history
    if details.status is not UNCHANGED:
        history = service_status.add_status(history, details.status, ledger.now, caller.name)
    changed = replace(
        service,
        name=details.name,
        outcome=details.outcome,
        description=details.description,
        external_refs=details.external_refs,
        dependencies=await _resolve_dependencies(ledger, service, details.dependencies),
        status_history=history,
        **details.more,
    )
    if history != service.status_history and "planned_on" not in details.more:
        changed = replace(changed, planned_on=None)
    service_status.check_planned_on(changed.status, changed.planned_on, findings)
    findings.refuse_any("The service is not valid.")
    return changed


async def _check_nothing_is_promised(ledger: Ledger, service_id: str) -> None:
    """Raise WrongState if a signed agreement about the service has not ended.

    Whoever signs locks the service too, so no agreement about it can be signed at the same time.
    """
    promised = await ledger.agreements.count_signed_about(service_id)
    if promised:
        raise WrongState(
            f"The service cannot be retired: signed agreements about it have not ended ({promised}). End them first, "
            "or let them expire."
        )


async def _resolve_dependencies(ledger: Ledger, service: Service, written: Any) -> Any:
    """Return the dependencies ``written`` for a service, with ids in place of keys.

    If ``written`` is UNCHANGED, return the service's present dependencies. Raises Invalid if ``written`` is not a valid
    structure, or names the service itself or a service that the provider may not name. The provider may name its own
    services and the services of related parties. A service that does not exist gets the same error as a service that
    the provider may not name.
    """
    if written is None or written is UNCHANGED:
        return None if written is None else service.dependencies
    findings = Findings()
    provider = service.provider_party_id
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
            or found.service_id == service.service_id
            or not await relations.may_name_party(ledger, provider, found.provider_party_id)
        ):
            findings.add(
                "dependencies", name, "write the id of another service that you may see, or the key of your own"
            )
    findings.refuse_any("The dependencies are not valid.")
    return chain.structure_document(structure, ids)
