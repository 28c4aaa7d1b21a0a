"""Response models of the register: parties, people, principals, invitations, relations, services, requirements."""

from __future__ import annotations

from typing import Any, Literal

from slm_chassis.http.response_models import ABSENT, Answer, Instant

Role = Literal["operator", "service_level_manager", "business_signatory", "provider_signatory", "integrator", "viewer"]
IssuedHow = Literal["operator", "invitation", "holder", "manager"]


class ExternalRefAnswer(Answer):
    """The same thing in another system."""

    system: str
    """Name of the other system"""
    id: str
    """Id of the thing there"""
    url: str | None
    """Address of a page about it; null: none is known"""


class PartyAnswer(Answer):
    """An organisation that can agree with others."""

    party_id: str
    """Id of the party (UUID)"""
    key: str
    """Key that was chosen for it, or a random one"""
    name: str
    """Name for people"""
    external_refs: list[ExternalRefAnswer]
    """The same party in other systems"""


class MandateAnswer(Answer):
    """The right of a person to sign for its party."""

    role: Literal["business_signatory", "provider_signatory"]
    """For which side of an agreement: `business_signatory` for the customer's"""
    text: str
    """The basis of the mandate, such as a resolution"""
    valid_from: Instant | None
    """First instant at which it holds; null: no beginning"""
    valid_until: Instant | None
    """First instant at which it no longer holds; null: without end"""


class PersonAnswer(Answer):
    """A person of a party."""

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
    mandates: list[MandateAnswer]
    """The person's mandates to sign"""
    external_refs: list[ExternalRefAnswer]
    """The same person in other systems"""


class ApiKeyAnswer(Answer):
    """An API key of a principal, without the key itself."""

    key_id: str
    """Id of the API key (UUID)"""
    scopes: list[str]
    """What it is limited to, such as `measurements:write`; empty: all that the roles allow"""
    created_at: Instant
    """When it was issued"""
    issued_how: IssuedHow
    """Who took part in issuing it: an operator, an invitation's code, its holder, or a manager of its party"""
    issued_by: str
    """Name of who issued it; of an invitation, of who invited"""
    may_sign: bool
    """Whether its holder may sign with it: only its holder or an operator took part in issuing it"""
    revoked_at: Instant | None
    """When it was revoked; null: it is valid"""


class PrincipalAnswer(Answer):
    """Who calls the API: a person or a program."""

    principal_id: str
    """Id of the principal (UUID)"""
    party_id: str | None
    """Id of the principal's party; null: an operator of the installation"""
    key: str
    """Key that was chosen for it, or a random one. This is not an API key"""
    name: str
    """Name for people"""
    roles: list[Role]
    """What it may do"""
    person_id: str | None
    """Id of the person who signs with its keys; null: it signs nothing"""
    keys: list[ApiKeyAnswer]
    """All its API keys, revoked ones too"""


class IssuedKeyAnswer(Answer):
    """A new API key, which is shown only in this answer."""

    key_id: str
    """Id of the API key (UUID)"""
    principal_id: str
    """Id of the principal whose key it is"""
    scopes: list[str]
    """What it is limited to; empty: all that the roles allow"""
    key: str
    """The API key itself: keep it, only its hash is stored"""


class RelationAnswer(Answer):
    """Two related parties: each may name the other, and its services."""

    relation_id: str
    """Id of the relation (UUID)"""
    party_ids: list[str]
    """Ids of the two parties"""
    made_how: Literal["invitation", "operator"]
    """Whether one accepted an invitation of the other, or an operator linked them"""
    made_at: Instant
    """When they were related"""


class InvitationAnswer(Answer):
    """An invitation, without its code."""

    invitation_id: str
    """Id of the invitation (UUID)"""
    kind: Literal["party", "principal"]
    """Whether it invites a company, or the person behind a principal to make a key"""
    state: Literal["open", "accepted", "withdrawn", "expired"]
    """Whether its code can still be used, or how it ended"""
    party_id: str | None
    """Id of the party that invites; null: an operator of the installation"""
    principal_id: str | None
    """Id of the principal whose key the code makes; null: it invites a company"""
    alias: str
    """What the inviter calls the invited company or person"""
    note: str
    """Note of the inviter"""
    created_at: Instant
    """When it was made"""
    created_by: str
    """Name of the principal that made it"""
    expires_at: Instant
    """From this instant on its code is void"""
    ended_at: Instant | None
    """When it was accepted or withdrawn; null: neither"""
    accepted_party_id: str | None
    """Id of the party that accepted it; null: none has"""


class NewInvitationAnswer(InvitationAnswer):
    """A new invitation with its code, which is shown only in this answer."""

    code: str
    """The code: pass it on yourself; only its hash is stored"""


class AcceptedInvitationAnswer(InvitationAnswer):
    """An accepted invitation; if it created a principal's key, with this key, which is shown only in this answer."""

    key_id: str = ABSENT
    """Id of the API key that was made"""
    key: str = ABSENT
    """The API key itself: keep it, only its hash is stored"""


class ServiceAnswer(Answer):
    """A service in its provider's catalogue."""

    service_id: str
    """Id of the service (UUID)"""
    provider_party_id: str
    """Id of the party that provides it"""
    key: str
    """Key that the provider chose, or a random one"""
    name: str
    """Name for people"""
    outcome: str
    """The business outcome that it exists for"""
    description: str
    """What it is and does"""
    external_refs: list[ExternalRefAnswer]
    """The same service in other systems"""


class RequirementAnswer(Answer):
    """A customer's requirement of a service, and why."""

    requirement_id: str
    """Id of the requirement (UUID)"""
    customer_party_id: str
    """Id of the party that needs it"""
    service_id: str
    """Id of the service"""
    key: str
    """Key that the customer chose, or a random one"""
    text: str
    """What is needed"""
    outcome: str
    """Why it is needed"""
    recorded_at: Instant
    """When it was recorded"""
    external_refs: list[ExternalRefAnswer]
    """The same requirement in other systems"""


class TemplatePointAnswer(Answer):
    """One of the ten points of an agreement."""

    point: str
    """Name of the clause that fills it"""
    title: str
    """Title for people"""
    says: str
    """What a complete clause says"""
    may_be_empty: bool
    """Whether an agreement of this kind may leave it empty"""


class FurtherClauseAnswer(Answer):
    """A clause beyond the ten points."""

    clause: str
    """Name of the clause"""
    title: str
    """Title for people"""
    says: str
    """What a complete clause says"""


class TemplateDocumentAnswer(Answer):
    """Title and clauses of a draft that does not have its own."""

    title: str
    """Title of the agreement"""
    clauses: dict[str, dict[str, Any]]
    """Name of a clause → its `text`, and data beside it"""


class TemplateAnswer(Answer):
    """The starting point for a draft of one kind."""

    key: str
    """Key of the template, as `template` of a draft names it"""
    kind: Literal["sla", "ola", "uc"]
    """Kind of agreement that it is for"""
    title: str
    """Title for people"""
    points: list[TemplatePointAnswer]
    """The ten points, and which of them may stay empty"""
    further_clauses: list[FurtherClauseAnswer]
    """Further clauses that an agreement may have"""
    document: TemplateDocumentAnswer
    """Title and clauses to keep or rewrite"""
