"""Breaches and risks: ``/api/v1/breaches``, ``/api/v1/risks``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_chassis.http import etag
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_monitor.api.dependencies import TheBreaches, TheQueries
from slm_monitor.api.responses.findings import BreachAnswer, BreachWithLife, RiskAnswer
from slm_monitor.api.results.filters import TheBreachFilters
from slm_monitor.api.results.targets import AtMinPosition

router = APIRouter(prefix="/api/v1", tags=["breaches"])


@router.get(
    "/breaches",
    dependencies=[AtMinPosition],
    **operation("List breaches, the latest first", list_of(BreachAnswer), "not-judged-yet"),
)
async def list_breaches(
    caller: Caller, queries: TheBreaches, filters: TheBreachFilters, paging: Paging
) -> dict[str, Any]:
    """List breaches, the latest first, including withdrawn ones."""
    return await queries.page(caller, paging, filters.columns, filters.span, filters.state)


@router.get("/breaches/{breach_id}", **operation("Read one breach", BreachWithLife, headers=(ETAG,)))
async def read_breach(breach_id: str, caller: Caller, queries: TheBreaches, response: Response) -> dict[str, Any]:
    """Read one breach with its evidence, the steps of its workflow, and the steps that are allowed now."""
    found = await queries.one(caller, breach_id)
    if found is None:
        raise not_found("breach", breach_id)
    document, life = found
    response.headers["ETag"] = etag.etag_of(life.tag)
    return document


@router.get(
    "/risks",
    dependencies=[AtMinPosition],
    **operation("List risks, the latest first", list_of(RiskAnswer), "not-judged-yet"),
)
async def list_risks(
    caller: Caller,
    queries: TheQueries,
    paging: Paging,
    agreement_id: str | None = None,
    target_id: str | None = None,
    standing: bool | None = None,
) -> dict[str, Any]:
    """List warnings, the latest first, including cleared ones."""
    filters = {"agreement_id": agreement_id, "target_id": target_id, "standing": standing}
    return await queries.risks(caller, paging, filters)


@router.get(
    "/risks/{risk_id}", dependencies=[AtMinPosition], **operation("Read one risk", RiskAnswer, "not-judged-yet")
)
async def read_risk(risk_id: str, caller: Caller, queries: TheQueries) -> dict[str, Any]:
    """Read one warning, open or cleared."""
    found = await queries.risk(caller, risk_id)
    if found is None:
        raise not_found("risk", risk_id)
    return found
