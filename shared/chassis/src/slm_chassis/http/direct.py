"""Handlers for routes with thousands of requests a second: a handler answers before FastAPI looks for a route.

Each handler is also declared as a route, so that the OpenAPI document has it. A request with an Idempotency-Key takes
this route, which calls the same function.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from slm_chassis.http.strict import check_query

Handler = Callable[[Request], Awaitable[Response]]
_KEY = b"idempotency-key"


@dataclass(frozen=True, slots=True)
class _Route:
    """The part of a route that the access log and the metrics read."""

    path: str


class DirectHandlers:
    """ASGI middleware that answers a POST to a path in ``handlers`` with its handler."""

    def __init__(self, app: ASGIApp, *, handlers: Mapping[str, Handler]) -> None:
        self._app = app
        self._handlers = handlers
        self._routes = {path: _Route(path) for path in handlers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope.get("path", ""))
        if handler is None or scope["method"] != "POST" or any(name == _KEY for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        scope["route"] = self._routes[scope["path"]]
        scope["slm.frequent"] = True
        request = Request(scope, receive)
        if scope["query_string"]:
            check_query(request.query_params, ())
        response = await handler(request)
        await response(scope, receive, send)
