"""``/api/v1/services``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_agreement.adapters import queries, tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.reading import ONE, ExternalReference
from slm_agreement.api.schemas import NewService, ServiceEdit
from slm_agreement.application import services
from slm_agreement.domain.people import Service
from slm_chassis.http import etag
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase

router = APIRouter(prefix="/api/v1/services", tags=["services"])


@router.post("", status_code=201)
async def catalogue_service(body: NewService, caller: Caller, desk: TheDesk, response: Response) -> dict[str, Any]:
    """Enter a service of your party into the catalogue, with the outcome it exists for."""
    service, is_new = await services.catalogue(
        desk, caller, body.provider_party_id, body.key, body.name, body.outcome, body.description, body.references()
    )
    response.status_code = 201 if is_new else 200
    return _shown(service, response)


@router.get("")
async def list_services(
    caller: Caller, database: TheDatabase, page: Paging, external_ref: ExternalReference = None
) -> dict[str, Any]:
    """Services you provide, require something of, or have an agreement over."""
    conditions = reading.by_reference(tables.service, external_ref)
    async with database.read() as connection:
        rows = await queries.services(connection, caller, page, *conditions)
    return page.shape(rows, lambda row: [row["service_id"]], lambda row: shapes.service(Service(**row)))


@router.get("/{service_id}")
async def get_service(service_id: str, caller: Caller, database: TheDatabase, response: Response) -> dict[str, Any]:
    """One service."""
    async with database.read() as connection:
        rows = await queries.services(connection, caller, ONE, queries.with_id(tables.service, service_id))
    return _shown(Service(**reading.one(rows, "service", service_id)), response)


@router.put("/{service_id}")
async def edit_service(
    service_id: str, body: ServiceEdit, caller: Caller, desk: TheDesk, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change name, outcome or description."""

    def unless_changed(present: Service) -> None:
        etag.check(if_match, shapes.tag(shapes.service(present)))

    service = await services.edit(
        desk, caller, service_id, body.name, body.outcome, body.description, body.references(), unless_changed
    )
    return _shown(service, response)


def _shown(service: Service, response: Response) -> dict[str, Any]:
    shown = shapes.service(service)
    response.headers["ETag"] = etag.etag_of(shapes.tag(shown))
    return shown
