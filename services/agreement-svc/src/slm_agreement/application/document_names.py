"""The names of the objects to which a document refers by id, for people who read the document."""

from __future__ import annotations

from dataclasses import dataclass

from slm_agreement.application import named_companies
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.contracting.signing import SIDES
from slm_agreement.domain.errors import Unknown
from slm_agreement.domain.people.people import Party, Requirement, Service
from slm_agreement.domain.versions.agreement import Identity, Version
from slm_agreement.domain.versions.finalizing import NamesAtSigning
from slm_chassis.access import Principal


@dataclass(frozen=True, slots=True)
class NamedSignatory:
    """A person whom a document names as a signatory."""

    side: str
    person_id: str
    name: str | None
    """The person's name; None if the caller may not learn it."""


@dataclass(frozen=True, slots=True)
class DocumentNames:
    """The parties, the service, the requirements and the signatories to which a version's document refers."""

    provider: Party
    customer: Party
    service: Service
    requirements: list[Requirement]
    signatories: list[NamedSignatory]


async def read_document_names(ledgers: LedgerFactory, caller: Principal, version: Version) -> DocumentNames:
    """Read the objects to which a version's current revision refers by id.

    Raises Unknown if a party or the service no longer exists.
    """
    identity, document = version.identity, version.current.document
    async with ledgers.begin() as ledger:
        provider = await named_companies.find_side(ledger, identity.provider_party_id)
        customer = await named_companies.find_side(ledger, identity.customer_party_id)
        service = await ledger.services.get(identity.service_id)
        if provider is None or customer is None or service is None:
            raise Unknown("The agreement's parties or service no longer exist.")
        found = [await ledger.requirements.get(requirement_id) for requirement_id in document["requirements"]]
        requirements = [requirement for requirement in found if requirement is not None]
        signatories = await _signatories(ledger, caller, version)
    return DocumentNames(provider, customer, service, requirements, signatories)


async def read_names_at_signing(ledger: Ledger, identity: Identity) -> NamesAtSigning:
    """Read the present names of an agreement's parties and service. Raises Unknown if one no longer exists."""
    provider = await named_companies.find_side(ledger, identity.provider_party_id)
    customer = await named_companies.find_side(ledger, identity.customer_party_id)
    service = await ledger.services.get(identity.service_id)
    if provider is None or customer is None or service is None:
        raise Unknown("The agreement's parties or service no longer exist.")
    return NamesAtSigning(
        provider.name,
        customer.name,
        service.key,
        service.name,
        customer.key,
        customer.external_refs,
        service.external_refs,
    )


async def _signatories(ledger: Ledger, caller: Principal, version: Version) -> list[NamedSignatory]:
    """Return the signatories of both sides whom the document names.

    The name of a person of the other side is shown only after that side accepted the revision. Otherwise a party could
    write any id into its own draft and learn whose id it is.
    """
    identity = version.identity
    found = []
    for side, party_id in zip(SIDES, (identity.provider_party_id, identity.customer_party_id), strict=True):
        told = caller.is_operator or caller.party_id == party_id or version.accepted_by(party_id)
        for person_id in version.current.document["signatories"][side]:
            person = await ledger.people.get(person_id) if told else None
            name = person.name if person is not None and person.party_id == party_id else None
            found.append(NamedSignatory(side, person_id, name))
    return found
