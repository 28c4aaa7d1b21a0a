"""Response models of agreements: versions, revisions, differences, the check, the history, and chain previews."""

from __future__ import annotations

from typing import Literal

from slm_agreement.api.responses.backtests import RevisionBacktestResponse
from slm_agreement.api.responses.chain_checks import ChainCheckResponse
from slm_agreement.api.responses.findings import FindingResponse
from slm_agreement.api.responses.negotiation import NeededActResponse, TargetAnswersResponse
from slm_agreement.api.responses.records import RecordResponse
from slm_agreement.api.responses.shapes import ExternalRefResponse, IdentifiedBy
from slm_agreement.api.responses.terms import AgreementDocumentResponse
from slm_chassis.http.record_marks import OnRecordAnswer
from slm_chassis.http.response_models import ABSENT, Answer, Instant

Kind = Literal["sla", "ola", "uc"]
Scope = Literal["service", "customer", "corporate"]
Side = Literal["provider", "customer"]
AgreementState = Literal[
    "draft",
    "proposed",
    "countered",
    "agreed",
    "finalized",
    "recorded",
    "in_force",
    "expired",
    "terminated",
    "superseded",
    "withdrawn",
]


class RevisionAuthorResponse(Answer):
    """The author of a revision."""

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
    """SHA-256 (hexadecimal) of the content's RFC 8785 form; proposals, answers and signatures name it"""
    author: RevisionAuthorResponse
    """Who wrote it"""
    created_at: Instant
    """When it was written"""
    tabled_at: Instant | None
    """When it was proposed to the other party; null: only its author's party sees it"""
    base_version: int | None
    """Number of the signed version from which the revision was written; null: the revision belongs to the first version
    """


class RevisionContent(Answer):
    """The content of a revision, from which its hash is computed."""

    agreement_id: str
    """Id of the agreement"""
    version: int
    """Number of the version"""
    kind: Kind
    """Kind of agreement"""
    scope: Scope
    """Scope of the agreement: one service (`service`), one customer (`customer`), or the whole company (`corporate`)"""
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""
    service_id: str
    """Id of the service"""
    document: AgreementDocumentResponse
    """The terms"""
    recorded_by_party_id: str = ABSENT
    """Id of the party that put the agreement on record; missing for an agreement that is negotiated"""


class RevisionResponse(RevisionSummary):
    """Response: one revision with its content."""

    content: RevisionContent
    """The content from which the hash is computed"""


class WaiverResponse(Answer):
    """The waiver of a slip or warning by a signatory."""

    code: str
    """Code of the finding that was waived"""
    field: str = ABSENT
    """Field of the finding, if several findings have the code"""
    reason: str
    """Why it was waived"""
    waived_by: str
    """Name of the person who signed"""
    side: Side
    """The side for which the person signed"""


class SignatureResponse(Answer):
    """The signature of a person for one side of an agreement."""

    side: Side
    """The side for which the signature was given"""
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
    """Name of the principal that issued the key or, for a key from an invitation, of the inviter"""
    key_issued_at: Instant
    """When the key was issued"""
    identified_by: IdentifiedBy
    """How the person was identified: with an API key, or in a session begun with a password or a sign-in link"""
    revision_hash: str
    """Hash of the revision that was signed"""
    signed_at: Instant
    """When it was signed"""
    findings: list[FindingResponse]
    """The findings of the check when it was signed"""
    waivers: list[WaiverResponse]
    """The findings that the person waived"""


class MissingSignatureResponse(Answer):
    """A signature that an accepted version still requires."""

    side: Side
    """The side for which the signature is required"""
    needs: str
    """Who has to sign, in words"""


class TerminationRequestResponse(Answer):
    """A request of one side to end the agreement earlier than the notice period allows."""

    request_id: str
    """Id of the request (UUID)"""
    by_party_id: str
    """Id of the party that made the request"""
    by: str
    """Name of the person who made the request"""
    reason: str
    """Why the agreement should end"""
    at: Instant | None
    """When the agreement should end; null: as soon as the other side consents"""
    asked_at: Instant
    """When the request was made"""


