"""Service level requirements: what a customer needs and why, before anything is agreed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slm_agreement.application import callers, relations
from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.application.register import Register
from slm_agreement.domain.errors import Finding, Invalid, Unknown
from slm_agreement.domain.people.people import Requirement
from slm_chassis.access import Principal

REQUIREMENTS = Register[Requirement](
    "requirement",
    "record",
    kept=lambda ledger: ledger.requirements,
    may_see=lambda caller, requirement: caller.may_see(requirement.customer_party_id),
    audited=lambda requirement: {"key": requirement.key},
    event=Requirement.recorded,
    incidental=("recorded_at",),
)


@dataclass(frozen=True, slots=True)
class RequirementDetails:
    """The customer's requirement of a service, and the business outcome that depends on it."""

    service_id: str
    text: str
    outcome: str
    external_refs: list[dict[str, Any]]


async def record_requirement(
    ledgers: LedgerFactory,
    caller: Principal,
    customer_party_id: str | None,
    key: str | None,
    details: RequirementDetails,
) -> tuple[Requirement, bool]:
    """Record a requirement of the caller's party; return the requirement and whether it is new.

    An operator names the customer. ``key`` None: the requirement gets a random key.
    """
    callers.require_manager(caller)
    customer = callers.require_acting_party(caller, customer_party_id, "customer_party_id")
    key = callers.key_or_random(key)
    service_id = details.service_id
    async with ledgers.begin() as ledger:
        if await ledger.parties.get(customer) is None:
            raise Unknown(f"There is no party {customer!r}.")
        service = await ledger.services.get(service_id)
        # The service of an unrelated party is treated like an unknown one, because ids can be computed from keys.
        if service is None or not await relations.may_name_party(ledger, customer, service.provider_party_id):
            remedy = "write the id of a service of your own party, or of one that yours has a relation with"
            raise Invalid("There is no such service.", [Finding("service_id", service_id, remedy)])
        identity = callers.derive_id(customer, "requirement", key)
        content = (details.text, details.outcome, ledger.now, details.external_refs)
        return await REQUIREMENTS.enter(ledger, caller, Requirement(identity, customer, service_id, key, *content))
