"""``/api/v1/reviews``: scheduled, open and concluded reviews, and the decisions that they record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from slm_chassis.access import Principal
from slm_chassis.database import Database
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Page, Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_review.adapters import queries
from slm_review.api import responses, schemas
from slm_review.api.dependencies import Decider, TheDesk
from slm_review.application import actions, lessons, proposals, reviews
from slm_review.application.actions import ActionDecision
from slm_review.domain.decisions import Action, Lesson
from slm_review.domain.proposed import Proposal
from slm_review.domain.reviews import Review

router = APIRouter(prefix="/api/v1/reviews", tags=["reviews"])
_FIRST_ITEMS = 100


@router.get("", **operation("List reviews, the latest due first", list_of(responses.ReviewAnswer), converts=True))
async def list_reviews(
    caller: Caller,
    page: Paging,
    database: TheDatabase,
    agreement_id: str | None = None,
    state: Annotated[Literal["scheduled", "open", "concluded", "cancelled", "lapsed"] | None, Query()] = None,
    reason: Annotated[Literal["breach", "cadence"] | None, Query()] = None,
) -> dict[str, Any]:
    """List the reviews of your agreements, including scheduled ones, the latest due first."""
    filters = {"agreement_id": agreement_id, "state": state, "reason": reason}
    rows = await queries.fetch_page(database, queries.REVIEWS, caller, page, filters)
    return page.shape(rows, queries.REVIEWS.key)


@router.get("/{review_id}", **operation("Read one review", responses.ReviewWithAgenda, converts=True))
async def get_review(review_id: str, caller: Caller, database: TheDatabase, desk: TheDesk) -> dict[str, Any]:
    """Read a review with the first items of its agenda. A scheduled review has the agenda that it would have now."""
    row = await _row(database, caller, review_id)
    if row["state"] == "scheduled":
        expected = await reviews.preview_agenda(desk, review_id)
        return {**row, "agenda": expected[:_FIRST_ITEMS], "agenda_count": len(expected)}
    items = await queries.fetch_agenda_page(database, review_id, Page(_FIRST_ITEMS, None))
    count = len(items) if len(items) <= _FIRST_ITEMS else await queries.count_agenda_items(database, review_id)
    return {**row, "agenda": items[:_FIRST_ITEMS], "agenda_count": count}


@router.get(
    "/{review_id}/agenda",
    **operation("List the agenda of a review", list_of(responses.AgendaItemAnswer), converts=True),
)
async def list_agenda(
    review_id: str, caller: Caller, page: Paging, database: TheDatabase, desk: TheDesk
) -> dict[str, Any]:
    """List a review's agenda in order of time. A scheduled review has the agenda that it would have now."""
    row = await _row(database, caller, review_id)
    if row["state"] == "scheduled":
        expected = [asdict(item) for item in await reviews.preview_agenda(desk, review_id)]
        beyond = [each for each in expected if _is_after(page, each["at"], each["item_id"])]
        return page.shape(beyond[: page.fetch], lambda row: [row["at"], row["item_id"]])
    rows = await queries.fetch_agenda_page(database, review_id, page)
    return page.shape(rows, lambda row: [row["at"], row["item_id"]])


@router.post(
    "/{review_id}/conclude",
    **operation(
        "Conclude an open review",
        responses.ReviewAnswer,
        "review-already-concluded",
        "review-not-open",
        converts=True,
    ),
)
async def conclude_review(review_id: str, body: schemas.ConclusionBody, caller: Decider, desk: TheDesk) -> Review:
    """Conclude a review that took place, with a summary and the attendees."""
    return await reviews.conclude_review(desk, caller, review_id, body.summary, body.attendees)


@router.post(
    "/{review_id}/lessons",
    **operation("Record a lesson of a review", responses.LessonAnswer, "review-not-open", status=201, converts=True),
)
async def record_lesson(review_id: str, body: schemas.NewLesson, caller: Decider, desk: TheDesk) -> Lesson:
    """Record a lesson that the review learned."""
    return await lessons.record_lesson(desk, caller, review_id, body.text)


@router.post(
    "/{review_id}/actions",
    **operation("Open an improvement action", responses.ActionAnswer, "review-not-open", status=201, converts=True),
)
async def open_action(review_id: str, body: schemas.NewAction, caller: Decider, desk: TheDesk) -> Action:
    """Open an improvement action of the review, with an owner and a due instant."""
    decided = ActionDecision(
        text=body.text,
        owner=body.owner,
        due_at=body.due_at,
        target=body.target,
        expected_change=body.expected_change,
        external_refs=[ref.model_dump(exclude_none=True) for ref in body.external_refs],
    )
    return await actions.open_action(desk, caller, review_id, decided)


@router.post(
    "/{review_id}/target-revision-proposals",
    **operation(
        "Propose a new objective",
        responses.ProposalAnswer,
        "review-not-open",
        "agreement-on-record",
        status=201,
        converts=True,
    ),
)
async def propose_target_revision(
    review_id: str, body: schemas.NewProposal, caller: Decider, desk: TheDesk
) -> Proposal:
    """Propose a new objective for a target, as a decision of the review. agreement-svc answers with a draft
    amendment.
    """
    return await proposals.propose_objective(desk, caller, review_id, body.target, body.objective, body.reason)


async def _row(database: Database, caller: Principal, review_id: str) -> dict[str, Any]:
    row = await queries.fetch_row(database, queries.REVIEWS, caller, review_id)
    if row is None:
        raise not_found("review", review_id)
    return row


def _is_after(page: Page, at: int, item_id: str) -> bool:
    """Whether an agenda item comes after the page's cursor. Raises 422 for the cursor of another list."""
    after = page.values(int, str)
    return after is None or (at, item_id) > after
