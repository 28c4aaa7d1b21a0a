"""The construction of a service's REST API: its routers and everything that all requests have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute

from slm_chassis.access_registry import AccessRegistry
from slm_chassis.database import Database
from slm_chassis.foundation import Foundation
from slm_chassis.http import document, health, problem_pages, problems, reference, schemas, strict
from slm_chassis.http.direct import DirectHandlers, Handler
from slm_chassis.http.document import UNDOCUMENTED, Documentation
from slm_chassis.http.gate import AdmissionGate
from slm_chassis.http.idempotency import IdempotencyKeys
from slm_chassis.http.limits import Limits
from slm_chassis.http.operation import PROBLEMS
from slm_chassis.http.parts import ACCESS, CLOCK, DATABASE, KEY_USES, LOG, METRICS, STREAMS, Part
from slm_chassis.http.policies import Policies
from slm_chassis.http.requests import RequestMiddleware
from slm_chassis.http.streams import Streams
from slm_chassis.key_uses import KeyUses
from slm_chassis.metrics import Metrics
from slm_chassis.write_probe import WriteProbe

DOCUMENTATION = Part[Documentation]("documentation")
POLICIES = Part[Policies]("policies")
_checked: dict[int, tuple[APIRouter, list[BaseRoute]]] = {}
"""Id of a router → the router, and its routes with the check. The router is kept so that no other router gets the same
id.
"""


def build_api(
    foundation: Foundation,
    *,
    title: str,
    routers: Sequence[APIRouter],
    direct: Mapping[str, Handler] = MappingProxyType({}),
    documentation: Documentation = UNDOCUMENTED,
) -> FastAPI:
    """Return the API of one service. Its routers carry whole paths such as ``/api/v1/parties``.

    ``direct`` maps paths to handlers that answer before FastAPI looks for a route. ``documentation`` is what the
    OpenAPI document says in addition to the routes. Routes get access, database, clock, log and streams from the parts
    in ``slm_chassis.http.parts``.
    """
    api = bare_api(
        title=title,
        metrics=foundation.metrics,
        limits=foundation.limits,
        database=foundation.database,
        access=foundation.access,
        direct=direct,
        documentation=documentation,
    )
    ACCESS.put(api, foundation.access)
    DATABASE.put(api, foundation.database)
    CLOCK.put(api, foundation.clock)
    LOG.put(api, foundation.log)
    health.PROBE.put(api, WriteProbe(foundation.database))
    health.READINESS.put(api, [])
    _include(api, routers)
    return api


def openapi_of(*, title: str, routers: Sequence[APIRouter], documentation: Documentation) -> dict[str, Any]:
    """Return the OpenAPI document of the API that ``build_api`` returns for the same arguments.

    Neither a database nor a log nor keys are needed.
    """
    api = bare_api(title=title, metrics=Metrics("document"), documentation=documentation)
    _include(api, routers)
    return api.openapi()


def _include(api: FastAPI, routers: Sequence[APIRouter]) -> None:
    for router in (*routers, schemas.router, health.router):
        api.router.routes.extend(_checked_routes(router))


def _checked_routes(router: APIRouter) -> list[BaseRoute]:
    """Return the router's routes, each with the check that every request must pass.

    The routes are made once and all APIs share them, because FastAPI takes milliseconds to prepare each route. No route
    contains anything of one particular API.
    """
    if id(router) not in _checked:
        checked = APIRouter(generate_unique_id_function=_operation_id)
        checked.include_router(router, dependencies=[Depends(strict.check_request)])
        _checked[id(router)] = router, checked.routes
    return _checked[id(router)][1]


def bare_api(
    *,
    title: str,
    metrics: Metrics,
    limits: Limits | None = None,
    database: Database | None = None,
    access: AccessRegistry | None = None,
    direct: Mapping[str, Handler] = MappingProxyType({}),
    documentation: Documentation = UNDOCUMENTED,
) -> FastAPI:
    """Return an API that has only what all services have in common: ids, problems, limits, health, metrics and logs."""
    api = _Api(
        title=title,
        description=document.INTRODUCTION,
        version=version("service-level-management-chassis"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        contact={"name": "The operator of this installation"},
        servers=[{"url": "/", "description": "This installation"}],
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
        docs_url=None,
        redoc_url=None,
    )
    DOCUMENTATION.put(api, documentation)
    METRICS.put(api, metrics)
    KEY_USES.put(api, KeyUses())
    streams = STREAMS.put(api, Streams(metrics, access))
    for kind in (HTTPException, RequestValidationError):
        api.add_exception_handler(kind, _respond)
    api.include_router(reference.router)
    api.include_router(problem_pages.router(documentation.types))
    bounds = limits or Limits()
    gate = AdmissionGate(bounds, access)
    POLICIES.put(api, gate.policies)
    if database is not None:
        api.add_middleware(IdempotencyKeys, database=database, policies=gate.policies)
    if direct:
        api.add_middleware(DirectHandlers, handlers=direct)
    api.add_middleware(RequestMiddleware, metrics=metrics, streams=streams, limits=bounds, gate=gate)
    return api


class _Api(FastAPI):
    """FastAPI whose OpenAPI document is completed from the routes."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, which is made once and then kept."""
        if self.openapi_schema is None:
            document.complete_document(super().openapi(), self, DOCUMENTATION.find(self))
        assert self.openapi_schema is not None
        return self.openapi_schema


async def _respond(request: Request, error: Exception) -> Response:
    problem = problems.problem_of(error, request.state.request_id)
    if problem.status == 405:
        # Starlette knows only the methods of the first route with this path.
        policies = POLICIES.find(request.app)
        problem.headers = {
            **(problem.headers or {}),
            "Allow": ", ".join(policies.allowed(request.app, request.url.path)),
        }
    return problems.problem_response(problem, request.url.path)


def _operation_id(route: APIRoute) -> str:
    """Return an operation's id, which generated clients use as a name.

    It is the function's name if ``operation`` describes the route, else the resource and the function's name.
    """
    if PROBLEMS in (route.openapi_extra or {}):
        return route.name
    return f"{route.path_format.removeprefix('/api/v1/').split('/', 1)[0]}_{route.name}"
