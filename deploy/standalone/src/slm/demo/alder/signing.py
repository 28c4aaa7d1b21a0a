"""The negotiation of the demonstration's agreements by both sides, through the public API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slm.demo.alder.enrolment import Participants
from slm.demo.alder.script import agreements
from slm.demo.alder.script.agreements import AgreementPlan
from slm.demo.alder.script.companies import SIGNS_ABOVE, SIGNS_BELOW, person_with_role

Agreement = dict[str, Any]


async def sign_all(enrolled: Participants, effective_at: int) -> dict[str, Agreement]:
    """Negotiate and sign the twelve agreements; return key → agreement. ``effective_at`` in microseconds UTC."""
    signed: dict[str, Agreement] = {}
    for plans in (agreements.UNDERPINNING, agreements.PROMISED):
        done = await asyncio.gather(*(_signed(enrolled, plan, effective_at, signed) for plan in plans))
        signed |= {plan.key: agreement for plan, agreement in zip(plans, done, strict=True)}
    return signed


async def _signed(
    enrolled: Participants, plan: AgreementPlan, effective_at: int, signed: Mapping[str, Agreement]
) -> Agreement:
    agreed = await _agree(enrolled, plan, effective_at, signed)
    for company, role in ((plan.provider, SIGNS_ABOVE), (plan.customer, SIGNS_BELOW)):
        agreed = await _move(enrolled, enrolled.keys[person_with_role(company, role).key], agreed, "sign")
    return agreed


async def leave_in_negotiation(
    enrolled: Participants, effective_at: int, signed: Mapping[str, Agreement]
) -> dict[str, Agreement]:
    """Start three more negotiations and leave them unfinished: a draft, a counter-proposal, and a missing signature.

    Return key → agreement. ``effective_at`` in microseconds UTC.
    """
    draft = await _draft(enrolled, agreements.DRAFT, effective_at, signed)
    countered = agreements.COUNTERED
    assert countered.countered is not None, "the open counter-proposal changes a target"
    proposed = await _propose(enrolled, countered, effective_at, signed)
    answer = _with(proposed["document"], countered.countered)
    customer = enrolled.manager(countered.customer)
    answered = await _move(enrolled, customer, proposed, "counter", document=answer)
    waiting = await _agree(enrolled, agreements.UNSIGNED, effective_at, signed)
    signer = enrolled.keys[person_with_role(agreements.UNSIGNED.provider, SIGNS_ABOVE).key]
    waiting = await _move(enrolled, signer, waiting, "sign")
    return {agreements.DRAFT.key: draft, countered.key: answered, agreements.UNSIGNED.key: waiting}


async def _agree(
    enrolled: Participants, plan: AgreementPlan, effective_at: int, signed: Mapping[str, Agreement]
) -> Agreement:
    """Draft an agreement and negotiate until both parties accept it; return it.

    If ``plan.countered`` is set, the customer answers the first proposal with a counter-proposal.
    """
    provider, customer = enrolled.manager(plan.provider), enrolled.manager(plan.customer)
    if plan.countered is None:
        proposed = await _propose(enrolled, plan, effective_at, signed)
        return await _move(enrolled, customer, proposed, "accept")
    first = replace(plan, targets=(plan.countered, *plan.targets[1:]))
    proposed = await _propose(enrolled, first, effective_at, signed)
    answer = _with(proposed["document"], plan.targets[0])
    countered = await _move(enrolled, customer, proposed, "counter", document=answer)
    return await _move(enrolled, provider, countered, "accept")


async def _draft(
    enrolled: Participants, plan: AgreementPlan, effective_at: int, signed: Mapping[str, Agreement]
) -> Agreement:
    needs = {"key": f"{plan.key}-need", "service_id": enrolled.services[plan.service], "text": plan.need}
    requirement = await enrolled.post(enrolled.manager(plan.customer), "requirements", needs)
    supports = [signed[each]["agreement_id"] for each in plan.supports]
    body = {
        "key": plan.key,
        "kind": plan.kind,
        "template": f"{plan.kind}-standard",
        "provider_party_id": enrolled.parties[plan.provider],
        "customer_party_id": enrolled.parties[plan.customer],
        "service_id": enrolled.services[plan.service],
        "document": plan.document(effective_at, supports, [requirement["requirement_id"]]),
    }
    return await enrolled.post(enrolled.manager(plan.provider), "agreements", body)


async def _propose(
    enrolled: Participants, plan: AgreementPlan, effective_at: int, signed: Mapping[str, Agreement]
) -> Agreement:
    drafted = await _draft(enrolled, plan, effective_at, signed)
    return await _move(enrolled, enrolled.manager(plan.provider), drafted, "propose")


async def _move(enrolled: Participants, key: str, agreement: Agreement, move: str, **more: Any) -> Agreement:
    body = {"revision_hash": agreement["revision"]["hash"], **more}
    return await enrolled.post(key, f"agreements/{agreement['agreement_id']}/{move}", body)


def _with(document: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with ``target`` in place of its target with the same key."""
    changed = [dict(target) if each["key"] == target["key"] else each for each in document["targets"]]
    return {**document, "targets": changed}
