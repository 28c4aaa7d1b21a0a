"""``/api/v1/requirements`` and ``/api/v1/templates``: what a negotiation starts from."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries, tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.schemas import NewRequirement
from slm_agreement.application import requirements
from slm_agreement.application.requirements import RequirementDetails
from slm_agreement.domain import templates
from slm_agreement.domain.people import Requirement
from slm_chassis.http.access import Caller
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase

router = APIRouter(prefix="/api/v1", tags=["requirements and templates"])


@router.post("/requirements", status_code=201)
async def record_requirement(body: NewRequirement, caller: Caller, desk: TheDesk, response: Response) -> dict[str, Any]:
    """Record what your party needs of a service, and why."""
    details = RequirementDetails(body.service_id, body.text, body.outcome, body.references())
    requirement, is_new = await requirements.record(desk, caller, body.customer_party_id, body.key, details)
    response.status_code = 201 if is_new else 200
    return shapes.requirement(requirement)


@router.get("/requirements")
async def list_requirements(
    caller: Caller, database: TheDatabase, page: Paging, external_ref: ExternalReference = None
) -> dict[str, Any]:
    """Requirements you recorded, or that others have of your services."""
    conditions = reading.by_reference(tables.requirement, external_ref)
    rows = await queries.page_of(database, queries.REQUIREMENTS, caller, page, *conditions)
    return page.shape(rows, lambda row: [row["requirement_id"]], lambda row: shapes.requirement(Requirement(**row)))


@router.get("/requirements/{requirement_id}")
async def get_requirement(requirement_id: str, caller: Caller, database: TheDatabase) -> dict[str, Any]:
    """One requirement."""
    row = await reading.one(database, queries.REQUIREMENTS, caller, "requirement", requirement_id)
    return shapes.requirement(Requirement(**row))


@router.get("/templates")
async def list_templates(caller: Caller) -> dict[str, Any]:
    """What drafts can start from: the ten points, which of them may stay empty, and clauses to keep or rewrite."""
    return {"items": [template.document() for template in templates.TEMPLATES.values()], "next": None}


@router.get("/templates/{key}")
async def get_template(key: str, caller: Caller) -> dict[str, Any]:
    """One template."""
    return templates.named(key).document()
