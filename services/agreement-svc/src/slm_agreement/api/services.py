"""``/api/v1/services``: the catalogue of services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries, register_tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.bodies.catalogue import NewService, ServiceEdit
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.responses.catalogue import ServiceResponse
from slm_agreement.application import services
from slm_agreement.application.services import ServiceDetails
from slm_agreement.domain.people.people import Service
from slm_chassis.access import Principal
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
        ServiceResponse,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def catalogue_service(
    body: NewService, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Add a service of your party to the catalogue, with the outcome that it exists for."""
    service, is_new = await services.catalogue_service(
        ledgers, caller, body.provider_party_id, body.key, _service_details(body)
    )
    response.status_code = 201 if is_new else 200
    return reading.set_entity_tag(shapes.service_json(service, caller.party_id), response)


@router.get("", **operation("List the services you may see", list_of(ServiceResponse)))
async def list_services(
    caller: Caller, database: TheDatabase, page: Paging, external_ref: ExternalReference = None
) -> dict[str, Any]:
    """List the services of your party and of parties related to it; operators see all."""
    conditions = reading.external_reference_conditions(register_tables.service, external_ref)
    rows = await queries.fetch_page(database, queries.SERVICES, caller, page, *conditions)
    return page.shape(
        rows, lambda row: [row["service_id"]], lambda row: shapes.service_json(Service(**row), caller.party_id)
    )


@router.get("/{service_id}", **operation("Read one service", ServiceResponse, headers=(ETAG,)))
async def get_service(service_id: str, caller: Caller, database: TheDatabase, response: Response) -> dict[str, Any]:
    """Read one service."""
    row = await reading.fetch_row_or_404(database, queries.SERVICES, caller, "service", service_id)
    return reading.set_entity_tag(shapes.service_json(Service(**row), caller.party_id), response)


@router.put(
    "/{service_id}",
    **operation(
        "Edit name, outcome and description of a service", ServiceResponse, "not-allowed", "invalid", headers=(ETAG,)
    ),
)
async def edit_service(
    service_id: str, body: ServiceEdit, caller: Caller, ledgers: TheLedgers, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change the name, outcome, description or dependencies of a service. Dependencies that are left out stay."""
    unless_changed = reading.if_match_check(if_match, _seen_by(caller))
    service = await services.edit_service(ledgers, caller, service_id, _service_details(body), unless_changed)
    return reading.set_entity_tag(shapes.service_json(service, caller.party_id), response)


def _service_details(body: ServiceEdit) -> ServiceDetails:
    dependencies = body.dependencies if "dependencies" in body.model_fields_set else services.UNCHANGED
    return ServiceDetails(body.name, body.outcome, body.description, body.references(), dependencies)


def _seen_by(caller: Principal) -> Callable[[Service], dict[str, Any]]:
    return lambda service: shapes.service_json(service, caller.party_id)
