"""Response models of agreements: versions, revisions, differences, the check, the history, and chain previews."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from slm_agreement.api.answers import ExternalRefAnswer
from slm_agreement.api.terms_answers import DocumentAnswer
from slm_chassis.http.response_models import ABSENT, Answer, Instant, absent

Kind = Literal["sla", "ola", "uc"]
Scope = Literal["service", "customer", "corporate"]
Side = Literal["provider", "customer"]
AgreementState = Literal[
    "draft",
    "proposed",
    "countered",
    "agreed",
    "finalized",
    "in_force",
    "expired",
    "terminated",
    "superseded",
    "withdrawn",
]


class AuthorAnswer(Answer):
    """Who wrote a revision."""

    principal_id: str
    """Id of the principal that wrote it"""
    party_id: str | None
    """Id of its party; null: the product drafted it in answer to a proposal"""
    person_id: str | None
    """Id of the person behind the principal; null: none is known"""


class RevisionSummary(Answer):
    """A revision of a version, without its content."""

    number: int
    """Number of the revision within its version, from 1"""
    hash: str
    """SHA-256 of the content's RFC 8785 form (hexadecimal): what moves and signatures name"""
    author: AuthorAnswer
    """Who wrote it"""
    created_at: Instant
    """When it was written"""
    tabled_at: Instant | None
    """When the other party first saw it; null: only its author's party sees it"""
    base_version: int | None
    """Number of the signed version that it was written against; null: of the first version"""


class RevisionContent(Answer):
    """The content of a revision, from which its hash is computed."""

    agreement_id: str
    """Id of the agreement"""
    version: int
    """Number of the version"""
    kind: Kind
    """Kind of agreement"""
    scope: Scope
    """What the agreement is about"""
    provider_party_id: str
    """Id of the party that provides"""
    customer_party_id: str
    """Id of the party that is provided for"""
    service_id: str
    """Id of the service"""
    document: DocumentAnswer
    """The terms"""


class RevisionAnswer(RevisionSummary):
    """A revision with its content."""

    content: RevisionContent
    """The content from which the hash is computed"""


class FindingAnswer(Answer):
    """Something wrong or doubtful in a document."""

    field: str
    """Where it is, such as `targets[0].objective.at_least`"""
    value: str
    """The value there, shortened"""
    remedy: str
    """What to write instead"""
    code: str
    """Name of the rule, as a waiver names it"""
    severity: Literal["error", "slip", "warning"]
    """An error must be corrected; slips and warnings can be waived by a signatory"""


class WaiverAnswer(Answer):
    """A slip or warning that a signatory accepted."""

    code: str
    """Code of the finding"""
    field: str = ABSENT
    """Field of the finding, if several have the code"""
    reason: str
    """Why it was accepted"""
    waived_by: str
    """Name of the person who signed"""
    side: Side
    """The side for which the person signed"""


class SignatureAnswer(Answer):
    """The signature of a person for one side."""

    side: Side
    """The side for which it was given"""
    party_id: str
    """Id of the party of that side"""
    person_id: str
    """Id of the person who signed"""
    name: str
    """Name of the person"""
    mandate: str
    """The mandate under which the person signed"""
    key_id: str
    """Id of the API key that was used"""
    key_issued_how: Literal["operator", "invitation", "holder", "manager"]
    """Who took part in issuing the key"""
    key_issued_by: str
    """Name of who issued the key; of an invitation, of who invited"""
    key_issued_at: Instant
    """When the key was issued"""
    revision_hash: str
    """Hash of the revision that was signed"""
    signed_at: Instant
    """When it was signed"""
    findings: list[FindingAnswer]
    """What the check found when it was signed"""
    waivers: list[WaiverAnswer]
    """The findings that the person accepted"""


class MissingSignatureAnswer(Answer):
    """A signature that is still required."""

    side: Side
    """The side for which it is required"""
    needs: str
    """Who has to sign, in words"""


class TerminationRequestAnswer(Answer):
    """The request of one side to end the agreement earlier than the notice period allows."""

    request_id: str
    """Id of the request (UUID)"""
    by_party_id: str
    """Id of the party that asks"""
    by: str
    """Name of the person who asks"""
    reason: str
    """Why it should end"""
    at: Instant | None
    """When it should end; null: as soon as the other side consents"""
    asked_at: Instant
    """When it was asked"""


class VersionSummary(Answer):
    """A version of the agreement that the caller may see."""

    version: int
    """Number of the version, from 1"""
    state: AgreementState
    """State of the version"""
    effective_at: Instant | None
    """When it takes effect; null: its draft does not say yet"""
    proposal_id: str | None
    """Id of the target revision proposal that it answers; null: none"""


