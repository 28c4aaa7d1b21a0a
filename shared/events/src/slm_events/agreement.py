"""What agreement-svc publishes: who takes part, what is offered, and how agreements come about and end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalEnrolled:
    """A principal as it stands now, with the hashes of its keys; each record replaces the one before."""

    principal_id: str
    party_id: str | None
    """None: an operator of the installation, who sees every party."""
    name: str
    roles: list[str]
    """Of ``operator service_level_manager business_signatory provider_signatory integrator viewer``."""
    person_id: str | None = None
    keys: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"key_id", "sha256", "scopes", "revoked_at": text | None}``; scopes [] means all that the roles allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(PrincipalEnrolled):
    """A key of a principal was revoked; carries the principal's whole state, as the topic is compacted."""

    revoked_key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRegistered:
    """A party that can provide or receive a service, as it stands now."""

    party_id: str
    key: str
    name: str
    external_refs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartiesRelated:
    """Two parties know one another: from now on each may name the other, and its services."""

    relation_id: str
    first_party_id: str
    second_party_id: str
    made_how: str
    """``invitation``: the other side accepted one; ``operator``: an operator linked them."""
    made_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCatalogued:
    """A service in its provider's catalogue, with the business outcome it exists for, as it stands now."""

    service_id: str
    key: str
    name: str
    provider_party_id: str
    outcome: str = ""
    external_refs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementRecorded:
    """A customer's service level requirement: what it needs and why, before anyone has promised it."""

    requirement_id: str
    customer_party_id: str
    service_id: str
    text: str
    outcome: str
    recorded_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementMoved:
    """What every step of a negotiation tells: which agreement, which revision, who moved, when."""

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
    """A draft was put to the other party."""


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
    """A new version of an agreement was drafted; ``proposal_id`` names the target revision proposal it answers."""

    agreement_id: str
    version: int
    revision_hash: str
    proposal_id: str | None
    provider_party_id: str
    customer_party_id: str
    drafted_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementFinalized:
    """Both parties signed: the whole terms, complete enough that nobody has to ask back.

    ``targets`` holds target terms as documented in ``docs/reference/terms.md``; ``service_hours`` maps a name to
    service hours with every holiday resolved to dates; ``supports`` names the supporting agreements.
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
    """``{"period": "month"}``: the cadence of reports."""
    review: dict[str, Any] = field(default_factory=dict)
    """``{"cadence": "month" | "quarter" | ..., "on_breach": true, "after_met_windows": 3}``."""
    baseline: dict[str, Any] = field(default_factory=dict)
    """Target key → exact figure attained at signing, where there was one."""
    planned_maintenance: dict[str, Any] = field(default_factory=dict)
    """``{"notice": "P5D", "cap": {"hours": "8", "per": "month"}}``: planned time announced later, or past the cap, is
    not excluded."""
    signatures: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"party_id", "person_id", "name", "mandate", "key_id", "key_issued_how", "key_issued_by", "key_issued_at",
    "signed_at"}``: who signed, with which key, and how, by whom and when that key was issued."""
    finalized_at: str
    customer_key: str = ""
    customer_external_refs: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"system", "id", "url"}``: how other systems name the customer, when the agreement was signed."""
    service_external_refs: list[dict[str, Any]] = field(default_factory=list)
    """How other systems name the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTurned:
    """What every turn of a signed agreement's life tells."""

    agreement_id: str
    version: int
    provider_party_id: str
    customer_party_id: str
    at: str
    """The instant from which it holds, which may lie before the instant of publishing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementInForce(AgreementTurned):
    """The agreement's effective instant has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSuperseded(AgreementTurned):
    """An amendment took effect in its place."""

    by_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementExpired(AgreementTurned):
    """The term ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTerminated(AgreementTurned):
    """The agreement was ended before its term."""

    reason: str
