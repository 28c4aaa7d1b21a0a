"""Routes for the steps of handling a breach: ``POST /api/v1/breaches/{id}/acknowledge``, ``/root-cause``,
``/problem-link`` and ``/close``.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.http import etag
from slm_chassis.http.access import require_role
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.problems import Problem, not_found
from slm_chassis.http.web_addresses import WebAddress
from slm_monitor.adapters.commands.breach_workflows import SqlBreachWorkflows
from slm_monitor.api.dependencies import TheBreaches
from slm_monitor.api.responses.findings import BreachWithHandling
from slm_monitor.application.commands import breach_handling
from slm_monitor.application.commands.breach_handling import BreachStepNotAllowed, NoSuchBreach
from slm_monitor.domain.lifecycle.breach_workflow import (
    ACKNOWLEDGE,
    CLOSE,
    GIVE_ROOT_CAUSE,
    LINK_PROBLEM,
    BreachWorkflow,
    InvalidBreachStep,
)

router = APIRouter(prefix="/api/v1/breaches", tags=["breaches"])
Handler = Annotated[Principal, Depends(require_role("service_level_manager", "integrator"))]
StepText = Annotated[str, Field(min_length=1, max_length=4_000)]


class _StepBody(BaseModel):
    model_config = {"extra": "forbid"}


class StepNoteRequest(_StepBody):
    """Request body of the operations that acknowledge or close a breach: a note that is kept with the step."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"note": "Seen by the night shift."}]}}

    note: Annotated[str, Field(max_length=4_000)] = ""


_UNSAID = StepNoteRequest()


def _step(summary: str) -> dict[str, Any]:
    return operation(summary, BreachWithHandling, "not-your-turn", "wrong-step", headers=(ETAG,))


class ProblemRecordReference(_StepBody):
    """A problem record in another system, as requests name it: the system, the record's id and its address."""

    system: Annotated[str, Field(min_length=1, max_length=200)]
    id: Annotated[str, Field(min_length=1, max_length=200)]
    url: WebAddress | None = None


class RootCauseRequest(StepNoteRequest):
    """Request body for the root cause of a breach or cause: why it happened, and the corrective action."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [
                {"root_cause": "A failed disk.", "corrective_action": "Disks are watched, and a standby takes over."}
            ]
        },
    }

    root_cause: StepText
    corrective_action: StepText
    linked_problem: ProblemRecordReference | None = None


class ProblemLinkRequest(StepNoteRequest):
    """Request body that links a breach or cause to the problem record in which its root cause is investigated."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {"examples": [{"linked_problem": {"system": "itsm", "id": "PRB-1"}}]},
    }

    linked_problem: ProblemRecordReference


@router.post("/{breach_id}/acknowledge", **_step("Acknowledge a breach"))
async def acknowledge_breach(
    breach_id: str,
    caller: Handler,
    if_match: IfMatch,
    queries: TheBreaches,
    response: Response,
    given: StepNoteRequest = _UNSAID,
) -> dict[str, Any]:
    """Acknowledge a breach, as the party that is responsible for it."""
    return await _take_step(breach_id, ACKNOWLEDGE, given, caller, if_match, queries, response)


@router.post("/{breach_id}/root-cause", **_step("State the root cause of a breach"))
async def state_root_cause(
    breach_id: str,
    given: RootCauseRequest,
    caller: Handler,
    if_match: IfMatch,
    queries: TheBreaches,
    response: Response,
) -> dict[str, Any]:
    """Give the root cause of a breach and the corrective action, as the party responsible for the breach."""
    return await _take_step(breach_id, GIVE_ROOT_CAUSE, given, caller, if_match, queries, response)


@router.post("/{breach_id}/problem-link", **_step("Link a problem to a breach"))
async def link_problem(
    breach_id: str,
    given: ProblemLinkRequest,
    caller: Handler,
    if_match: IfMatch,
    queries: TheBreaches,
    response: Response,
) -> dict[str, Any]:
    """Link a problem record to a breach, as the party responsible for the breach. The breach keeps its state."""
    return await _take_step(breach_id, LINK_PROBLEM, given, caller, if_match, queries, response)


@router.post("/{breach_id}/close", **_step("Close a breach"))
async def close_breach(
    breach_id: str,
    caller: Handler,
    if_match: IfMatch,
    queries: TheBreaches,
    response: Response,
    given: StepNoteRequest = _UNSAID,
) -> dict[str, Any]:
    """Close a breach, as either party of the agreement. The breach's figure and credits do not change."""
    return await _take_step(breach_id, CLOSE, given, caller, if_match, queries, response)


async def _take_step(
    breach_id: str,
    step: str,
    given: StepNoteRequest,
    caller: Principal,
    if_match: str,
    queries: TheBreaches,
    response: Response,
) -> dict[str, Any]:
    def unless_changed(life: BreachWorkflow) -> None:
        """Raise a problem if ``If-Match`` names an older version of the breach.

        If the state of the breach does not allow the step, this function raises nothing, because the caller gets the
        problem about the state.
        """
        # A step that is not allowed is reported before a changed version, since a newer version would not help.
        if step in life.allowed or step == LINK_PROBLEM:
            etag.check_if_match(if_match, life.tag)

    try:
        async with queries.database.begin() as transaction:
            lives, content = SqlBreachWorkflows(transaction), given.model_dump(exclude_none=True)
            await breach_handling.take_breach_step(
                lives, breach_id, step, content, caller, transaction.now, unless_changed
            )
    except NoSuchBreach:
        raise not_found("breach", breach_id) from None
    except BreachStepNotAllowed as error:
        raise Problem(403, "not-your-turn", "It is the other party's turn", f"{error}.") from None
    except InvalidBreachStep as error:
        errors = [{"field": "state", "value": step, "remedy": f"one of {', '.join(error.allowed) or 'no steps'}"}]
        raise Problem(409, "wrong-step", "Not a step that can be taken now", f"{error}.", errors) from None
    found = await queries.one(caller, breach_id)
    assert found is not None
    document, life = found
    response.headers["ETag"] = etag.etag_of(life.tag)
    return document
