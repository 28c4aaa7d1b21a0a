"""``/api/v1/services``: the catalogue of services."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries, tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.answers import ServiceAnswer
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.schemas import NewService, ServiceEdit
from slm_agreement.application import services
from slm_agreement.application.services import ServiceDetails
from slm_agreement.domain.people.people import Service
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import list_of

router = APIRouter(prefix="/api/v1/services", tags=["services"])


@router.post(
    "",
    **operation(
        "Enter a service into the catalogue",
        ServiceAnswer,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def catalogue_service(body: NewService, caller: Caller, desk: TheDesk, response: Response) -> dict[str, Any]:
    """Add a service of your party to the catalogue, with the outcome that it exists for."""
    service, is_new = await services.catalogue(desk, caller, body.provider_party_id, body.key, _service_details(body))
    response.status_code = 201 if is_new else 200
    return reading.tagged(shapes.service(service), response)


@router.get("", **operation("List the services you may see", list_of(ServiceAnswer)))
async def list_services(
    caller: Caller, database: TheDatabase, page: Paging, external_ref: ExternalReference = None
) -> dict[str, Any]:
    """List the services of your party and of parties related to it; operators see all."""
    conditions = reading.by_reference(tables.service, external_ref)
    rows = await queries.page_of(database, queries.SERVICES, caller, page, *conditions)
    return page.shape(rows, lambda row: [row["service_id"]], lambda row: shapes.service(Service(**row)))


@router.get("/{service_id}", **operation("Read one service", ServiceAnswer, headers=(ETAG,)))
async def get_service(service_id: str, caller: Caller, database: TheDatabase, response: Response) -> dict[str, Any]:
    """Read one service."""
    row = await reading.one(database, queries.SERVICES, caller, "service", service_id)
    return reading.tagged(shapes.service(Service(**row)), response)


@router.put(
    "/{service_id}",
    **operation("Edit name, outcome and description of a service", ServiceAnswer, "not-allowed", headers=(ETAG,)),
)
async def edit_service(
    service_id: str, body: ServiceEdit, caller: Caller, desk: TheDesk, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change the name, outcome or description."""
    unless_changed = reading.unless_changed(if_match, shapes.service)
    service = await services.edit_service(desk, caller, service_id, _service_details(body), unless_changed)
    return reading.tagged(shapes.service(service), response)


def _service_details(body: ServiceEdit) -> ServiceDetails:
    return ServiceDetails(body.name, body.outcome, body.description, body.references())
