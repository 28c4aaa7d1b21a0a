"""Request bodies of contracts that are put on record."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from slm_agreement.api import examples
from slm_agreement.api.bodies.moves import AnswerBy
from slm_agreement.api.bodies.shapes import BodyWithReferences, Key, RequestBody
from slm_agreement.application.offers import RecordOffer
from slm_agreement.application.recordings import ContractOnRecord
from slm_agreement.domain.versions.records import Contract, ContractSignature
from slm_chassis.http import instants
from slm_chassis.http.problems import invalid
from slm_chassis.http.web_addresses import WithAddresses

_Day = Annotated[str, Field(max_length=10)]
_Whole = Annotated[int, Field(ge=-(10**15), le=10**15)]


class ContractSignatureBody(RequestBody):
    """A signature below the contract."""

    side: Literal["provider", "customer"]
    """The side for which the person signed"""
    name: Annotated[str, Field(min_length=1, max_length=200)]
    """The person's name as it stands in the contract"""
    signed_on: _Day | None = None
    """The date beside the signature, such as `2026-03-31`"""


class ContractBody(RequestBody):
    """The document of the contract."""

    media_type: Annotated[str, Field(pattern=r"^[a-z0-9]+/[a-z0-9.+-]+$", max_length=100)]
    """Media type of the document, such as `application/pdf`"""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of the document's bytes, in lower-case hexadecimal"""
    dated_on: _Day | None = None
    """The date of the contract, such as `2026-03-31`; null: it bears none"""
    signed_by: list[ContractSignatureBody] = Field([], max_length=20)
    """Who signed it; empty for published terms, which nobody signs"""


class NewRecord(BodyWithReferences):
    """Request body for putting a contract on record."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.RECORD]})
    key: Key = None
    kind: Annotated[str, Field(description="sla, ola or uc")] = "sla"
    scope: Annotated[str, Field(description="service, customer or corporate")] = "service"
    provider_party_id: str
    """Id of the provider: your party, or a company that your party named"""
    customer_party_id: str
    """Id of the customer: your party, or a company that your party named"""
    service_id: str
    """Id of a service of the provider"""
    template: Annotated[
        str | None, Field(description="Key of a template: its clauses are used where the document has none")
    ] = None
    document: Annotated[dict[str, Any], WithAddresses] = Field({}, description="The terms; see the reference of terms")
    contract: ContractBody
    """The document that was signed or published"""

    def contract_on_record(self) -> ContractOnRecord:
        """Return the body as the use case takes it. Raises 422 for a date that does not exist."""
        written = self.contract
        contract = Contract(
            written.media_type,
            written.sha256,
            _day(written.dated_on, "contract.dated_on"),
            [
                ContractSignature(each.side, each.name, _day(each.signed_on, f"contract.signed_by[{index}].signed_on"))
                for index, each in enumerate(written.signed_by)
            ],
        )
        return ContractOnRecord(
            contract=contract,
            external_refs=self.references(),
            **self.model_dump(exclude={"contract", "external_refs"}),
        )


class ContractLine(RequestBody):
    """A line of a table of contracts."""

    line: Annotated[int, Field(ge=1, le=10_000_000)]
    """Number of the line in the table, which the answer repeats"""
    columns: Annotated[dict[str, str | _Whole | float | bool | None], Field(max_length=100)]
    """The cells by column. Columns: `key`, `title`, `kind`, `our_role`, `company`, `service`, `timezone`, `first_day`,
    `last_day`, `notice`, `document_sha256`, `document_type`, `dated_on`, `signed_by`, and of each promise `promise`,
    `indicator`, `aggregation`, `at_least`, `at_most`, `unit`, `window`
    """


class ContractTable(RequestBody):
    """Request body for putting the contracts of a table on record."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CONTRACT_TABLE]})
    lines: Annotated[list[ContractLine], Field(min_length=1, max_length=2_000)]
    """The lines in their order; lines with the same key are one contract with several promises"""


class RecordOfferBody(RequestBody):
    """Request body for offering a contract on record to the company that has joined."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answer_by": "2099-12-04T16:00:00Z"}]})
    key: Key = None
    service_id: Annotated[str | None, Field(max_length=100)] = None
    """Id of the company's service, if it is the provider; by default its service with the key of the recorded service,
    which is entered in its catalogue if missing
    """
    effective_at: str | None = None
    """RFC 3339: from when the new agreement applies; by default from the first day of the record or, if that is past,
    from the beginning of the next month
    """
    answer_by: AnswerBy = None

    def record_offer(self) -> RecordOffer:
        """Return the body as the use case takes it. Raises 422 for an instant that cannot be read."""
        return RecordOffer(
            self.key,
            self.service_id,
            instants.read_optional_instant(self.effective_at, "effective_at"),
            instants.read_optional_instant(self.answer_by, "answer_by"),
        )


def _day(written: str | None, field: str) -> str | None:
    if written is None:
        return None
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        raise invalid(field, written, "write a date like 2026-03-31") from None
