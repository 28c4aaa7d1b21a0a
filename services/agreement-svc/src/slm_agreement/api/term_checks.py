"""``/api/v1/agreements/{id}/check``: check terms that are not saved."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from slm_agreement.api import chain_shapes
from slm_agreement.api.bodies.agreements import TermsToCheck
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.responses.agreements import TermsCheckResponse
from slm_agreement.application import term_checks
from slm_agreement.application.term_checks import UnsavedTerms
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation

router = APIRouter(prefix="/api/v1/agreements", tags=["agreements"])


@router.post(
    "/{agreement_id}/check", **operation("Check terms that are not saved", TermsCheckResponse, "not-allowed", "invalid")
)
async def check_unsaved_terms(
    agreement_id: str, body: TermsToCheck, caller: Caller, ledgers: TheLedgers
) -> dict[str, Any]:
    """Check terms as if you saved them now; only a manager may do this. Nothing is stored, and nobody else sees them.

    The response has status 200 also if the terms have errors that prevent saving: the findings name these errors. If
    the version is signed, the terms are checked as an amendment.
    """
    order = UnsavedTerms(body.document, body.template, body.version)
    found = await term_checks.check_terms(ledgers, caller, agreement_id, order)
    return {
        "version": found.version,
        "is_valid": found.is_valid,
        "points": found.points,
        "findings": [finding.document() for finding in found.findings],
        "chain": chain_shapes.chain_json(found.chains, found.identity, caller.party_id),
    }
