"""Errors of the OTLP route in the form that OTLP over HTTP demands: a ``google.rpc.Status`` in the request's encoding.

Most errors arise before the route is called: a wrong key, a rate that is exceeded, a body that is too large. So a
middleware converts the problem documents when they leave the service.
"""

from __future__ import annotations

import json

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slm_monitor.adapters.formats import otlp_wire

DOOR = "/api/v1/otlp/v1/metrics"
_PROBLEM = "application/problem+json"


class OtlpErrors:
    """ASGI middleware for OTLP exports: it converts each problem document in an answer to a ``google.rpc.Status``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != DOOR or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        answer = _Answer(Headers(scope=scope).get("content-type", ""), send)
        await self._app(scope, receive, answer.send)


class _Answer:
    """One answer to an export. A problem document is kept until it is complete, and then converted. Any other answer is
    sent on unchanged.
    """

    def __init__(self, sent_as: str, send: Send) -> None:
        self._is_protobuf = sent_as.partition(";")[0].strip().lower() == otlp_wire.PROTOBUF
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and Headers(raw=message["headers"]).get("content-type") == _PROBLEM:
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        problem = json.loads(self._body)
        said = problem.get("detail") or problem["title"]
        headers = MutableHeaders(raw=list(start["headers"]))
        if self._is_protobuf:
            headers["content-type"] = otlp_wire.PROTOBUF
            body = otlp_wire.encode_otlp_status(start["status"], said)
        else:
            status = {"code": otlp_wire.status_code_of(start["status"]), "message": said}
            body = json.dumps({**problem, **status}).encode("ascii")
        headers["content-length"] = str(len(body))
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
