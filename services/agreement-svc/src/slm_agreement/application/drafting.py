"""Completion of the document that an author wrote, and its check against the objects that are registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_agreement.application import relations, supports
from slm_agreement.application.ledger import Ledger
from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.documents import templates
from slm_agreement.domain.documents.supports import SupportReference
from slm_agreement.domain.documents.templates import Template
from slm_agreement.domain.errors import Finding, Findings, Invalid, Unknown
from slm_agreement.domain.people import service_status
from slm_agreement.domain.versions.agreement import Identity, Version

SCOPES = ("service", "customer", "corporate")


async def check_agreement_identity(ledger: Ledger, identity: Identity) -> None:
    """Raise Invalid unless the kind and scope are known, and the drafting party may name both parties and the service.

    The parties must differ, and the service must be in the provider's catalogue and not retired. A party without a
    relation is refused like an unknown one: ids can be guessed, and another error would reveal which parties are
    registered.
    """
    findings = Findings()
    if identity.kind not in templates.KINDS:
        findings.add("kind", identity.kind, f"write one of: {', '.join(templates.KINDS)}")
    if identity.scope not in SCOPES:
        findings.add("scope", identity.scope, f"write one of: {', '.join(SCOPES)}")
    for side in ("provider", "customer"):
        party_id = getattr(identity, f"{side}_party_id")
        if not await relations.may_name_party(ledger, identity.drafting_party_id, party_id):
            remedy = "write the id of your own party, or of one that it has a relation with"
            findings.add(f"{side}_party_id", party_id, remedy)
    if identity.provider_party_id == identity.customer_party_id:
        findings.add(
            "customer_party_id",
            identity.customer_party_id,
            "write another party: provider and customer must be different",
        )
    service = await ledger.services.get(identity.service_id)
    known = service is not None and await relations.may_name_party(
        ledger, identity.drafting_party_id, service.provider_party_id
    )
    if not known or service is None or service.provider_party_id != identity.provider_party_id:
        findings.add("service_id", identity.service_id, "write the id of a service in the provider's catalogue")
    elif service.status == service_status.RETIRED:
        findings.items.append(service_status.describe_retired_service(service.service_id, service.status_since or 0))
    findings.refuse_any("An agreement needs two related parties and a service of the provider.")


@dataclass(frozen=True, slots=True)
class CompletedDraft:
    """A document with every default.

    ``findings`` has one finding for each object that the document names and that is not registered. ``references``
    are the document's references to supporting agreements, if they are not in the database yet.
    """

    document: dict[str, Any]
    findings: list[Finding]
    references: list[SupportReference]


async def resolve_draft(
    ledger: Ledger,
    identity: Identity,
    party_id: str | None,
    written: Mapping[str, Any],
    template_key: str | None,
    earlier: Sequence[Version] = (),
) -> dict[str, Any]:
    """Return the document with every default, checked against what the author's party has registered.

    ``earlier`` has the version that the document changes and the version signed last. This stores new references to
    supporting agreements. Raises Invalid if the document cannot be read or names something that is not registered.
    """
    draft = await complete_draft(ledger, identity, party_id, written, template_key, earlier)
    if draft.findings:
        raise Invalid("The document names something that is not registered.", draft.findings)
    for reference in draft.references:
        await ledger.agreements.add_support(reference)
    return draft.document


async def complete_draft(
    ledger: Ledger,
    identity: Identity,
    party_id: str | None,
    written: Mapping[str, Any],
    template_key: str | None,
    earlier: Sequence[Version] = (),
) -> CompletedDraft:
    """Return the document with every default, and a finding for each object that it names and that is not registered.

    Nothing is stored. Raises Invalid for a document that cannot be read, and for a template that cannot be used.
    """
    template = _template(template_key, identity.kind)
    document = documents.resolve_document(written, identity.subject, template, templates.KINDS[identity.kind])
    findings = Findings()
    await _check_signatories(ledger, identity, party_id, document, findings)
    for index, requirement_id in enumerate(document["requirements"]):
        if not await _is_between_them(ledger, identity, requirement_id):
            remedy = "write the id or key of a requirement that the customer has of the provider's services"
            findings.add(f"requirements[{index}]", requirement_id, remedy)
    references = await supports.replace_supports(ledger, identity, party_id, document, earlier, findings)
    return CompletedDraft(document, findings.items, references)


def _template(key: str | None, kind: str) -> Template | None:
    if key is None:
        return None
    findings = Findings()
    try:
        template = templates.template_by_key(key)
    except Unknown as unknown:
        findings.add("template", key, f"write one of: {', '.join(templates.TEMPLATES)}")
        raise Invalid(unknown.detail, findings.items) from unknown
    if template.kind != kind:
        findings.add("template", key, f"write a template for the kind {kind}: {templates.template_of_kind(kind).key}")
        findings.refuse_any("The template is for another kind of agreement.")
    return template


async def check_own_signatories(
    ledger: Ledger, identity: Identity, party_id: str | None, document: Mapping[str, Any]
) -> None:
    """Raise Invalid if the document names a signatory of this party who is not one of its people."""
    findings = Findings()
    await _check_signatories(ledger, identity, party_id, document, findings)
    findings.refuse_any("The document names signatories that your party does not have: counter with others.")


async def _is_between_them(ledger: Ledger, identity: Identity, requirement_id: str) -> bool:
    """Return whether the requirement is the customer's and about a service of the provider.

    Only then both parties may read it.
    """
    requirement = await ledger.requirements.get(requirement_id)
    if requirement is None or requirement.customer_party_id != identity.customer_party_id:
        return False
    service = await ledger.services.get(requirement.service_id)
    return service is not None and service.provider_party_id == identity.provider_party_id


async def _check_signatories(
    ledger: Ledger, identity: Identity, party_id: str | None, document: Mapping[str, Any], findings: Findings
) -> None:
    """Check that the signatories of the acting party are its people.

    The other party's signatories are not checked: the result would reveal which people that party has.
    """
    sides = (("provider", identity.provider_party_id), ("customer", identity.customer_party_id))
    for side, of in sides:
        for index, person_id in enumerate(document["signatories"][side] if of == party_id else ()):
            person = await ledger.people.get(person_id)
            if person is None or person.party_id != party_id:
                findings.add(
                    f"signatories.{side}[{index}]", person_id, f"write the id or key of a person of the {side}"
                )
