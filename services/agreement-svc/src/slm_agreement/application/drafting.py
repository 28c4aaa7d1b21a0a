"""Turning what an author writes into a document that holds, also against what is registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_agreement.application.ledger import Ledger
from slm_agreement.domain import document as documents
from slm_agreement.domain import templates
from slm_agreement.domain.agreement import Identity
from slm_agreement.domain.errors import Findings, Invalid, Unknown
from slm_agreement.domain.templates import Template

SCOPES = ("service", "customer", "corporate")


async def check_identity(ledger: Ledger, identity: Identity) -> None:
    """Raises Invalid unless kind and scope are known, and two parties and the provider's service are registered."""
    findings = Findings()
    if identity.kind not in templates.KINDS:
        findings.add("kind", identity.kind, f"write one of: {', '.join(templates.KINDS)}")
    if identity.scope not in SCOPES:
        findings.add("scope", identity.scope, f"write one of: {', '.join(SCOPES)}")
    for side in ("provider", "customer"):
        party_id = getattr(identity, f"{side}_party_id")
        if await ledger.parties.get(party_id) is None:
            findings.add(f"{side}_party_id", party_id, "write the id of a registered party")
    if identity.provider_party_id == identity.customer_party_id:
        findings.add("customer_party_id", identity.customer_party_id, "write another party: nobody agrees with itself")
    service = await ledger.services.get(identity.service_id)
    if service is None or service.provider_party_id != identity.provider_party_id:
        findings.add("service_id", identity.service_id, "write the id of a service in the provider's catalogue")
    findings.refuse_any("An agreement is between two registered parties over a service of the provider.")


async def resolved(
    ledger: Ledger, identity: Identity, written: Mapping[str, Any], template_key: str | None
) -> dict[str, Any]:
    """The document as it will be proposed: complete with defaults, its people and requirements registered."""
    template = _template(template_key, identity.kind)
    document = documents.resolve(written, identity.subject, template, templates.KINDS[identity.kind])
    findings = Findings()
    await _check_signatories(ledger, identity, document, findings)
    for index, requirement_id in enumerate(document["requirements"]):
        requirement = await ledger.requirements.get(requirement_id)
        if requirement is None or requirement.customer_party_id != identity.customer_party_id:
            findings.add(
                f"requirements[{index}]", requirement_id, "write the id or key of a requirement of the customer"
            )
    findings.refuse_any("The document names what is not registered.")
    return document


def _template(key: str | None, kind: str) -> Template | None:
    if key is None:
        return None
    findings = Findings()
    try:
        template = templates.named(key)
    except Unknown as unknown:
        findings.add("template", key, f"write one of: {', '.join(templates.TEMPLATES)}")
        raise Invalid(unknown.detail, findings.items) from unknown
    if template.kind != kind:
        findings.add("template", key, f"write a template for the kind {kind}: {templates.of_kind(kind).key}")
        findings.refuse_any("The template is for another kind.")
    return template


async def _check_signatories(
    ledger: Ledger, identity: Identity, document: Mapping[str, Any], findings: Findings
) -> None:
    sides = (("provider", identity.provider_party_id), ("customer", identity.customer_party_id))
    for side, party_id in sides:
        for index, person_id in enumerate(document["signatories"][side]):
            person = await ledger.people.get(person_id)
            if person is None or person.party_id != party_id:
                findings.add(
                    f"signatories.{side}[{index}]", person_id, f"write the id or key of a person of the {side}"
                )
