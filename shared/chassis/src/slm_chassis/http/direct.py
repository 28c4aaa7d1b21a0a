"""Routes answered before the framework looks for them: for the few whose requests come by the thousand a second.

They are declared as routes too, so that they stand in the API's document; a request with an Idempotency-Key takes
that way, which is the same function behind more machinery.
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
    """What the access log and the metrics ask a route for."""

    path: str


class Direct:
    """ASGI middleware. ``handlers``: path → what answers a POST to it."""

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
        check_query(request.query_params, ())
        response = await handler(request)
        await response(scope, receive, send)
