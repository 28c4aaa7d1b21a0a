"""Response models of agreements on record."""

from __future__ import annotations

from typing import Literal

from slm_agreement.api.responses.findings import FindingResponse
from slm_chassis.http.record_marks import OnRecordAnswer
from slm_chassis.http.response_models import Answer, Instant


class RecordingResponse(Answer):
    """Response: a contract that was put on record, and what the checks report."""

    agreement_id: str
    """Id of the agreement (UUID)"""
    key: str
    """Key that the recorder chose, or a random one"""
    version: int
    """Number of the version"""
    state: Literal["recorded", "in_force", "expired", "terminated"]
    """State of the version: `recorded` until it comes into force by its dates"""
    title: str
    """Title of the agreement"""
    effective_at: Instant
    """When it takes effect"""
    ends_at: Instant | None
    """When it ends by its terms; null: it is open-ended"""
    revision_hash: str
    """SHA-256 of the recorded terms in RFC 8785 form (hexadecimal)"""
    is_stored: bool
    """Whether it is stored; false after a dry run"""
    findings: list[FindingResponse]
    """What the checks report; none of it refuses the record, because the contract exists"""


class LineReasonResponse(Answer):
    """Why a line of a table of contracts is refused."""

    line: int
    """Number of the line"""
    field: str
    """The column, or the place in the terms that were made from the line"""
    value: str
    """What stands there"""
    remedy: str
    """What to write instead"""


class TableContractResponse(Answer):
    """The result of one contract of a table."""

    lines: list[int]
    """Numbers of the contract's lines"""
    key: str
    """Key of the contract; empty if the line has none"""
    title: str
    """Title of the contract; empty if the line has none"""
    result: Literal["recorded", "unchanged", "refused"]
    """`unchanged`: the same record existed before"""
    agreement_id: str | None
    """Id of the agreement (UUID); null if the contract is refused"""
    reasons: list[LineReasonResponse]
    """Why the contract is refused; empty for the others"""
    findings: list[FindingResponse]
    """What the checks report about the terms; none of it refuses the contract"""


class ContractTableResponse(Answer):
    """Response: the contracts of a table, each recorded or refused by itself."""

    is_stored: bool
    """Whether the recorded contracts are stored; false after a dry run"""
    recorded: int
    """Number of contracts that were recorded, or would be after a dry run"""
    unchanged: int
    """Number of contracts of which the same record existed before"""
    refused: int
    """Number of contracts that are refused"""
    contracts: list[TableContractResponse]
    """The contracts in the order of their first lines"""


class ContractSignatureResponse(Answer):
    """A signature below a contract on record, as the recorder read it."""

    side: Literal["provider", "customer"]
    """The side for which the person signed"""
    name: str
    """The person's name as it stands in the contract"""
    signed_on: str | None
    """The date beside the signature; null: there is none"""


class ContractResponse(Answer):
    """The document of a contract on record."""

    media_type: str
    """Media type of the document"""
    sha256: str
    """SHA-256 of the document's bytes (hexadecimal)"""
    dated_on: str | None
    """The date of the contract; null: it bears none"""
    signed_by: list[ContractSignatureResponse]
    """Who signed it; empty for published terms, which nobody signs"""


class RecordResponse(OnRecordAnswer):
    """The mark of an agreement on record, and what was recorded beside its terms."""

    recorded_at: Instant
    """When it was recorded"""
    contract: ContractResponse
    """The document that was signed or published"""
