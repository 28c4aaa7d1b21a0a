"""``/api/v1/actions``: the register of improvement actions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.problems import invalid, not_found
from slm_chassis.http.response_models import list_of
from slm_review.adapters import queries
from slm_review.api.dependencies import Decider, TheDesk
from slm_review.api.responses import ActionAnswer
from slm_review.api.schemas import CompletionBody
from slm_review.application import actions
from slm_review.domain import decisions

router = APIRouter(prefix="/api/v1/actions", tags=["actions"])


async def _action_filters(
    agreement_id: str | None = None,
    review_id: str | None = None,
    target_id: str | None = None,
    state: Annotated[Literal["open", "done"] | None, Query()] = None,
    external_ref: Annotated[
        str | None,
        Query(description="Reference to the action in another system: `system:id`", examples=["jira:OPS-42"]),
    ] = None,
) -> dict[str, Any]:
    return {
        "agreement_id": agreement_id,
        "review_id": review_id,
        "target_id": target_id,
        "state": state,
        "external_refs": _ref(external_ref),
    }


@router.get("", **operation("List improvement actions, the newest first", list_of(ActionAnswer), converts=True))
async def list_actions(
    caller: Caller, filters: Annotated[dict[str, Any], Depends(_action_filters)], page: Paging, database: TheDatabase
) -> dict[str, Any]:
    """List the improvement actions of your agreements' reviews, the newest first."""
    rows = await queries.fetch_page(database, queries.ACTIONS, caller, page, filters)
    return page.shape(rows, queries.ACTIONS.key)


@router.get("/{action_id}", **operation("Read one improvement action", ActionAnswer, converts=True))
async def get_action(action_id: str, caller: Caller, database: TheDatabase) -> dict[str, Any]:
    """Read an improvement action."""
    row = await queries.fetch_row(database, queries.ACTIONS, caller, action_id)
    if row is None:
        raise not_found("action", action_id)
    return row


@router.post("/{action_id}/complete", **operation("Complete an action", ActionAnswer, "already-ended", converts=True))
async def complete_action(action_id: str, body: CompletionBody, caller: Decider, desk: TheDesk) -> decisions.Action:
    """Mark an improvement action as done. Agendas and reports then no longer list it among the open actions."""
    return await actions.complete_action(desk, caller, action_id, body.note)


def _ref(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    system, colon, identity = text.partition(":")
    if not (system and colon and identity):
        raise invalid("query.external_ref", text, "write system:id, like jira:OPS-42")
    return {"system": system, "id": identity}
