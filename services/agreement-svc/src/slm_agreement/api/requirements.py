"""``/api/v1/requirements`` and ``/api/v1/templates``: what a customer needs, and what a draft can start from."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries, register_tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.bodies.catalogue import NewRequirement
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.responses.catalogue import RequirementResponse
from slm_agreement.api.responses.templates import TemplateResponse
from slm_agreement.application import requirements
from slm_agreement.application.requirements import RequirementDetails
from slm_agreement.domain.documents import templates
from slm_agreement.domain.documents.templates import Template
from slm_agreement.domain.people.people import Requirement
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1", tags=["requirements and templates"])


@router.post(
    "/requirements",
    **operation(
        "Record what a service must do for you",
        RequirementResponse,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
    ),
)
async def record_requirement(
    body: NewRequirement, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Record what your party needs of a service, and why."""
    details = RequirementDetails(body.service_id, body.text, body.outcome, body.references())
    requirement, is_new = await requirements.record_requirement(
        ledgers, caller, body.customer_party_id, body.key, details
    )
    response.status_code = 201 if is_new else 200
    return shapes.requirement_json(requirement)


@router.get("/requirements", **operation("List the requirements you may see", list_of(RequirementResponse)))
async def list_requirements(
    caller: Caller, database: TheDatabase, page: Paging, external_ref: ExternalReference = None
) -> dict[str, Any]:
    """List the requirements of your party, and those of other parties for your services."""
    conditions = reading.external_reference_conditions(register_tables.requirement, external_ref)
    rows = await queries.fetch_page(database, queries.REQUIREMENTS, caller, page, *conditions)
    return page.shape(
        rows, lambda row: [row["requirement_id"]], lambda row: shapes.requirement_json(Requirement(**row))
    )


@router.get("/requirements/{requirement_id}", **operation("Read one requirement", RequirementResponse))
async def get_requirement(requirement_id: str, caller: Caller, database: TheDatabase) -> dict[str, Any]:
    """Read one requirement."""
    row = await reading.fetch_row_or_404(database, queries.REQUIREMENTS, caller, "requirement", requirement_id)
    return shapes.requirement_json(Requirement(**row))


@router.get("/templates", **operation("List the templates of agreements", list_of(TemplateResponse)))
async def list_templates(caller: Caller, page: Paging) -> dict[str, Any]:
    """List the templates for drafts.

    A template has the ten points that an agreement should cover, says which of them may stay empty, and has clauses to
    keep or rewrite.
    """
    found = page.within(list(templates.TEMPLATES.values()), _key)
    return page.shape(found, _key, Template.document)


@router.get("/templates/{key}", **operation("Read one template of agreements", TemplateResponse))
async def get_template(key: str, caller: Caller) -> dict[str, Any]:
    """Read one template."""
    return templates.template_by_key(key).document()


def _key(template: Template) -> list[str]:
    return [template.key]