class VersionSummary(Answer):
    """One version of an agreement: number, state and instant of taking effect."""

    version: int
    """Number of the version, from 1"""
    state: AgreementState
    """State of the version"""
    effective_at: Instant | None
    """When it takes effect; null: its draft does not name an instant yet"""
    proposal_id: str | None
    """Id of the target revision proposal that it answers; null: none"""


class AgreementIdentity(Answer):
    """An agreement: what all its versions share, and the state and dates of the version shown."""

    agreement_id: str
    """Id of the agreement (UUID)"""
    key: str
    """Key that the drafting party chose for the agreement, or a random one"""
    kind: Kind
    """`sla`: service level agreement, `ola`: operational level agreement, `uc`: underpinning contract"""
    scope: Scope
    """Scope of the agreement: one service (`service`), one customer (`customer`), or the whole company (`corporate`)"""
    drafting_party_id: str
    """Id of the party that drafted the first version"""
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""
    service_id: str
    """Id of the service"""
    provider_name: str
    """Name of the party that provides the service"""
    customer_name: str
    """Name of the party that receives the service"""
    service_name: str
    """Name of the service"""
    service_outcome: str
    """The business outcome that the service exists for"""
    needs: list[NeededActResponse]
    """The acts that the agreement needs of your party, in any version"""
    external_refs: list[ExternalRefResponse]
    """References to the agreement in other systems"""
    version: int
    """Number of the version that is shown: by default the one signed last, else the newest"""
    state: AgreementState
    """State of the version"""
    title: str
    """Title of the version"""
    timezone: str
    """IANA name of the time zone in which the version's days begin and end"""
    effective_at: Instant | None
    """When the version takes effect; null: its draft does not name an instant yet"""
    ends_at: Instant | None
    """When a signed version ends: its expiry, or earlier where it was terminated; null: open-ended, or not signed"""
    finalized_at: Instant | None
    """When the last required signature was given; null: not yet"""
    ended_at: Instant | None
    """When the version ended or was withdrawn; null: it has not"""
    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""


class RequirementLine(Answer):
    """A requirement that the agreement answers."""

    requirement_id: str
    """Id of the requirement (UUID)"""
    text: str
    """The requirement in the customer's words"""
    outcome: str
    """The business outcome that depends on the requirement"""


class SignatoryLine(Answer):
    """A person whom the document names as a signatory."""

    side: Side
    """The side for which the person signs"""
    person_id: str
    """Id of the person"""
    name: str | None
    """Name of the person; null: the person is of the other party, which has not accepted the revision yet"""


class AgreementResponse(AgreementIdentity):
    """Response: an agreement with one of its versions in full."""

    on_record: RecordResponse = ABSENT
    """Only of an agreement on record: who recorded it, who has not confirmed it, and the contract"""
    offers: list[str] = ABSENT
    """Only of an agreement on record: ids of the agreements in which it was offered to the other company"""
    confirms_agreement_id: str = ABSENT
    """Only for the recorder: id of the agreement on record that this agreement was offered from, and ends"""
    your_side: Side | None
    """The side of your party; null: you are an operator"""
    requirements: list[RequirementLine]
    """The requirements that the document answers, in the order of the document"""
    signatories: list[SignatoryLine]
    """The people whom the document names as signatories; empty: any person with a mandate may sign"""
    revision: RevisionSummary
    """The proposed revision; if none is proposed, the one being drafted"""
    on_the_table_of: str | None
    """Id of the party that proposed the present revision; null: no revision is proposed"""
    answer_awaited_from: str | None
    """Id of the party whose answer is awaited; null: no revision is proposed, or both parties have accepted it"""
    answer_by: Instant | None
    """By when that party is asked to answer; null: there is no deadline"""
    answer_missed: bool
    """Whether `answer_by` has passed without an answer. Nothing follows from it: the answer is still awaited"""
    target_answers: list[TargetAnswersResponse]
    """Each target of the proposed revision with the answers of both parties; empty for a draft"""
    accepted_by: list[str]
    """Ids of the parties that accepted this revision; a party that proposes a revision accepts it"""
    signatures: list[SignatureResponse]
    """The signatures of the version"""
    missing_signatures: list[MissingSignatureResponse]
    """The signatures that are still required of a version that both parties accepted"""
    expires_at: Instant | None
    """When the version ends by its terms; null: open-ended"""
    end_reason: str
    """Why the version was terminated or withdrawn; empty: no reason was given"""
    termination_request: TerminationRequestResponse | None
    """The open request to end the agreement earlier than the notice period allows; null: there is none"""
    proposal_id: str | None
    """Id of the target revision proposal that the version answers; null: none"""
    versions: list[VersionSummary]
    """Every version that the caller may see"""
    document: AgreementDocumentResponse
    """The terms, with every default"""


