"""Service level requirements: what a customer needs and why, before anyone has promised it."""

from __future__ import annotations

from typing import Any

from slm_agreement.application import callers, registering, relations
from slm_agreement.application.ledger import Desk
from slm_agreement.domain.errors import Finding, Invalid, Unknown
from slm_agreement.domain.people import Requirement
from slm_chassis.access import Principal


async def record(
    desk: Desk,
    caller: Principal,
    customer_party_id: str | None,
    service_id: str,
    key: str | None,
    text: str,
    outcome: str,
    external_refs: list[dict[str, Any]],
) -> tuple[Requirement, bool]:
    """A requirement of the caller's party (an operator names the customer), and whether it is new."""
    callers.must_manage(caller)
    customer = callers.party_for(caller, customer_party_id, "customer_party_id")
    key = callers.key_or_random(key)
    async with desk.begin() as ledger:
        if await ledger.parties.get(customer) is None:
            raise Unknown(f"There is no party {customer!r}.")
        service = await ledger.services.get(service_id)
        # A service of a stranger is answered like none at all: ids follow from keys and can be guessed.
        if service is None or not await relations.knows(ledger, customer, service.provider_party_id):
            remedy = "write the id of a service of your own party, or of one that yours has a relation with"
            raise Invalid("There is no such service.", [Finding("service_id", service_id, remedy)])
        identity = callers.id_of(customer, "requirement", key)
        requirement = Requirement(identity, customer, service_id, key, text, outcome, ledger.now, external_refs)
        kept, is_new = await registering.enter(
            ledger, ledger.requirements, requirement.requirement_id, requirement, ignoring=("recorded_at",)
        )
        if is_new:
            ledger.publish(kept.recorded())
            await ledger.note(caller, "requirement.record", kept.requirement_id, {"key": key})
    return kept, is_new
