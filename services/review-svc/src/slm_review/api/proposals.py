"""``/api/v1/target-revision-proposals``: proposed objectives, and the draft amendments that answer them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_review.adapters import queries
from slm_review.api.dependencies import Decider, TheDesk
from slm_review.api.responses import ProposalAnswer
from slm_review.api.schemas import DeclineBody
from slm_review.application import proposals
from slm_review.domain import proposed

router = APIRouter(prefix="/api/v1/target-revision-proposals", tags=["target-revision-proposals"])


async def _proposal_filters(
    agreement_id: str | None = None,
    review_id: str | None = None,
    target_id: str | None = None,
    state: Annotated[Literal["proposed", "drafted", "agreed", "declined", "lapsed"] | None, Query()] = None,
    origin: Annotated[Literal["review", "attained"] | None, Query()] = None,
) -> dict[str, Any]:
    return {
        "agreement_id": agreement_id,
        "review_id": review_id,
        "targets": None if target_id is None else {"target_id": target_id},
        "state": state,
        "origin": origin,
    }


@router.get("", **operation("List proposed target revisions", list_of(ProposalAnswer), converts=True))
async def list_target_revision_proposals(
    caller: Caller, filters: Annotated[dict[str, Any], Depends(_proposal_filters)], page: Paging, database: TheDatabase
) -> dict[str, Any]:
    """List the proposals of new objectives for targets of your agreements, the newest first."""
    rows = await queries.fetch_page(database, queries.PROPOSALS, caller, page, filters)
    return page.shape(rows, queries.PROPOSALS.key)


@router.get("/{proposal_id}", **operation("Read one proposed target revision", ProposalAnswer, converts=True))
async def get_target_revision_proposal(proposal_id: str, caller: Caller, database: TheDatabase) -> dict[str, Any]:
    """Read a target revision proposal, with the version of the draft amendment that answers it."""
    row = await queries.fetch_row(database, queries.PROPOSALS, caller, proposal_id)
    if row is None:
        raise not_found("proposal", proposal_id)
    return row


@router.post(
    "/{proposal_id}/decline",
    **operation("Decline a proposed target revision", ProposalAnswer, "already-ended", converts=True),
)
async def decline_target_revision_proposal(
    proposal_id: str, body: DeclineBody, caller: Decider, desk: TheDesk
) -> proposed.Proposal:
    """Decline a target revision proposal, with a reason.

    After that, attained figures can cause another proposal for the same target only if enough windows in a row are met.
    Only windows that end after you decline count.
    """
    return await proposals.decline_proposal(desk, caller, proposal_id, body.reason)