class CheckedPointResponse(Answer):
    """One of the ten points that an agreement should cover, such as support or security, and whether it is filled."""

    point: str
    """Name of the clause that fills the point"""
    title: str
    """Title for people"""
    says: str
    """Guidance on what the clause should contain"""
    filled: bool
    """Whether the point is filled, by a clause or by terms with the same meaning"""
    may_be_empty: bool
    """Whether an agreement of this kind may leave it empty"""


class AgreementCheckResponse(Answer):
    """Response: the findings of the check of a version, and the ten points that an agreement should cover."""

    version: int
    """Number of the version"""
    revision: RevisionSummary
    """The revision that was checked"""
    points: list[CheckedPointResponse]
    """The ten points that an agreement should cover"""
    findings: list[FindingResponse]
    """The check's findings; empty for a signed version"""
    backtest: RevisionBacktestResponse | None
    """What past measurements say about the targets; null: nobody has asked for a back-test of this revision"""
    chain: ChainCheckResponse
    """Whether the supporting agreements carry the targets, as the caller may read it; also of a signed version"""


class TermsCheckResponse(Answer):
    """Response: the result of checking terms that are not saved."""

    version: int
    """Number of the version into which the terms would be written"""
    is_valid: bool
    """Whether the terms could be saved as they are"""
    points: list[CheckedPointResponse]
    """The ten points that an agreement should cover; empty for terms that could not be saved"""
    findings: list[FindingResponse]
    """The check's findings; unless `is_valid`, with the errors to correct before the terms can be saved"""
    chain: ChainCheckResponse
    """Whether the supporting agreements carry the targets; without sides for terms that cannot be read"""


class HistoryDetail(Answer):
    """Details of an entry of an agreement's history. Each action has fields of its own."""

    version: int = ABSENT
    """Number of the version"""
    state: AgreementState = ABSENT
    """State of the version after the action"""
    revision_number: int = ABSENT
    """Number of the revision"""
    revision_hash: str = ABSENT
    """Hash of the revision"""
    comment_id: str = ABSENT
    """Id of the comment"""
    reason: str = ABSENT
    """Reason that was given for the action"""
    at: int | None = ABSENT
    """When the agreement should end (microseconds since 1970-01-01T00:00:00Z); null: as soon as the other side consents
    """
    request_id: str = ABSENT
    """Id of the request to end the agreement"""
    proposal_id: str = ABSENT
    """Id of the target revision proposal"""
    target_id: str = ABSENT
    """Id of the target that the proposal is about"""
    why: str = ABSENT
    """Why no amendment could be drafted for the proposal"""
    findings: list[FindingResponse] = ABSENT
    """Errors in the amendment that the proposal would have made"""
    link_id: str = ABSENT
    """Id of the link that was mailed to a guest, or withdrawn"""
    person_id: str = ABSENT
    """Id of the person to whom the link was mailed"""
    event: str = ABSENT
    """Name of the event that was published when something became due, such as `AgreementExpired`"""


class HistoryEntry(Answer):
    """One entry of an agreement's history: who did what to it, and when."""

    seq: int
    """Place in the audit trail of the installation; rising, with gaps"""
    at: Instant
    """When it was done"""
    action: str
    """The action, as kind of object and verb, such as `agreement.propose`"""
    by_principal_id: str | None
    """Id of the principal that acted; null: the product acted, because something was due or in answer to a proposal"""
    by_party_id: str | None
    """Id of the principal's party; null: there is none"""
    detail: HistoryDetail
    """Details of the action"""
