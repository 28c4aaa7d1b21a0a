"""Response models of parties, their people with mandates, and relations between parties."""

from __future__ import annotations

from typing import Literal

from slm_agreement.api.responses.shapes import ExternalRefResponse
from slm_chassis.http.response_models import Answer, Instant


class PartyResponse(Answer):
    """An organisation that provides or receives services."""

    party_id: str
    """Id of the party (UUID)"""
    key: str
    """Key that was chosen for the party, or a random one"""
    name: str
    """Name for people"""
    external_refs: list[ExternalRefResponse]
    """References to the party in other systems"""


class NamedCompanyResponse(PartyResponse):
    """A company that your party named because it does not use the product."""

    named_by_party_id: str
    """Id of the party that named it; nobody else sees it"""
    joined_party_id: str | None
    """Id of the party that accepted your invitation of the company; null: nobody has"""


class MandateResponse(Answer):
    """A person's right to sign for their party."""

    role: Literal["business_signatory", "provider_signatory"]
    """The side for which the person may sign: `business_signatory` for the customer's, `provider_signatory` for the
    provider's
    """
    text: str
    """The basis of the mandate, such as a resolution"""
    valid_from: Instant | None
    """First instant at which the mandate is valid; null: no beginning"""
    valid_until: Instant | None
    """First instant at which it is no longer valid; null: no end"""


class PersonResponse(Answer):
    """A person of a party, with the person's mandates."""

    person_id: str
    """Id of the person (UUID)"""
    party_id: str
    """Id of the person's party"""
    key: str
    """Key that the party chose, or a random one"""
    name: str
    """Name for people"""
    email: str | None
    """Mail address; the same address at two parties is the same human being"""
    mandates: list[MandateResponse]
    """The person's mandates to sign"""
    external_refs: list[ExternalRefResponse]
    """References to the person in other systems"""


class RelationResponse(Answer):
    """Two related parties: each may name the other and the other's services."""

    relation_id: str
    """Id of the relation (UUID)"""
    party_ids: list[str]
    """Ids of the two parties"""
    made_how: Literal["invitation", "operator"]
    """How the parties were related: one accepted the other's invitation (`invitation`), or an operator did it
    (`operator`)
    """
    made_at: Instant
    """When they were related"""
