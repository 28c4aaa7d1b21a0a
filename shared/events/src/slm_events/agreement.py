"""The events of agreement-svc: principals, parties, services, and the life of agreements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalEnrolled:
    """The present state of a principal with the hashes of its API keys. Each record replaces the previous one."""

    principal_id: str
    party_id: str | None
    """None for an operator of the installation, who sees every party."""
    name: str
    roles: list[str]
    """Any of ``operator service_level_manager business_signatory provider_signatory integrator viewer``, or only
    ``auditor``, who changes nothing.
    """
    person_id: str | None = None
    keys: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"key_id", "sha256", "scopes", "revoked_at": text | None, "expires_at": text | None}``; an empty
    ``scopes`` allows all that the roles do. A key is refused from ``expires_at`` on; without one it does not expire. A
    key with ``limited_to`` may send only the requests in this list, such as ``GET /api/v1/me``; ``/**`` at the end of a
    path means everything below it. The key of a session has ``identified_by``, such as ``password``: how its user
    logged in. For an OpenID subject, whose access tokens are keys, ``sha256`` is the hash of NUL, ``openid``, NUL,
    issuer, NUL, subject.
    """
    ends_at: str | None = None
    """The instant from which the principal can neither log in nor use a key; null if there is none. Keys that end then
    say so themselves.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(PrincipalEnrolled):
    """A key of a principal was revoked. The event carries the principal's whole state, because the topic is
    compacted.
    """

    revoked_key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecorded:
    """The present state of a person, with the address to which mails are sent."""

    person_id: str
    party_id: str
    name: str
    email: str | None
    """Null: the person gets no mails."""


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
class NegotiationEvent:
    """The fields that all events of a negotiation have: the agreement, the revision, who acted, and when."""

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
class AgreementProposed(NegotiationEvent):
    """A party proposed a draft to the other party."""

    answer_by: str | None = None
    """The instant by which the other party is asked to answer; null if the proposer named none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCountered(NegotiationEvent):
    """A party answered the proposed revision with a revision of its own, or refused some of its targets."""

    target_answers: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"target", "answer", "reason"}``: the party's answer to each target of the other party's revision,
    ``accepted``, ``refused`` or ``changed``. If none is ``changed`` and ``by_party_id`` did not write the revision, the
    answer has no document of its own.
    """
    answer_by: str | None = None
    """The instant by which the other party is asked to answer this revision; null if none was named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementAnswerMissed:
    """A party did not answer by the instant at which an answer was due. Nothing was decided: the answer is still
    awaited.
    """

    agreement_id: str
    version: int
    kind: str
    title: str
    provider_party_id: str
    customer_party_id: str
    revision_number: int
    revision_hash: str
    awaited_party_id: str
    """The party that has not answered."""
    answer_by: str
    """The instant by which the party was asked to answer, and which has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCommented:
    """Somebody wrote a comment on a revision, or on one target or clause of it."""

    comment_id: str
    agreement_id: str
    version: int
    revision_number: int
    revision_hash: str
    target: str | None
    """The key of the target that the comment is about; null if it is about no single target."""
    clause: str | None
    """The name of the clause that the comment is about; null if it is about no single clause."""
    text: str
    by_party_id: str
    other_party_id: str | None
    """The other party of the agreement; null: the comment is internal, and the other party does not see it."""
    by_principal_id: str
    by: str
    """The author's name."""
    written_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCommentResolved:
    """A comment was resolved, or opened again."""

    comment_id: str
    agreement_id: str
    version: int
    resolved: bool
    """True: the comment was resolved. False: it was opened again."""
    by_party_id: str
    """The party of the comment's author."""
    other_party_id: str | None
    """The other party of the agreement; null: the comment is internal, and the other party does not see it."""
    resolved_by_party_id: str
    resolved_by: str
    """The name of the person or system that resolved the comment or opened it again."""
    changed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementAgreed(NegotiationEvent):
    """Both parties accepted the same revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementWithdrawn(NegotiationEvent):
    """The negotiation ended without an agreement."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentDrafted:
    """A new version of an agreement was drafted. ``proposal_id`` names the target revision proposal that the draft
    answers.
    """

    agreement_id: str
    version: int
    revision_hash: str
    proposal_id: str | None
    provider_party_id: str
    customer_party_id: str
    drafted_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTerms:
    """The fields that ``AgreementFinalized`` and ``AgreementRecorded`` share: all terms of one version.

    The event carries all of its terms, so that no consumer has to ask for more.

    ``targets`` holds the terms of the targets as documented in ``docs/reference/terms.md``. ``service_hours`` maps a
    name to service hours with every holiday as a date. ``supports`` has one ``{"support_id", "side", "disclose"}`` for
    each supporting agreement. The ``support_id`` does not tell which agreement it is.
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
    """The credit schedules, each with its ``key``, which targets name as ``credit``; a schedule is documented in
    ``docs/reference/terms.md``.
    """
    reporting: dict[str, Any] = field(default_factory=dict)
    """How often reports of the agreement are published, such as ``{"period": "month"}``."""
    review: dict[str, Any] = field(default_factory=dict)
    """When the parties review the agreement: ``{"cadence": "month" | "quarter" | ..., "on_breach": true,
    "after_met_windows": 3}``.
    """
    baseline: dict[str, Any] = field(default_factory=dict)
    """Target key → the exact figure that was attained at signing; targets without one are missing.
    """
    planned_maintenance: dict[str, Any] = field(default_factory=dict)
    """The rules for planned maintenance: ``{"notice": "P5D", "cap": {"hours": "8", "per": "month"}}``. Planned time
    that is announced later than ``notice``, or that exceeds the cap, is not excluded.
    """
    critical_periods: list[dict[str, Any]] = field(default_factory=list)
    """The critical periods, each ``{"key", "title", "occurrences", "freeze"}``. ``occurrences`` is ``{"dates":
    [{"from", "to"}]}`` or ``{"rule", "from", "duration"}``, with local times of ``timezone``. A target with the window
    ``{"occurrences_of": key}`` is judged once for each occurrence; ``freeze`` refuses planned maintenance in it.
    """
    customer_sees: dict[str, Any] = field(default_factory=dict)
    """Which warnings, running figures and plans the customer is shown, and when: ``{"risks": "at_once" | {"after":
    "PT30M"} | "at_breach" | "never", "live_figure": "yes" | "at_close", "plans": "none" | "titles" | "full"}``.
    Breaches, closed figures, corrections and exclusions are always shown. Empty in older events, from before this term
    existed: then risks are shown at the breach, the live figure is shown, and plans are not.
    """
    customer_key: str = ""
    customer_external_refs: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"system", "id", "url"}``: the customer's names in other systems at the time of signing."""
    service_external_refs: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"system", "id", "url"}``: the service's names in other systems at the time of signing."""
    period_charge: dict[str, Any] = field(default_factory=dict)
    """The charge of a period, ``{"amount": "4200", "currency": "EUR", "per": "month"}``; empty: none is agreed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementFinalized(AgreementTerms):
    """Both parties signed a version."""

    signatures: list[dict[str, Any]] = field(default_factory=list)
    """Each ``{"party_id", "person_id", "name", "mandate", "key_id", "key_issued_how", "key_issued_by", "key_issued_at",
    "identified_by", "signed_at"}``: who signed, and with which API key; how that key was issued, by whom and when; and
    how the person was identified: ``key password sign_in_link mail_code oidc``.
    """
    finalized_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRecorded(AgreementTerms):
    """A party recorded a version of an agreement whose other party does not use the product.

    Nobody signed here: the terms are what ``recorded_by_party_id`` read in the contract, and the other party has not
    confirmed them. The other party is a company that only the recorder named. It has no people, no keys and no access.
    """

    recorded_by_party_id: str
    """The party that recorded the version: the provider or the customer. Only this party sees the event."""
    recorded_by_name: str
    """The name of that party."""
    not_confirmed_by: str
    """The name of the other party."""
    recorded_at: str
    contract: dict[str, Any]
    """The document that was recorded: ``{"media_type", "sha256", "dated_on": "2026-03-31" | null, "signed_by":
    [{"side", "name", "signed_on": "2026-03-31" | null}]}``.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportsSigned:
    """The agreements on which one side of a signed version rests. Only the party that named them sees the event.

    It is published just before the version's AgreementFinalized or AgreementRecorded. If a side names no supporting
    agreement, no event is published for this side.
    """

    agreement_id: str
    version: int
    party_id: str
    """The party that named the supports."""
    side: str
    """``provider`` or ``customer``."""
    supports: list[dict[str, Any]]
    """Each ``{"support_id", "agreement_id", "kind", "service_id"}``: the opaque id in the document, the supporting
    agreement, and the service that it is about.
    """
    structure: dict[str, Any]
    """How they are combined: ``{"serial": [...]}`` or ``{"k_of_n": {"k", "members"}}``, nested, of support ids.

    It follows the dependencies of the service as they were at the signature. Supports that it leaves out are not
    calculated.
    """
    signed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementLifeEvent:
    """The fields that all events after the signing of an agreement have: the version, its parties and the instant."""

    agreement_id: str
    version: int
    provider_party_id: str
    customer_party_id: str
    at: str
    """The instant from which the change applies. It may be earlier than the event's publication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementInForce(AgreementLifeEvent):
    """The agreement has come into force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSuperseded(AgreementLifeEvent):
    """An amendment came into force and replaced this version."""

    by_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementExpired(AgreementLifeEvent):
    """The agreement reached the end of its term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTerminated(AgreementLifeEvent):
    """The agreement was ended before the end of its term."""

    reason: str
