"""Routes that assign or snooze breaches, risks and causes (``POST /api/v1/breaches/{id}/assign`` and ``/snooze``, and
the same below ``/risks`` and ``/causes``) and that list assignments (``GET /api/v1/assignments``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.http import instants
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheAccess
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_chassis.http.response_models import list_of
from slm_monitor.adapters.commands.sql_assignments import (
    AssignableItemNotFound,
    AssignmentQueries,
    Kind,
    SqlAssignments,
)
from slm_monitor.api.decisions.breach_steps import Handler
from slm_monitor.api.dependencies import TheAssignments
from slm_monitor.api.responses.causes import AssignmentAnswer

router = APIRouter(prefix="/api/v1", tags=["assignments"])


_UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


class AssignmentRequest(BaseModel):
    """Request body of ``/assign`` operations: the person to whom a breach, risk or cause is assigned, and a note."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [{"assigned_to": "0193a5c0-7a00-7000-8000-000000000003", "note": "Has time."}]
        },
    }

    assigned_to: Annotated[str | None, Field(pattern=_UUID, description="Id of a person (UUID); null: nobody")]
    note: Annotated[
        str, Field(max_length=4_000, description="Note for the caller's own party; it replaces the earlier note")
    ] = ""


class SnoozeRequest(BaseModel):
    """Request body of the ``/snooze`` operations: until when a breach, risk or cause is hidden from the caller."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {"examples": [{"until": "2026-11-23T08:00:00Z", "until_change": True}]},
    }

    until: Annotated[str | None, Field(max_length=40, description="The instant until which the item is hidden")] = None
    until_change: Annotated[
        bool,
        Field(description="Whether the item is hidden until it gets a new revision, takes a step or ends"),
    ] = False


@dataclass(frozen=True)
class ItemAssigner:
    """Assigns breaches, risks and causes for one caller, and checks that the assignee belongs to the caller's party."""

    caller: Principal
    queries: AssignmentQueries
    access: AccessRegistry

    async def assign(self, kind: Kind, item_id: str, given: AssignmentRequest) -> dict[str, Any]:
        """Assign a breach, risk or cause to a person, or to nobody; return the assignment as JSON.

        Raises a problem: 422 if the person belongs to another party, 403 for an operator, 404 for an unknown item.
        """
        holder = None if given.assigned_to is None else given.assigned_to.lower()
        async with _changing(kind, item_id, self.caller, self.queries) as assignments:
            await assignments.assign(kind, item_id, holder, given.note, self.caller)
            is_own = holder in (None, self.caller.person_id)
            if holder is not None and not is_own and await self.access.party_of_person(holder) != self.caller.party_id:
                remedy = "name a person of your own party who can sign in, or null for nobody"
                raise invalid("assigned_to", given.assigned_to, remedy)
        return await self.queries.one(kind, item_id, self.caller)


async def _item_assigner(caller: Handler, queries: TheAssignments, access: TheAccess) -> ItemAssigner:
    return ItemAssigner(caller, queries, access)


TheItemAssigner = Annotated[ItemAssigner, Depends(_item_assigner)]


def _act(summary: str) -> dict[str, Any]:
    return operation(summary, AssignmentAnswer, "no-party")


@router.post("/breaches/{breach_id}/assign", **_act("Assign a breach to a person of the own party"))
async def assign_breach(breach_id: str, given: AssignmentRequest, parts: TheItemAssigner) -> dict[str, Any]:
    """Assign a breach to a person of the caller's party, or to nobody. The other party never sees the assignment."""
    return await parts.assign("breach", breach_id, given)


@router.post("/breaches/{breach_id}/snooze", **_act("Snooze a breach for the caller"))
async def snooze_breach(
    breach_id: str, given: SnoozeRequest, caller: Handler, queries: TheAssignments
) -> dict[str, Any]:
    """Snooze a breach for the caller alone, until an instant or until the breach changes.

    A request with neither `until` nor `until_change` ends the snooze.
    """
    return await _snooze("breach", breach_id, given, caller, queries)


@router.post("/risks/{risk_id}/assign", **_act("Assign a risk to a person of the own party"))
async def assign_risk(risk_id: str, given: AssignmentRequest, parts: TheItemAssigner) -> dict[str, Any]:
    """Assign a risk to a person of the caller's party, or to nobody. The other party never sees the assignment."""
    return await parts.assign("risk", risk_id, given)


@router.post("/risks/{risk_id}/snooze", **_act("Snooze a risk for the caller"))
async def snooze_risk(risk_id: str, given: SnoozeRequest, caller: Handler, queries: TheAssignments) -> dict[str, Any]:
    """Snooze a risk for the caller alone, until an instant or until the risk changes.

    A request with neither `until` nor `until_change` ends the snooze.
    """
    return await _snooze("risk", risk_id, given, caller, queries)


@router.post("/causes/{cause_id}/assign", **_act("Assign a cause to a person of the own party"))
async def assign_cause(cause_id: str, given: AssignmentRequest, parts: TheItemAssigner) -> dict[str, Any]:
    """Assign a cause to a person of the caller's party, or to nobody. The other party never sees the assignment."""
    return await parts.assign("cause", cause_id, given)


@router.post("/causes/{cause_id}/snooze", **_act("Snooze a cause for the caller"))
async def snooze_cause(cause_id: str, given: SnoozeRequest, caller: Handler, queries: TheAssignments) -> dict[str, Any]:
    """Snooze a cause for the caller alone, until an instant or until the cause changes.

    A request with neither `until` nor `until_change` ends the snooze.
    """
    return await _snooze("cause", cause_id, given, caller, queries)


@router.get("/assignments", **operation("List the assignments of the caller's party", list_of(AssignmentAnswer)))
async def list_assignments(
    caller: Caller,
    queries: TheAssignments,
    paging: Paging,
    kind: Literal["breach", "risk", "cause"] | None = None,
    assigned_to: Annotated[
        str | None, Query(description="Only items that are assigned to this person (id)", max_length=100)
    ] = None,
    snoozed: Annotated[
        bool | None, Query(description="`true`: only items that the caller has snoozed; `false`: only all other items")
    ] = None,
) -> dict[str, Any]:
    """List the items that the caller's party has assigned or the caller has snoozed, in the order of kind and id."""
    return await queries.page(caller, paging, kind, assigned_to, snoozed)


async def _snooze(
    kind: Kind, item_id: str, given: SnoozeRequest, caller: Principal, queries: AssignmentQueries
) -> dict[str, Any]:
    async with _changing(kind, item_id, caller, queries) as assignments:
        until = instants.read_optional_instant(given.until, "until")
        await assignments.snooze(kind, item_id, until, given.until_change, caller)
    return await queries.one(kind, item_id, caller)


@asynccontextmanager
async def _changing(
    kind: Kind, item_id: str, caller: Principal, queries: AssignmentQueries
) -> AsyncIterator[SqlAssignments]:
    """Open a transaction in which the caller's party changes an item's assignment.

    Raises a problem: 403 for an operator, 404 for an unknown item.
    """
    if caller.party_id is None:
        detail = "An operator belongs to no party: use a key of a party."
        raise Problem(403, "no-party", "Only a party may do this", detail)
    try:
        async with queries.database.begin() as transaction:
            yield SqlAssignments(transaction)
    except AssignableItemNotFound:
        raise not_found(kind, item_id) from None
