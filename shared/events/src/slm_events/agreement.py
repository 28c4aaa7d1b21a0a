"""The events of agreement-svc: principals, parties, services, and the life of agreements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalEnrolled:
    """The present state of a principal with the hashes of its keys. Each record replaces the one before."""

    principal_id: str
    party_id: str | None
    """None for an operator of the installation, who sees every party."""
    name: str
    roles: list[str]
    """Any of ``operator service_level_manager business_signatory provider_signatory integrator viewer``."""
    person_id: str | None = None
    keys: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"key_id", "sha256", "scopes", "revoked_at": text | None}``; an empty ``scopes`` allows all that the roles
    do.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(PrincipalEnrolled):
    """A key of a principal was revoked. The event carries the principal's whole state, because the topic is
    compacted.
    """

    revoked_key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRegistered:
    """The present state of a party, which can provide or receive services."""

    party_id: str
    key: str
    name: str
    external_refs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartiesRelated:
    """Two parties are related: from now on each may name the other and its services."""

    relation_id: str
    first_party_id: str
    second_party_id: str
    made_how: str
    """``invitation``: one party accepted the other's invitation. ``operator``: an operator related them."""
    made_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCatalogued:
    """The present state of a service in its provider's catalogue, with the business outcome that it exists for."""

    service_id: str
    key: str
    name: str
    provider_party_id: str
    outcome: str = ""
    external_refs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementRecorded:
    """A customer's service level requirement: what it needs and why, before anything is agreed."""

    requirement_id: str
    customer_party_id: str
    service_id: str
    text: str
    outcome: str
    recorded_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementMoved:
    """The fields that all steps of a negotiation have: the agreement, the revision, and who acted when."""

    agreement_id: str
    version: int
    kind: str
    title: str
    provider_party_id: str
    customer_party_id: str
    revision_number: int
    revision_hash: str
    by_party_id: str | None
    by_principal_id: str | None
    moved_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementProposed(AgreementMoved):
    """A party proposed a draft to the other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCountered(AgreementMoved):
    """The other party answered with a revision of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementAgreed(AgreementMoved):
    """Both parties accepted the same revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementWithdrawn(AgreementMoved):
    """The negotiation ended without an agreement."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentDrafted:
    """A new version of an agreement was drafted. ``proposal_id`` names the target revision proposal that it answers."""

    agreement_id: str
    version: int
    revision_hash: str
    proposal_id: str | None
    provider_party_id: str
    customer_party_id: str
    drafted_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementFinalized:
    """Both parties signed. The event carries the whole terms, so that no consumer has to ask for more.

    ``targets`` holds the terms of the targets as documented in ``docs/reference/terms.md``. ``service_hours`` maps a
    name to service hours with every holiday as a date. ``supports`` names the supporting agreements.
    """

    agreement_id: str
    agreement_key: str
    version: int
    kind: str
    scope: str
    title: str
    provider_party_id: str
    provider_name: str
    customer_party_id: str
    customer_name: str
    service_id: str
    service_key: str
    service_name: str
    timezone: str
    effective_at: str
    expires_at: str | None
    closing_delay_seconds: int
    revision_number: int
    revision_hash: str
    service_hours: dict[str, Any]
    targets: list[dict[str, Any]]
    supports: list[dict[str, Any]] = field(default_factory=list)
    credits: list[dict[str, Any]] = field(default_factory=list)
    reporting: dict[str, Any] = field(default_factory=dict)
    """How often reports are published, such as ``{"period": "month"}``."""
    review: dict[str, Any] = field(default_factory=dict)
    """``{"cadence": "month" | "quarter" | ..., "on_breach": true, "after_met_windows": 3}``."""
    baseline: dict[str, Any] = field(default_factory=dict)
    """Target key → the exact figure that was attained at signing, if there was one."""
    planned_maintenance: dict[str, Any] = field(default_factory=dict)
    """``{"notice": "P5D", "cap": {"hours": "8", "per": "month"}}``. Planned time that is announced later than
    ``notice``, or that exceeds the cap, is not excluded.
    """
    signatures: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"party_id", "person_id", "name", "mandate", "key_id", "key_issued_how", "key_issued_by", "key_issued_at",
    "signed_at"}``: who signed with which key, and how, by whom and when that key was issued.
    """
    finalized_at: str
    customer_key: str = ""
    customer_external_refs: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"system", "id", "url"}``: the customer's names in other systems at the time of signing."""
    service_external_refs: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"system", "id", "url"}``: the service's names in other systems at the time of signing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTurned:
    """The fields that all changes in the life of a signed agreement have."""

    agreement_id: str
    version: int
    provider_party_id: str
    customer_party_id: str
    at: str
    """The instant from which the change applies. It may be earlier than the event's publication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementInForce(AgreementTurned):
    """The agreement has come into force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSuperseded(AgreementTurned):
    """An amendment came into force and replaced this version."""

    by_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementExpired(AgreementTurned):
    """The agreement reached the end of its term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTerminated(AgreementTurned):
    """The agreement was ended before the end of its term."""

    reason: str
