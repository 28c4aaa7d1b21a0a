"""Models of the request bodies."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from slm_agreement.api import examples
from slm_chassis.http.json_types import NO_TEXT
from slm_chassis.http.web_addresses import WebAddress, WithAddresses

Name = Annotated[str, Field(min_length=1, max_length=200)]
Prose = Annotated[str, Field(max_length=10_000)]
Key = Annotated[
    str | None,
    Field(max_length=100, description="Your own key; the id is derived from it, so that applying a file twice is safe"),
]
Hash = Annotated[str, Field(min_length=1, max_length=128, description="The hash of the revision, as you read it")]


class Body(BaseModel):
    """A body that clients send. The text below a field is its description in the API's document."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ExternalRef(Body):
    """The same thing in another system."""

    system: Annotated[str, Field(min_length=1, max_length=100)]
    """Name of the other system"""
    id: Annotated[str, Field(min_length=1, max_length=200)]
    """Id of the thing there"""
    url: WebAddress | None = None
    """Address of a page about it"""


class Referable(Body):
    """A body with references to other systems."""

    external_refs: Annotated[list[ExternalRef], Field(max_length=100)] = []
    """The same thing in other systems"""

    def references(self) -> list[dict[str, Any]]:
        """Return the references as dicts."""
        return [reference.model_dump() for reference in self.external_refs]


class PartyEdit(Referable):
    """The fields of a party that can be changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.edit_of(examples.PARTY)]})
    name: Name
    """Name for people"""


class NewParty(PartyEdit):
    """A party to register."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PARTY]})
    key: Key = None


class MandateBody(Body):
    """The right of a person to sign for their party."""

    role: Annotated[str, Field(pattern="^(business_signatory|provider_signatory)$")]
    """For which side of an agreement: `business_signatory` for the customer's"""
    text: Annotated[str, Field(max_length=1_000)] = ""
    """The basis of the mandate, such as a resolution"""
    valid_from: Annotated[str | None, Field(description="RFC 3339; null: no beginning")] = None
    valid_until: Annotated[str | None, Field(description="RFC 3339, excluded; null: no end")] = None


class PersonEdit(Referable):
    """The fields of a person that can be changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.edit_of(examples.PERSON)]})
    name: Name
    """Name for people"""
    email: Annotated[str | None, Field(max_length=320)] = None
    """Mail address; no two people of a party have the same"""
    mandates: Annotated[list[MandateBody], Field(max_length=100)] = []
    """The person's mandates to sign"""


class NewPerson(PersonEdit):
    """A person to record."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PERSON]})
    key: Key = None
    party_id: Annotated[str | None, Field(description="By default your own party; operators name one")] = None


class PrincipalEdit(Body):
    """The fields of a principal that can be changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.edit_of(examples.PRINCIPAL)]})
    name: Name
    """Name for people"""
    roles: Annotated[list[str], Field(max_length=20)]
    """What it may do: `service_level_manager`, `business_signatory`, `provider_signatory`, `integrator`, `viewer`"""
    person_id: Annotated[str | None, Field(description="Who signs with this principal's keys")] = None


class NewPrincipal(PrincipalEdit):
    """A principal to enrol."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PRINCIPAL]})
    key: Key = None
    party_id: Annotated[str | None, Field(description="By default your own party; operators name one")] = None


class NewKey(Body):
    """An API key to issue."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"scopes": []}, {"scopes": ["measurements:write"]}]})
    scopes: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z-]+:(read|write)$|^\*:(read|write)$")]],
        Field(max_length=100, description="`<resource>:read`, `<resource>:write`; empty: all that the roles allow"),
    ] = []


class NewRelation(Body):
    """Two parties to relate."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"party_ids": [examples.PROVIDER_ID, examples.CUSTOMER_ID]}]}
    )
    party_ids: Annotated[list[str], Field(min_length=2, max_length=2)]
    """Ids of the two parties"""


class NewInvitation(Body):
    """An invitation for a company, or for the person behind a principal."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.INVITATION]})
    alias: Annotated[str, Field(max_length=200, description="What you call the invited company or person")] = ""
    note: Annotated[str, Field(max_length=1_000)] = ""
    """Note for yourself"""
    principal_id: Annotated[
        str | None,
        Field(description="Id of the principal for whom the code creates a key; without it the code invites a company"),
    ] = None
    expires_at: Annotated[str | None, Field(description="RFC 3339, within 90 days; by default in 14 days")] = None


class ArrivingParty(Body):
    """A company that is not registered yet."""

    key: Annotated[str, Field(max_length=100, description="Your own key for your company")]
    name: Name
    """Name for people"""


