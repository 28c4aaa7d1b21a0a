"""The public HTTP application of an installation in one process: it passes each request to the service that answers it.

A path that belongs to no API, document, health check or metrics is a page of the console.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Receive, Scope, Send

from slm.openapi import merge_documents
from slm_chassis.app import ServiceApp
from slm_chassis.http import health
from slm_chassis.http.api import DOCUMENTATION, bare_api
from slm_chassis.http.document import Documentation
from slm_chassis.http.limits import Limits
from slm_chassis.http.parts import METRICS
from slm_chassis.metrics import Metrics

PREFIX = "/api/v1/"
OWN = ("/api/", "/docs", "/favicon.ico", "/livez", "/metrics", "/openapi.json", "/problems/", "/readyz")
"""Beginnings of the paths that are not pages of the console."""
STREAMS = (f"{PREFIX}stream", f"{PREFIX}figures/stream")
"""The API's paths on which the session's cookie is accepted."""
WELL_KNOWN = "/.well-known/"
"""The beginning of the paths at which clients look for metadata (RFC 8615)."""
SHARED = "schemas"
"""The one resource that every service serves, with the same content."""


class ResourceOwnedTwice(Exception):
    """Two services serve the same first path segment, so it is not clear which one answers."""


class PublicFace:
    """ASGI application that passes each request to the service or the console that owns its path.

    It answers requests for health checks, metrics and documents itself. ``prefix`` is the path under which the console
    is served. The event streams are served below ``prefix`` too: browsers send the session's cookie only there, and the
    event streams accept the cookie.
    """

    def __init__(
        self,
        apps: Sequence[ServiceApp],
        console: ASGIApp | None = None,
        *,
        limits: Limits | None = None,
        prefix: str = "",
    ):
        self._owners = {resource: app.http for resource, app in resource_owners(apps).items()}
        self._well_known = well_known_paths(apps)
        self.own = _own_api(apps, limits)
        self._console = console or self.own
        self._streams = {f"{prefix}{path}": path for path in STREAMS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target: ASGIApp = self.own
        if scope["type"] == "http" and scope["path"] in self._streams:
            path = self._streams[scope["path"]]
            scope = {**scope, "path": path, "raw_path": path.encode()}
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            target = self._owners.get(resource_of(scope["path"]), self.own)
        elif scope["type"] == "http" and scope["path"] in self._well_known:
            target = self._well_known[scope["path"]]
        elif scope["type"] == "http" and not scope["path"].startswith(OWN):
            target = self._console
        await target(scope, receive, send)


def resource_of(path: str) -> str:
    """Return the resource of a path: ``/api/v1/parties/7/keys`` → ``parties``."""
    return path.removeprefix(PREFIX).split("/", 1)[0]


def resources_of(api: FastAPI) -> frozenset[str]:
    """Return the resources that an API has routes for, including routes that its OpenAPI document omits."""
    paths = [context.path for context in iter_route_contexts(api.routes) if context.path]
    return frozenset(resource_of(path) for path in paths if path.startswith(PREFIX))


def resource_owners(apps: Sequence[ServiceApp]) -> Mapping[str, ServiceApp]:
    """Return resource → the service that owns it. Raises ResourceOwnedTwice."""
    found: dict[str, ServiceApp] = {}
    for app in apps:
        for resource in resources_of(app.http):
            owner = found.setdefault(resource, app)
            if owner is not app and resource != SHARED:
                raise ResourceOwnedTwice(f"{owner.context} and {app.context} both serve {PREFIX}{resource}")
    return found


def well_known_paths(apps: Sequence[ServiceApp]) -> Mapping[str, FastAPI]:
    """Return path below ``/.well-known/`` → the API that answers it."""
    return {
        context.path: app.http
        for app in apps
        for context in iter_route_contexts(app.http.routes)
        if context.path and context.path.startswith(WELL_KNOWN)
    }


def _own_api(apps: Sequence[ServiceApp], limits: Limits | None) -> FastAPI:
    problems = {each.code: each for app in apps for each in DOCUMENTATION.find(app.http).problems}
    own = bare_api(
        title="Service level management",
        metrics=Metrics("face"),
        limits=limits,
        documentation=Documentation(problems=list(problems.values())),
    )
    own.state.apps = {app.context: app for app in apps}
    own.openapi = lambda: merge_documents({app.context: app.http.openapi() for app in apps})  # type: ignore[method-assign]
    own.include_router(_health(apps, own))
    return own


def _health(apps: Sequence[ServiceApp], own: FastAPI) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    of_process = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=of_process)

    @router.get("/livez")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def ready() -> Response:
        reasons = [f"{app.context}: {reason}" for app in apps for reason in await health.problems_of(app.http)]
        answer: dict[str, Any] = {"status": "not ready" if reasons else "ready", "reasons": reasons}
        return JSONResponse(answer, 503 if reasons else 200)

    @router.get("/metrics")
    async def figures() -> Response:
        texts = [await health.metrics_text(app.http) for app in apps]
        texts += [METRICS.find(own).text(), generate_latest(of_process)]
        return Response(b"".join(texts), media_type=CONTENT_TYPE_LATEST)

    return router
