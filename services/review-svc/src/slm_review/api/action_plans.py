"""``/api/v1/action-plans``: action plans against risks, with their owners, steps and remaining time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query

from slm_chassis.access import Principal
from slm_chassis.clock import SECOND
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheDatabase
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_review.adapters import queries
from slm_review.api.dependencies import Decider, TheDesk
from slm_review.api.responses import ActionPlanAnswer
from slm_review.api.schemas import CompletionBody
from slm_review.application import plan_steps

router = APIRouter(prefix="/api/v1/action-plans", tags=["action-plans"])


async def _plan_filters(
    agreement_id: str | None = None,
    target_id: str | None = None,
    risk_id: str | None = None,
    state: Annotated[Literal["open", "watching", "averted", "breached", "cleared"] | None, Query()] = None,
) -> dict[str, Any]:
    return {"agreement_id": agreement_id, "target_id": target_id, "risk_id": risk_id, "state": state}


@router.get("", **operation("List action plans, the newest first", list_of(ActionPlanAnswer), converts=True))
async def list_action_plans(
    caller: Caller,
    filters: Annotated[dict[str, Any], Depends(_plan_filters)],
    page: Paging,
    database: TheDatabase,
    clock: TheClock,
) -> dict[str, Any]:
    """List the action plans of your agreements, the newest first."""
    rows = await queries.fetch_page(database, queries.ACTION_PLANS, caller, page, filters)
    return page.shape(rows, queries.ACTION_PLANS.key, lambda row: _shown(row, caller, clock.now()))


@router.get("/{plan_id}", **operation("Read one action plan", ActionPlanAnswer, converts=True))
async def get_action_plan(plan_id: str, caller: Caller, database: TheDatabase, clock: TheClock) -> dict[str, Any]:
    """Read an action plan with its steps, and the seconds left until a breach is expected."""
    row = await queries.fetch_row(database, queries.ACTION_PLANS, caller, plan_id)
    if row is None:
        raise not_found("action plan", plan_id)
    return _shown(row, caller, clock.now())


@router.post(
    "/{plan_id}/steps/{number}/complete",
    **operation("Complete a step of a plan", ActionPlanAnswer, "already-ended", converts=True),
)
async def complete_step(
    plan_id: str,
    number: Annotated[int, Path(ge=1, le=1_000, description="Number of the step, counted from 1")],
    body: CompletionBody,
    caller: Decider,
    desk: TheDesk,
    clock: TheClock,
) -> dict[str, Any]:
    """Mark a step of an action plan as completed, with a note."""
    plan = await plan_steps.complete_step(desk, caller, plan_id, number, body.note)
    return _shown(asdict(plan), caller, clock.now())


def _shown(row: Mapping[str, Any], caller: Principal, now: int) -> dict[str, Any]:
    """Return a plan as JSON. A customer that may see only titles gets no owners, and no times or notes of steps."""
    if row["customer_sees"] != "full" and not caller.may_see(row["provider_party_id"]):
        row = {**row, "steps": [{"step": each["step"], "owner": ""} for each in row["steps"]], "owner": ""}
    harm_at = row["harm_expected_at"]
    running = row["state"] == "open" and harm_at is not None
    return {**row, "time_left_seconds": max(0, harm_at - now) // SECOND if running else None}
