"""``/api/v1/recorded-agreements``: put a contract on record whose other party does not use the product."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from slm_agreement.api import shapes
from slm_agreement.api.bodies.recordings import NewRecord
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.responses.records import RecordingResponse
from slm_agreement.application import recordings
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation

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