class AgreementIdentity(Answer):
    """What all versions of an agreement share."""

    agreement_id: str
    """Id of the agreement (UUID)"""
    key: str
    """Key that the drafting party chose, or a random one"""
    kind: Kind
    """`sla`: service level agreement, `ola`: operational level agreement, `uc`: underpinning contract"""
    scope: Scope
    """What the agreement is about: a service, a customer, or everything"""
    drafting_party_id: str
    """Id of the party that drafted it first"""
    provider_party_id: str
    """Id of the party that provides"""
    customer_party_id: str
    """Id of the party that is provided for"""
    service_id: str
    """Id of the service"""
    external_refs: list[ExternalRefAnswer]
    """The same agreement in other systems"""
    version: int
    """Number of the version that is shown: by default the one signed last, else the newest"""
    state: AgreementState
    """State of the version"""
    title: str
    """Title of the version"""
    effective_at: Instant | None
    """When the version takes effect; null: its draft does not say yet"""
    ends_at: Instant | None
    """When a signed version ends: its expiry, or earlier where it was terminated; null: open-ended, or not signed"""
    finalized_at: Instant | None
    """When the last required signature was given; null: not yet"""
    ended_at: Instant | None
    """When the version ended or was withdrawn; null: it has not"""


class AgreementSummary(AgreementIdentity):
    """An agreement in a list."""


class AgreementAnswer(AgreementIdentity):
    """An agreement with one of its versions in full."""

    revision: RevisionSummary
    """The proposed revision, else the one being drafted"""
    on_the_table_of: str | None
    """Id of the party that made the present proposal; null: nothing is proposed"""
    accepted_by: list[str]
    """Ids of the parties that accepted this revision; proposing it is accepting it"""
    signatures: list[SignatureAnswer]
    """The signatures that were given"""
    missing_signatures: list[MissingSignatureAnswer]
    """The signatures that are still required of a version that both parties accepted"""
    expires_at: Instant | None
    """When the version ends by its terms; null: open-ended"""
    end_reason: str
    """Why it ended or was withdrawn; empty: no reason was given"""
    termination_request: TerminationRequestAnswer | None
    """The open request to end the agreement earlier than the notice period allows; null: there is none"""
    proposal_id: str | None
    """Id of the target revision proposal that the version answers; null: none"""
    versions: list[VersionSummary]
    """Every version that the caller may see"""
    document: DocumentAnswer
    """The terms, with every default written out"""


class FieldChange(Answer):
    """A field that differs between two revisions."""

    field: str
    """Path of the field"""
    before: Any = absent("from")
    """Its value in the first revision; left out where it has no such field"""
    after: Any = absent("to")
    """Its value in the second revision; left out where it has no such field"""


Change = Literal["added", "removed", "changed"]


class ClauseChange(Answer):
    """A clause that differs between two revisions."""

    clause: str
    """Name of the clause"""
    change: Change
    """What happened to it from the first revision to the second"""
    fields: list[FieldChange]
    """Its fields that differ"""


class TargetChange(Answer):
    """A target that differs between two revisions."""

    target: str
    """Key of the target"""
    change: Change
    """What happened to it from the first revision to the second"""
    fields: list[FieldChange]
    """Its fields that differ"""


class RevisionDifferences(Answer):
    """What differs between two revisions."""

    before: RevisionSummary = Field(alias="from")
    """The first revision"""
    after: RevisionSummary = Field(alias="to")
    """The second revision"""
    clauses: list[ClauseChange]
    """Clauses that differ"""
    targets: list[TargetChange]
    """Targets that differ"""
    document: list[FieldChange]
    """Everything else that differs"""


class PointAnswer(Answer):
    """One of the ten points of an agreement, and whether it is filled."""

    point: str
    """Name of the clause that fills it"""
    title: str
    """Title for people"""
    says: str
    """What a complete clause says"""
    filled: bool
    """Whether a clause, or the terms themselves, fill it"""
    may_be_empty: bool
    """Whether an agreement of this kind may leave it empty"""


class AgreementCheck(Answer):
    """The result of checking a version: its points and findings."""

    version: int
    """Number of the version"""
    revision: RevisionSummary
    """The revision that was checked"""
    points: list[PointAnswer]
    """The ten points"""
    findings: list[FindingAnswer]
    """The check's findings; empty for a signed version"""


class HistoryDetail(Answer):
    """What belongs to an entry of the history; which fields there are depends on the action."""

    version: int = ABSENT
    """Number of the version"""
    state: AgreementState = ABSENT
    """State of the version after the action"""
    revision_number: int = ABSENT
    """Number of the revision"""
    revision_hash: str = ABSENT
    """Hash of the revision"""
    reason: str = ABSENT
    """Reason that was given"""
    at: int | None = ABSENT
    """Instant for which the end was declared or asked (microseconds since 1970-01-01T00:00:00Z); null: with consent"""
    request_id: str = ABSENT
    """Id of the request to end the agreement"""
    proposal_id: str = ABSENT
    """Id of the target revision proposal"""
    target_id: str = ABSENT
    """Id of the target that the proposal is about"""
    why: str = ABSENT
    """Why the proposal could not be drafted"""
    findings: list[FindingAnswer] = ABSENT
    """What the check found of the proposal"""
    event: str = ABSENT
    """Name of the event that a due instant caused, such as `AgreementExpired`"""


class HistoryEntry(Answer):
    """Something that was done to an agreement."""

    seq: int
    """Place in the audit of the installation; rising, with gaps"""
    at: Instant
    """When it was done"""
    action: str
    """What was done, such as `agreement.propose`"""
    by_principal_id: str | None
    """Id of the principal that did it; null: it became due, or the product did it in answer to a proposal"""
    by_party_id: str | None
    """Id of the principal's party; null: none"""
    detail: HistoryDetail
    """What belongs to it"""
