"""``/api/v1/recorded-agreements``: put a contract on record whose other party does not use the product."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from slm_agreement.api import shapes
from slm_agreement.api.agreements import agreement_response
from slm_agreement.api.bodies.recordings import ContractTable, NewRecord, RecordOfferBody
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.responses.agreements import AgreementResponse
from slm_agreement.api.responses.records import ContractTableResponse, RecordingResponse
from slm_agreement.application import offers, recording_tables, recordings
from slm_agreement.application.contract_lines import Line
from slm_agreement.application.recording_tables import ContractResult
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import ETAG, operation

router = APIRouter(prefix="/api/v1/recorded-agreements", tags=["records"])


@router.post(
    "",
    **operation(
        "Put a contract on record",
        RecordingResponse,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
    ),
)
async def record_agreement(
    body: NewRecord,
    caller: Caller,
    ledgers: TheLedgers,
    response: Response,
    dry_run: Annotated[bool, Query(description="Whether only to check the contract: nothing is stored")] = False,
) -> dict[str, Any]:
    """Put on record a contract whose other party does not use the product: published terms, or a contract on paper.

    It is neither proposed nor signed here, and comes into force by its dates. It is what your party read in the
    contract, and every answer about it says so. What the checks find is reported and refuses nothing, because the
    contract exists. A dry run answers 200 and stores nothing; sending the same key and content again answers 200.
    """
    recorded = await recordings.record_agreement(ledgers, caller, body.contract_on_record(), dry_run)
    response.status_code = 201 if recorded.is_new and not dry_run else 200
    version = recorded.version
    return {
        "agreement_id": version.identity.agreement_id,
        "key": version.identity.key,
        "version": version.number,
        "state": str(version.state),
        "title": version.current.document["title"],
        "effective_at": shapes.instant_text(version.effective_at),
        "ends_at": shapes.instant_text(version.ends_at),
        "revision_hash": version.current.hash,
        "is_stored": not (dry_run and recorded.is_new),
        "findings": [finding.document() for finding in recorded.findings],
    }


@router.post(
    "/lines",
    **operation("Put the contracts of a table on record", ContractTableResponse, "not-allowed", "invalid"),
)
async def record_contract_table(
    body: ContractTable,
    caller: Caller,
    ledgers: TheLedgers,
    dry_run: Annotated[bool, Query(description="Whether only to check the contracts: nothing is stored")] = False,
) -> dict[str, Any]:
    """Put many contracts on record, such as the lines of a spreadsheet, each by itself.

    The other companies and their services are entered if they are missing. A contract is refused as a whole, with
    reasons by line, and keeps no other from being recorded. Sending the same table again changes nothing, so correct
    the refused lines and send all of them.
    """
    lines = [Line(each.line, each.columns) for each in body.lines]
    results = await recording_tables.record_table(ledgers, caller, lines, dry_run)
    counts = Counter(each.result for each in results)
    return {
        "is_stored": not dry_run,
        **{name: counts[name] for name in ("recorded", "unchanged", "refused")},
        "contracts": [_contract_json(each) for each in results],
    }


@router.post(
    "/{agreement_id}/offer",
    **operation(
        "Offer a contract on record to the other company",
        AgreementResponse,
        "not-allowed",
        "not-found",
        "wrong-state",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def offer_record(
    agreement_id: str, body: RecordOfferBody, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Propose a contract on record to its other company, which accepted your invitation, as a new agreement.

    The company accepts, counters and signs it like any proposal, and sees nothing else of your records. Points that the
    record leaves empty refer to the contract. The record stays as it is until both parties have signed, and ends when
    the new agreement takes effect. Offering it again answers 200 with the offer that is open or signed.
    """
    versions, is_new = await offers.offer_record(ledgers, caller, agreement_id, body.record_offer())
    response.status_code = 201 if is_new else 200
    return await agreement_response(ledgers, caller, (versions, versions[-1]), response)


def _contract_json(result: ContractResult) -> dict[str, Any]:
    return {
        "lines": result.contract.lines,
        "key": result.contract.key,
        "title": result.contract.title,
        "result": result.result,
        "agreement_id": result.agreement_id,
        "reasons": [
            {"line": each.line, **{name: getattr(each.finding, name) for name in ("field", "value", "remedy")}}
            for each in result.reasons
        ],
        "findings": [each.document() for each in result.findings],
    }
