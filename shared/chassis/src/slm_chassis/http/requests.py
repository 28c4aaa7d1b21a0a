"""What surrounds every request: ids in and out, the body's limit, errors as problems, the access log, open streams."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slm_chassis import tracing
from slm_chassis.access import AccessRegistry
from slm_chassis.http.bodies import Bodies
from slm_chassis.http.problems import Problem, problem_of, respond
from slm_chassis.identity import new_id
from slm_chassis.metrics import Metrics

_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
FAREWELL_SECONDS = 1.0
_QUIET = ("/livez", "/readyz", "/metrics")
_logger = structlog.get_logger("slm.access_log")


class Streams:
    """Answers without an end (server-sent events) that are open now: ended at shutdown, and with the caller's key."""

    def __init__(self, metrics: Metrics, access: AccessRegistry | None = None) -> None:
        self._gauge = metrics.http_streams
        self._open: dict[asyncio.Task[object], str | None] = {}
        self._ended: set[asyncio.Task[object]] = set()
        self._access = access
        self.ending = False
        if access is not None:
            access.on_death(self._end_those_of)

    def end(self) -> None:
        """End all, those that begin later too; their clients reconnect elsewhere."""
        self.ending = True
        for task in self._open:
            self._end(task)

    def ender(self) -> Callable[[], None]:
        """What ends the stream that answers the present request, from anywhere and whenever."""
        task = asyncio.current_task()
        assert task is not None

        def end() -> None:
            if task in self._open:
                self._end(task)

        return end

    def was_ended(self, task: asyncio.Task[object]) -> bool:
        """Whether it was us who cancelled the task."""
        return task in self._ended

    def add(self, task: asyncio.Task[object], key_id: str | None = None) -> None:
        self._open[task] = key_id
        self._gauge.set(len(self._open))
        # The key may have died between its check and this moment.
        if self.ending or (key_id is not None and self._access is not None and self._access.is_dead(key_id)):
            self._end(task)

    def discard(self, task: asyncio.Task[object]) -> None:
        self._open.pop(task, None)
        self._ended.discard(task)
        self._gauge.set(len(self._open))

    def _end_those_of(self, key_id: str) -> None:
        for task in [task for task, opened_with in self._open.items() if opened_with == key_id]:
            self._end(task)

    def _end(self, task: asyncio.Task[object]) -> None:
        self._ended.add(task)
        task.cancel()