class ArrivingPerson(ArrivingParty):
    """The person who accepts an invitation for a company."""

    email: Annotated[str | None, Field(max_length=320)] = None
    """Mail address"""


class AcceptanceBody(Body):
    """The acceptance of an invitation. `party` and `person` are for a company that is not registered yet."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ACCEPTANCE, {"code": "slm_…"}, {}]})
    code: Annotated[str | None, Field(max_length=200, description="With an API key of a registered party")] = None
    party: ArrivingParty | None = None
    """The company that is not registered yet"""
    person: ArrivingPerson | None = None
    """The person who accepts for it"""


class ServiceEdit(Referable):
    """The fields of a service that can be changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.edit_of(examples.SERVICE)]})
    name: Name
    """Name for people"""
    outcome: Annotated[str, Field(max_length=10_000, description="The business outcome it exists for")] = ""
    description: Prose = ""
    """What it is and does"""


class NewService(ServiceEdit):
    """A service for the catalogue."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SERVICE]})
    key: Key = None
    provider_party_id: Annotated[str | None, Field(description="By default your own party; operators name one")] = None


class NewRequirement(Referable):
    """A requirement to record."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REQUIREMENT]})
    key: Key = None
    customer_party_id: Annotated[str | None, Field(description="By default your own party; operators name one")] = None
    service_id: str
    """Id of the service"""
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    """What is needed"""
    outcome: Prose = ""
    """Why it is needed"""


class NewAgreement(Referable):
    """An agreement to draft."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.AGREEMENT]})
    key: Key = None
    kind: Annotated[str, Field(description="sla, ola or uc")] = "sla"
    scope: Annotated[str, Field(description="service, customer or corporate")] = "service"
    provider_party_id: str
    """Id of the party that provides"""
    customer_party_id: str
    """Id of the party that is provided for"""
    service_id: str
    """Id of a service in the provider's catalogue"""
    template: Annotated[str | None, Field(description="Its clauses are used where the document has none")] = None
    document: Annotated[dict[str, Any], WithAddresses, Field(description="The terms; see the reference of terms")] = {}


class NewRevision(Body):
    """Another revision of a draft."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"document": examples.DOCUMENT}]})
    document: Annotated[dict[str, Any], WithAddresses]
    """The terms; see the reference of terms"""
    template: str | None = None
    """Key of a template: its clauses are used where the document has none"""
    version: Annotated[int, NO_TEXT] | None = None
    """By default the newest version in draft"""


class Proposal(Body):
    """A move that refers to a revision by its hash."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"revision_hash": examples.HASH}]})
    revision_hash: Hash


class CounterProposal(Proposal):
    """A counter-proposal: the revision it answers, and the other document."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"revision_hash": examples.HASH, "document": examples.DOCUMENT}]}
    )
    document: Annotated[dict[str, Any], WithAddresses]
    """The terms; see the reference of terms"""


class Waiver(Body):
    """A slip or warning to accept when signing."""

    code: Annotated[str, Field(min_length=1, max_length=100, description="The code of the slip or warning")]
    field: Annotated[
        str | None, Field(max_length=300, description="Its field, where several findings have the code")
    ] = None
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]
    """Why you accept it"""


class SignatureBody(Proposal):
    """A signature: the signed revision, and waivers."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SIGNATURE]})
    waivers: Annotated[list[Waiver], Field(max_length=100)] = []
    """The slips and warnings that you accept"""


class Withdrawal(Body):
    """The end of a negotiation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The project was stopped."}]})
    reason: Annotated[str, Field(max_length=1_000)] = ""
    """Why"""
    version: Annotated[int, NO_TEXT] | None = None
    """Number of the version; by default the one being negotiated"""


class Termination(Body):
    """The end of a signed agreement before its term."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Insourced.", "at": "2027-03-31T22:00:00Z"}]})
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]
    """Why"""
    at: Annotated[
        str | None, Field(description="RFC 3339, not before the notice period is over; null: now, or with consent")
    ] = None
    by_consent: Annotated[bool, Field(description="Ask the other side to consent to an earlier end")] = False


class NamedRequest(Body):
    """A reference to the open request to end an agreement."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"request_id": examples.SERVICE_ID}]})
    request_id: Annotated[str, Field(max_length=100, description="As `termination_request` names it")]


class NewAmendment(Body):
    """An amendment to draft."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"document": examples.DOCUMENT}]})
    document: Annotated[
        dict[str, Any] | None,
        WithAddresses,
        Field(description="By default a copy of the version signed last, without effective_at"),
    ] = None
