"""One request and its answer: ids, limits of the body, and the headers that every answer has."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from slm_chassis import tracing
from slm_chassis.http import accept, etag, json_bounds
from slm_chassis.http.connections import IncomingConnection
from slm_chassis.http.gate import QUIET, Admission, AdmissionGate, body_too_large
from slm_chassis.http.limits import REFUSED_BYTES, Limits
from slm_chassis.http.problems import Problem, problem_response
from slm_chassis.http.streams import Streams
from slm_chassis.identity import new_id

FAREWELL_SECONDS = 1.0
"""Seconds to wait until a client has received the end of a stream."""
DRAIN_SECONDS = 0.5
"""Seconds to wait for the rest of a small refused body, so that its connection can be used again."""
SLOWEST = 32 << 10
"""Bytes a second: the slowest rate at which a body may arrive. A body that keeps this rate may take any time."""
_BULK_VALUES = 4
"""How many times the usual number of JSON values a bulk body may have: enough for 100,000 items of three fields."""
_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_Header = tuple[bytes, bytes]
_CSP = b"content-security-policy"
_SAFETY = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    _CSP: b"default-src 'none'; frame-ancestors 'none'",
    b"cache-control": b"no-store",
}
"""Security headers of every answer. A page that needs others sets its own."""
_HSTS = b"max-age=31536000"


class Exchange:
    """A request and its answer: a wrapper around the server's ASGI functions ``receive`` and ``send``."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, limits: Limits, streams: Streams, gate: AdmissionGate
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        self.method: str = scope["method"]
        self._receive = receive
        self._send = send
        self._limits = limits
        self._streams = streams
        self._gate = gate
        self._held = 0
        self.admission: Admission | None = None
        self.began = time.perf_counter()
        self._deadline = asyncio.get_running_loop().time() + limits.body_seconds
        self.status = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.is_stream = False
        self._is_swallowed = False
        self._is_bodiless = False
        self._ended = False
        self._is_received = False
        self.headers = headers = Headers(scope=scope)
        self.request_id = _sane(headers.get("x-request-id")) or new_id()
        self.correlation_id = _sane(headers.get("x-correlation-id")) or self.request_id
        self.traceparent = tracing.valid_traceparent(headers.get("traceparent"))
        self._incoming: IncomingConnection | None = scope.get("slm.incoming")
        length = headers.get("content-length", "")
        self.announced = int(length) if length.isdigit() and len(length) < 16 else 0
        self.has_body = "transfer-encoding" in headers or length not in ("", "0")
        scope.setdefault("state", {})["request_id"] = self.request_id
        # The route of the GET answers a HEAD; its body is not sent.
        self.scope: Scope = {**scope, "method": "GET"} if self.method == "HEAD" else scope

    @property
    def route(self) -> str:
        """The template of the request's path, such as ``/parties/{party_id}``.

        Metrics use it instead of the path, whose ids would make an unlimited number of series.
        """
        return getattr(self.scope.get("route"), "path", None) or "-"

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Run the body of the ``with`` statement with the request's correlation id, tracing span and log fields."""
        correlation = tracing.correlation_id.set(self.correlation_id)
        client = self.scope.get("client")
        address = tracing.client_address.set(client[0] if client else None)
        try:
            with tracing.trace_request(self.method, self.traceparent, self.headers.get("tracestate")) as span:
                self.traceparent = span.traceparent
                with structlog.contextvars.bound_contextvars(**self._log_fields()):
                    yield
                span.end(self.method, self.route, self.status)
        finally:
            tracing.client_address.reset(address)
            tracing.correlation_id.reset(correlation)

    def _log_fields(self) -> dict[str, str]:
        fields = {"request_id": self.request_id, "correlation_id": self.correlation_id}
        return fields if self.traceparent is None else {**fields, "trace_id": self.traceparent[3:35]}

    async def admit(self) -> None:
        """Check the request before any of its body is read: its caller, rate and limits.

        Raises Problem, AccessUnavailable or Overload if the request is not admitted.
        """
        self.admission = await self._gate.admit(Request(self.scope), self.announced)
        if self.method == "HEAD" and self.admission.policy.is_stream:
            raise Problem(405, "method-not-allowed", "A stream has no end to leave out", headers={"Allow": "GET"})
        if self.admission.principal_id and self._incoming is not None:
            self._incoming.vouch()

    def release(self) -> None:
        """Stop counting the request and its body against the limits. Called once the request is answered."""
        if self.admission is not None:
            self._gate.bodies.release(self._held, self.admission.holder)
            self._gate.release(self.admission)

    async def receive(self) -> Message:
        """Return the next ASGI message with a piece of the body.

        A JSON body that FastAPI will parse comes in one piece, after its depth and number of values have been checked.
        """
        if self._is_received or self.admission is None or not self._is_json(self.admission):
            return await self._piece()
        pieces = []
        while True:
            message = await self._piece()
            if message["type"] != "http.request":
                return message
            pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        body = b"".join(pieces)
        most = self._limits.max_json_values * (_BULK_VALUES if self.admission.policy.is_bulk else 1)
        json_bounds.check_json_bounds(body, self._limits.max_json_depth, most)
        return {"type": "http.request", "body": body, "more_body": False}

    def _is_json(self, admission: Admission) -> bool:
        # FastAPI reads a body without a content type as JSON, too.
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        return self.has_body and admission.policy.is_parsed and kind.endswith(("/json", "+json"))

    async def _piece(self) -> Message:
        if self._is_received or (self._incoming is not None and self._incoming.is_whole()):
            message = await self._receive()
        else:
            message = await self._timely()
        if message["type"] == "http.request":
            self._take(len(message.get("body", b"")))
            self._is_received = not message.get("more_body", False)
        return message

    async def _timely(self) -> Message:
        try:
            async with asyncio.timeout_at(self._deadline + self.bytes_in / SLOWEST):
                return await self._receive()
        except TimeoutError:
            detail = f"The body did not arrive within {self._limits.body_seconds:g} s. Send it again, faster."
            raise Problem(408, "body-too-slow", "The body came too slowly", detail) from None

    def _take(self, size: int) -> None:
        assert self.admission is not None
        self.bytes_in += size
        if self.bytes_in > self.admission.max_body_bytes:
            raise body_too_large(self.admission.max_body_bytes)
        self._gate.bodies.hold(size, self.admission.holder)
        self._held += size

    async def refuse(self, problem: Problem) -> None:
        """Answer with a problem. A small body is read to its end first, so that the connection can be used again."""
        await self._drain()
        await problem_response(problem, self.scope["path"])(self.scope, self._receive, self.send)

    async def _drain(self) -> None:
        # Reading would tell a client that waits (Expect: 100-continue) to send its body.
        is_small = 0 < self.announced <= REFUSED_BYTES and "expect" not in self.headers
        if self._is_received or not is_small or self._incoming is None:
            return
        with suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._is_received:
                    message = await self._receive()
                    self.bytes_in += len(message.get("body", b""))
                    self._is_received = message["type"] != "http.request" or not message.get("more_body", False)

    async def send(self, message: Message) -> None:
        """Send a part of the answer, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            await self._start(message)
            return
        if message["type"] == "http.response.body":
            if self._is_swallowed:
                return
            self._ended = not message.get("more_body", False)
            if self.method == "HEAD" or self._is_bodiless:
                message = {**message, "body": b""}
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)

    async def _start(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        if self._is_unwanted(message["status"], headers.get("content-type", "")):
            problem = accept.not_acceptable(self.headers["accept"], [headers["content-type"].partition(";")[0]])
            await problem_response(problem, self.scope["path"])(self.scope, self._receive, self.send)
            self._is_swallowed = True
            return
        if self._is_known_to_client(message["status"], headers):
            message["status"] = HTTPStatus.NOT_MODIFIED.value  # a log line shows the number, not the name of the enum
            for name in ("content-type", "content-length"):
                del headers[name]
            self._is_bodiless = True
        self.status = message["status"]
        headers.raw[:] = self._completed(headers.raw)
        if self._incoming is not None and not self._incoming.is_whole():
            # The server would read the rest of the body as the next request, so the connection must end.
            headers["Connection"] = "close"
        if headers.get("content-type", "").startswith("text/event-stream"):
            self.is_stream = True
            principal = self.scope["state"].get("principal")
            self._streams.add(self.task, getattr(principal, "key_id", None))
        await self._send(message)

    def _completed(self, given: Sequence[_Header]) -> list[_Header]:
        """Return an answer's given headers together with the headers that every answer has.

        This function works on pairs of bytes. Starlette's functions would take three times as long, because each of
        them searches the list.
        """
        own = {b"x-request-id": self.request_id.encode(), b"x-correlation-id": self.correlation_id.encode()}
        if self.traceparent is not None:
            own[b"traceparent"] = self.traceparent.encode()
        if self.scope.get("scheme") == "https":
            own[b"strict-transport-security"] = _HSTS
        if self.admission is not None:
            own |= {name.lower().encode(): value.encode() for name, value in self.admission.headers.items()}
        kept = [header for header in given if header[0] not in own]
        defaults = {**_SAFETY, **dict(kept)}
        # For browsers that do not know the policy's frame-ancestors.
        may_frame = b"frame-ancestors 'self'" in defaults[_CSP]
        defaults.setdefault(b"x-frame-options", b"SAMEORIGIN" if may_frame else b"DENY")
        names = {name for name, _ in kept}
        return [*kept, *own.items(), *((name, value) for name, value in defaults.items() if name not in names)]

    def _is_known_to_client(self, status: int, headers: MutableHeaders) -> bool:
        given = self.headers.get("if-none-match")
        if given is None or status != HTTPStatus.OK or self.method not in ("GET", "HEAD") or "etag" not in headers:
            return False
        return etag.is_etag_named(given, headers["etag"])

    def _is_unwanted(self, status: int, media_type: str) -> bool:
        given = self.headers.get("accept", "")
        if not given or not media_type or self.method not in ("GET", "HEAD") or self.scope["path"] in QUIET:
            return False
        return 200 <= status < 300 and not accept.accepts_media_type(given, media_type)

    async def finish(self) -> None:
        """End an answer that its handler has not ended, such as an event stream at shutdown.

        To the client the answer looks complete, so the client reconnects.
        """
        if self.status and not self._ended:
            # A client that reads nothing would keep us waiting for ever. After the timeout its connection just ends.
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _sane(text: str | None) -> str | None:
    return text if text and _ID.fullmatch(text) else None
