"""Routes that list and read breaches and risks: ``/api/v1/breaches``, ``/api/v1/risks``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_chassis.http import etag
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheDatabase
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_monitor.adapters.commands.sql_assignments import build_assignment_conditions
from slm_monitor.adapters.rows.record_marks import mark_records
from slm_monitor.api.dependencies import TheBreaches, TheRisks
from slm_monitor.api.responses.findings import BreachAnswer, BreachWithHandling, RiskAnswer
from slm_monitor.api.results.filters import AssignedTo, Snoozed, SortOfRisks, TheBreachFilters
from slm_monitor.api.results.targets import AtMinPosition

router = APIRouter(prefix="/api/v1", tags=["breaches"])


@router.get(
    "/breaches",
    dependencies=[AtMinPosition],
    **operation("List breaches in the order that you choose", list_of(BreachAnswer), "not-judged-yet"),
)
async def list_breaches(
    caller: Caller,
    queries: TheBreaches,
    filters: TheBreachFilters,
    paging: Paging,
    clock: TheClock,
    database: TheDatabase,
) -> dict[str, Any]:
    """List breaches, including withdrawn ones, the latest first or in the order of `sort`."""
    own = build_assignment_conditions(
        "breach", "breach.breach_id", caller, filters.assigned_to, filters.snoozed, clock.now()
    )
    page = await queries.page(caller, paging, filters.columns, filters.span, filters.sort, own)
    return {**page, "items": await mark_records(database, page["items"])}


@router.get("/breaches/{breach_id}", **operation("Read one breach", BreachWithHandling, headers=(ETAG,)))
async def read_breach(
    breach_id: str, caller: Caller, queries: TheBreaches, database: TheDatabase, response: Response
) -> dict[str, Any]:
    """Read one breach with its evidence, the steps by which it was handled, and the steps that are allowed now."""
    found = await queries.one(caller, breach_id)
    if found is None:
        raise not_found("breach", breach_id)
    document, life = found
    response.headers["ETag"] = etag.etag_of(life.tag)
    return (await mark_records(database, [document]))[0]


@router.get(
    "/risks",
    dependencies=[AtMinPosition],
    **operation("List risks in the order that you choose", list_of(RiskAnswer), "not-judged-yet"),
)
async def list_risks(
    caller: Caller,
    queries: TheRisks,
    paging: Paging,
    clock: TheClock,
    database: TheDatabase,
    agreement_id: str | None = None,
    target_id: str | None = None,
    cause_id: str | None = None,
    standing: bool | None = None,
    assigned_to: AssignedTo = None,
    snoozed: Snoozed = None,
    sort: SortOfRisks = "latest",
) -> dict[str, Any]:
    """List risks (warnings), including cleared ones, the latest first or in the order of `sort`."""
    own = build_assignment_conditions("risk", "risk.risk_id", caller, assigned_to, snoozed, clock.now())
    filters = {"agreement_id": agreement_id, "target_id": target_id, "cause_id": cause_id, "standing": standing}
    page = await queries.page(caller, paging, filters, own, sort)
    return {**page, "items": await mark_records(database, page["items"])}


@router.get(
    "/risks/{risk_id}", dependencies=[AtMinPosition], **operation("Read one risk", RiskAnswer, "not-judged-yet")
)
async def read_risk(risk_id: str, caller: Caller, queries: TheRisks, database: TheDatabase) -> dict[str, Any]:
    """Read one risk (a warning), open or cleared."""
    found = await queries.one(caller, risk_id)
    if found is None:
        raise not_found("risk", risk_id)
    return (await mark_records(database, [found]))[0]
