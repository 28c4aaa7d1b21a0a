"""``/api/v1/services``: the catalogue of services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from slm_agreement.adapters import queries, register_tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.bodies.catalogue import NewService, ServiceEdit
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.responses.catalogue import ServiceResponse, ServiceStatus
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
    caller: Caller,
    database: TheDatabase,
    page: Paging,
    external_ref: ExternalReference = None,
    status: Annotated[ServiceStatus | None, Query(description="Only services with this status")] = None,
    configuration_item: Annotated[
        str | None, Query(max_length=301, description="`system:id` of a configuration item of your own services")
    ] = None,
) -> dict[str, Any]:
    """List the services of your party and of parties related to it; operators see all."""
    conditions = reading.external_reference_conditions(register_tables.service, external_ref)
    conditions += [] if status is None else [queries.service_has_status(status)]
    if configuration_item is not None:
        system, identity = reading.external_reference_parts("configuration_item", configuration_item)
        conditions.append(queries.has_configuration_item(caller, system, identity))
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
        "Edit a service of your catalogue",
        ServiceResponse,
        "not-allowed",
        "wrong-state",
        "invalid",
        headers=(ETAG,),
    ),
)
async def edit_service(
    service_id: str, body: ServiceEdit, caller: Caller, ledgers: TheLedgers, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change a service, also its status. Name, outcome, description and external references are replaced; every other
    field that is left out stays as it is.

    A status that may not follow the present one is refused. You cannot retire a service while a signed agreement about
    it has not ended: end the agreements first. A retired service cannot be named in a new agreement.
    """
    unless_changed = reading.if_match_check(if_match, _seen_by(caller))
    service = await services.edit_service(ledgers, caller, service_id, _service_details(body), unless_changed)
    return reading.set_entity_tag(shapes.service_json(service, caller.party_id), response)


def _service_details(body: ServiceEdit) -> ServiceDetails:
    dependencies = body.dependencies if "dependencies" in body.model_fields_set else services.UNCHANGED
    status = services.UNCHANGED if body.status is None else body.status
    references = body.references()
    return ServiceDetails(body.name, body.outcome, body.description, references, dependencies, status, body.details())


def _seen_by(caller: Principal) -> Callable[[Service], dict[str, Any]]:
    return lambda service: shapes.service_json(service, caller.party_id)
