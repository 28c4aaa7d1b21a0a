"""Facts that are kept but not judged: ``/api/v1/quarantine``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request

from slm_chassis.access import Principal
from slm_chassis.http.access import Caller, require
from slm_chassis.http.paging import Paging
from slm_chassis.http.problems import Problem, not_found
from slm_monitor.adapters.ward import SqlWard
from slm_monitor.application.quarantine import DISCARDED, RELEASED, NoSuchFact, NotPossible

router = APIRouter(prefix="/api/v1/quarantine", tags=["quarantine"])
Decider = Annotated[Principal, Depends(require("integrator", "service_level_manager"))]
Use = Callable[[SqlWard, int], Awaitable[None]]


@router.get("")
async def listed(
    caller: Caller, request: Request, paging: Paging, state: Literal["held", "released", "discarded"] | None = None
) -> dict[str, Any]:
    """The facts of the caller's party that were set aside, with the reason and what was decided on them."""
    page: dict[str, Any] = await request.app.state.queries.quarantine(caller, paging, {"state": state})
    return page


@router.post("/{quarantine_id}/release", status_code=202)
async def release(quarantine_id: str, caller: Decider, request: Request) -> dict[str, Any]:
    """Judge it after all: it enters the intake under its own identity, once. 409 where it is decided already."""
    discharge = request.app.state.discharge
    await _decided(request, quarantine_id, lambda ward, now: discharge.release(ward, quarantine_id, caller, now))
    return {"quarantine_id": quarantine_id, "state": RELEASED}


@router.post("/{quarantine_id}/discard")
async def discard(quarantine_id: str, caller: Decider, request: Request) -> dict[str, Any]:
    """It is never judged, and stays to be seen. 409 where it is decided already."""
    discharge = request.app.state.discharge
    await _decided(request, quarantine_id, lambda ward, now: discharge.discard(ward, quarantine_id, caller, now))
    return {"quarantine_id": quarantine_id, "state": DISCARDED}


async def _decided(request: Request, quarantine_id: str, use: Use) -> None:
    try:
        async with request.app.state.database.begin() as transaction:
            await use(SqlWard(transaction), transaction.now)
    except NoSuchFact:
        raise not_found("fact set aside", quarantine_id) from None
    except NotPossible as error:
        errors = [{"field": each.field, "value": each.value, "remedy": each.remedy} for each in error.refusals]
        raise Problem(409, "conflict", "It cannot be done", f"{error}.", errors) from None