class Requests:
    """ASGI middleware around a service's API; every error below it becomes a problem document."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, streams: Streams, max_body_bytes: int, bodies: Bodies
    ) -> None:
        self._app = app
        self._bodies = bodies
        self._metrics = metrics
        self._streams = streams
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._max_body_bytes, self._streams, self._bodies)
        with exchange.traced():
            try:
                await self._answer(exchange)
            finally:
                exchange.release()
                self._record(exchange)

    async def _answer(self, exchange: _Exchange) -> None:
        try:
            exchange.refuse_announced_excess()
            await self._run(exchange)
        except Exception as error:
            problem = problem_of(error, exchange.request_id)
            if exchange.status:
                # The answer has begun: ending it short is all that is left, and the client sees that it is short.
                raise
            await respond(problem, exchange.scope["path"])(exchange.scope, exchange.receive, exchange.send)

    async def _run(self, exchange: _Exchange) -> None:
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            if not self._streams.was_ended(exchange.task):
                raise
            exchange.task.uncancel()
            await exchange.finish()
        finally:
            self._streams.discard(exchange.task)

    def _record(self, exchange: _Exchange) -> None:
        seconds = time.perf_counter() - exchange.began
        scope, route = exchange.scope, exchange.route
        if not exchange.is_stream:
            self._metrics.http_seconds.labels(scope["method"], route).observe(seconds)
        self._metrics.http_requests.labels(scope["method"], route, str(exchange.status)).inc()
        principal = scope.get("state", {}).get("principal")
        # Never the query string: browsers send their key in it.
        # What comes by the thousand a second is counted; a line for each would cost as much as the work itself.
        is_routine = scope.get("slm.frequent", False) and exchange.status < 400
        (_logger.debug if route in _QUIET or is_routine else _logger.info)(
            "request",
            method=scope["method"],
            path=scope["path"],
            route=route,
            status=exchange.status,
            milliseconds=round(seconds * 1_000, 3),
            bytes_in=exchange.bytes_in,
            bytes_out=exchange.bytes_out,
            principal_id=getattr(principal, "principal_id", None),
            key_id=getattr(principal, "key_id", None),
        )


class _Exchange:
    """One request and its answer as they pass by."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, max_body_bytes: int, streams: Streams, bodies: Bodies
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        self.scope = scope
        self._receive = receive
        self._send = send
        self._max_body_bytes = max_body_bytes
        self._streams = streams
        self._bodies = bodies
        self._held = 0
        self.began = time.perf_counter()
        self.status = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.is_stream = False
        self._ended = False
        headers = Headers(scope=scope)
        self.request_id = _sane(headers.get("x-request-id")) or new_id()
        self.correlation_id = _sane(headers.get("x-correlation-id")) or self.request_id
        self.traceparent = _next_span(headers.get("traceparent"))
        self._announced = headers.get("content-length", "")
        scope.setdefault("state", {})["request_id"] = self.request_id

    @property
    def route(self) -> str:
        """The path's template, so that ids do not make metrics without end."""
        return getattr(self.scope.get("route"), "path", None) or "-"

    @contextmanager
    def traced(self) -> Iterator[None]:
        correlation = tracing.correlation_id.set(self.correlation_id)
        traceparent = tracing.traceparent.set(self.traceparent)
        with structlog.contextvars.bound_contextvars(
            request_id=self.request_id, correlation_id=self.correlation_id, trace_id=self.traceparent[3:35]
        ):
            try:
                yield
            finally:
                tracing.correlation_id.reset(correlation)
                tracing.traceparent.reset(traceparent)

    def refuse_announced_excess(self) -> None:
        if self._announced.isdigit() and int(self._announced) > self._max_body_bytes:
            raise self._too_large()
        if self._announced.isdigit():
            self._bodies.check(int(self._announced))

    def release(self) -> None:
        """The request is answered: its body is no longer held."""
        self._bodies.release(self._held)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            size = len(message.get("body", b""))
            self.bytes_in += size
            if self.bytes_in > self._max_body_bytes:
                raise self._too_large()
            self._bodies.hold(size)
            self._held += size
        return message

    def _too_large(self) -> Problem:
        detail = f"A body may have {self._max_body_bytes} bytes. Send the rest in further requests."
        return Problem(413, "too-large", "The body is too large", detail)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start(message)
        elif message["type"] == "http.response.body":
            self.bytes_out += len(message.get("body", b""))
            self._ended = not message.get("more_body", False)
        await self._send(message)

    def _start(self, message: Message) -> None:
        self.status = message["status"]
        headers = MutableHeaders(scope=message)
        headers["X-Request-Id"] = self.request_id
        headers["X-Correlation-Id"] = self.correlation_id
        headers["traceparent"] = self.traceparent
        headers.setdefault("Cache-Control", "no-store")
        if headers.get("content-type", "").startswith("text/event-stream"):
            self.is_stream = True
            principal = self.scope["state"].get("principal")
            self._streams.add(self.task, getattr(principal, "key_id", None))

    async def finish(self) -> None:
        """End an answer that its author did not: the client sees a whole one and reconnects."""
        if self.status and not self._ended:
            # A client that reads nothing would have us wait for ever: then its connection ends as it is.
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _sane(text: str | None) -> str | None:
    return text if text and _ID.fullmatch(text) else None


def _next_span(given: str | None) -> str:
    """Our own span in the caller's trace, or in a new one (W3C Trace Context, version 00)."""
    match = _TRACEPARENT.fullmatch(given or "")
    trace, flags = match.groups() if match else (secrets.token_hex(16), "00")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
