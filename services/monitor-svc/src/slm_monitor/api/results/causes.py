"""Routes that list and read causes, which group breaches and risks from the same outage: ``/api/v1/causes``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_monitor.api.dependencies import TheCauses
from slm_monitor.api.responses.causes import CauseAnswer
from slm_monitor.api.results.filters import TheCauseFilters

router = APIRouter(prefix="/api/v1/causes", tags=["causes"])


@router.get("", **operation("List causes, the latest first", list_of(CauseAnswer)))
async def list_causes(caller: Caller, queries: TheCauses, filters: TheCauseFilters, paging: Paging) -> dict[str, Any]:
    """List the causes of the caller's breaches and risks, the latest first or in the order of ``sort``.

    Each cause is shown as the caller's party may see it. A customer sees only its own breaches, and does not learn how
    many breaches other customers have.
    """
    return await queries.page(caller, paging, filters.wanted, filters.sort)


@router.get("/{cause_id}", **operation("Read one cause", CauseAnswer))
async def read_cause(cause_id: str, caller: Caller, queries: TheCauses) -> dict[str, Any]:
    """Read one cause. If later facts replaced the cause, its id still works, and the answer names the new causes."""
    found = await queries.one(caller, cause_id)
    if found is None:
        raise not_found("cause", cause_id)
    return found
