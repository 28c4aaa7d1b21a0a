"""ASGI middleware around the console: security headers, the limit of a request's body, and the path prefix."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 12 << 20
"""Largest request body in bytes; a form may carry a signed PDF."""
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
"""The content security policy: no inline script or style, and nothing from another origin."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    # The paths of pages name agreements and guest links; they are nobody else's business.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class BodyTooLarge(Exception):
    """A request body is larger than MOST_BODY_BYTES."""


class Guard:
    """ASGI middleware that adds security headers to all answers and refuses request bodies that are too large.

    It also answers HEAD requests, and serves the console only below the path prefix, if one is configured.
    """

    def __init__(self, app: ASGIApp, prefix: str = "") -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._prefix and not scope["path"].startswith(f"{self._prefix}/"):
            await PlainTextResponse("Nothing is served here.", 404)(scope, receive, _protected(scope, send))
            return
        sending = _protected(scope, send)
        if scope["method"] == "HEAD":
            # FastAPI routes GET only; HEAD is GET without the body.
            scope, sending = {**scope, "method": "GET"}, _without_body(sending)
        try:
            scope = {**scope, "root_path": self._prefix}
            await self._app(scope, _bounded(receive), sending)
        except BodyTooLarge:
            await PlainTextResponse("The form is too large.", 413)(scope, receive, _protected(scope, send))


def _without_body(send: Send) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headed


def _bounded(receive: Receive) -> Receive:
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MOST_BODY_BYTES:
            raise BodyTooLarge
        return message

    return bounded


def _protected(scope: Scope, send: Send) -> Send:
    async def protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if scope.get("scheme") == "https":
                headers.setdefault("strict-transport-security", "max-age=31536000")
            # A page of one person must not be shown from the cache to the next person at the same browser.
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return protected
