"""Request bodies of the moves on an agreement: proposals, answers, signatures, withdrawal and termination."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.shapes import RequestBody
from slm_chassis.http.json_types import NO_TEXT
from slm_chassis.http.web_addresses import WithAddresses

Hash = Annotated[str, Field(min_length=1, max_length=128, description="The hash of the revision that you have read")]


class RevisionReferenceBody(RequestBody):
    """Request body with the hash of the revision that the request is about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"revision_hash": examples.HASH}]})
    revision_hash: Hash


AnswerBy = Annotated[
    str | None,
    Field(description="RFC 3339: by when you ask the other party to answer. Nothing is decided when it passes"),
]


class DraftProposalBody(RevisionReferenceBody):
    """Request body for proposing a draft."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"revision_hash": examples.HASH},
                {"revision_hash": examples.HASH, "answer_by": "2099-12-04T16:00:00Z"},
            ]
        }
    )
    answer_by: AnswerBy = None


class CounterProposalBody(DraftProposalBody):
    """Request body for a counter-proposal: the hash of the revision that it answers, and the changed document."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"revision_hash": examples.HASH, "document": examples.DOCUMENT}]}
    )
    document: Annotated[dict[str, Any], WithAddresses]
    """The terms; see the reference of terms"""


class RefusedTarget(RequestBody):
    """A target that is refused, and the reason, in the request body of an answer."""

    target: Annotated[str, Field(min_length=1, max_length=100)]
    """Key of the target"""
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]
    """Why it is refused, or changed in the document"""


class TargetAnswersBody(DraftProposalBody):
    """Request body for answering the proposed revision target by target."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ANSWER]})
    accept: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field([], max_length=1_000)
    """Keys of the targets that you accept"""
    refuse: list[RefusedTarget] = Field([], max_length=1_000)
    """The targets that you refuse"""
    document: Annotated[
        dict[str, Any] | None,
        WithAddresses,
        Field(description="The changed terms, if you answer with a document of your own; see the reference of terms"),
    ] = None


class WaiverBody(RequestBody):
    """The waiver of a slip or warning, in the request body of a signature."""

    code: Annotated[str, Field(min_length=1, max_length=100, description="The code of the slip or warning")]
    field: Annotated[
        str | None, Field(max_length=300, description="Field of the finding, if several findings have the code")
    ] = None
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]
    """Why you waive it"""


class SignatureBody(RevisionReferenceBody):
    """Request body for signing: the hash of the revision, and waivers."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SIGNATURE]})
    waivers: list[WaiverBody] = Field([], max_length=100)
    """Waivers of the slips and warnings that you accept"""


class WithdrawalBody(RequestBody):
    """Request body for ending a negotiation without an agreement."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The project was stopped."}]})
    reason: Annotated[str, Field(max_length=1_000)] = ""
    """Why the negotiation ends"""
    version: Annotated[int, Field(ge=1, le=2**31 - 1), NO_TEXT] | None = None
    """Number of the version; by default the one being negotiated"""


class TerminationBody(RequestBody):
    """Request body for ending a signed agreement before its term."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Insourced.", "at": "2027-03-31T22:00:00Z"}]})
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]
    """Why the agreement ends"""
    at: Annotated[
        str | None,
        Field(
            description="When the agreement ends (RFC 3339), not before the notice period is over. Null: now; with "
            "`by_consent`: as soon as the other side consents"
        ),
    ] = None
    by_consent: Annotated[
        bool, Field(description="Whether to ask the other side to consent to an end before the notice period is over")
    ] = False


class TerminationRequestReference(RequestBody):
    """Request body with the id of an open request to end the agreement."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"request_id": examples.SERVICE_ID}]})
    request_id: Annotated[str, Field(max_length=100, description="Id of the request, as in `termination_request`")]
