"""Routes that take one step for all breaches of a cause for which the caller's party is responsible:
``POST /api/v1/causes/{id}/acknowledge``, ``/root-cause``, ``/problem-link``.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from slm_chassis.access import Principal
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem, not_found
from slm_monitor.adapters.causes.sql_cause_acts import SqlCauseActs
from slm_monitor.api.decisions.breach_steps import Handler, ProblemLinkRequest, RootCauseRequest, StepNoteRequest
from slm_monitor.api.dependencies import TheCauses
from slm_monitor.api.responses.causes import CauseStepAnswer
from slm_monitor.application.causes import cause_acts
from slm_monitor.application.causes.cause_acts import NoSuchCause
from slm_monitor.application.commands.breach_handling import BreachStepNotAllowed
from slm_monitor.domain.lifecycle.breach_workflow import ACKNOWLEDGE, GIVE_ROOT_CAUSE, LINK_PROBLEM

router = APIRouter(prefix="/api/v1/causes", tags=["causes"])
_UNSAID = StepNoteRequest()


def _act(summary: str) -> dict[str, Any]:
    return operation(summary, CauseStepAnswer, "not-your-turn")


@router.post("/{cause_id}/acknowledge", **_act("Acknowledge all breaches of a cause"))
async def acknowledge_cause(
    cause_id: str, caller: Handler, queries: TheCauses, given: StepNoteRequest = _UNSAID
) -> dict[str, Any]:
    """Acknowledge every open breach of a cause for which the caller's party is responsible.

    All breaches are acknowledged in one transaction. Each breach gets its own record and event. Breaches that cannot be
    acknowledged are skipped, with the reason. Repeating the request changes nothing.
    """
    return await _take(cause_id, ACKNOWLEDGE, given, caller, queries)


@router.post("/{cause_id}/root-cause", **_act("State the root cause of all breaches of a cause"))
async def state_root_cause_of_cause(
    cause_id: str, given: RootCauseRequest, caller: Handler, queries: TheCauses
) -> dict[str, Any]:
    """Give one root cause and corrective action for every acknowledged breach of a cause.

    A breach that nobody has acknowledged is skipped: acknowledge the cause first.
    """
    return await _take(cause_id, GIVE_ROOT_CAUSE, given, caller, queries)


@router.post("/{cause_id}/problem-link", **_act("Link a problem to all breaches of a cause"))
async def link_problem_to_cause(
    cause_id: str, given: ProblemLinkRequest, caller: Handler, queries: TheCauses
) -> dict[str, Any]:
    """Link one problem record to every breach of a cause for which the caller's party is responsible, in any state of
    handling.
    """
    return await _take(cause_id, LINK_PROBLEM, given, caller, queries)


async def _take(
    cause_id: str, step: str, given: StepNoteRequest, caller: Principal, queries: TheCauses
) -> dict[str, Any]:
    content = given.model_dump(exclude_none=True)
    try:
        async with queries.database.begin() as transaction:
            store = SqlCauseActs(transaction)
            result = await cause_acts.take_step_for_cause(store, cause_id, step, content, caller, transaction.now)
            await store.write()
    except NoSuchCause:
        raise not_found("cause", cause_id) from None
    except BreachStepNotAllowed as error:
        raise Problem(403, "not-your-turn", "It is the other party's turn", f"{error}.") from None
    return {"cause_id": cause_id, **asdict(result)}
