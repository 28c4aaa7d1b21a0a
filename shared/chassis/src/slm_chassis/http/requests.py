"""ASGI middleware around every request: admission before the body, errors as problems, the access log."""

from __future__ import annotations

import asyncio
import time

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from slm_chassis.http.exchange import Exchange
from slm_chassis.http.gate import QUIET, AdmissionGate
from slm_chassis.http.limits import Limits
from slm_chassis.http.problems import problem_of
from slm_chassis.http.streams import Streams
from slm_chassis.metrics import Metrics

_logger = structlog.get_logger("slm.access_log")


class RequestMiddleware:
    """ASGI middleware around a service's API: admits requests, turns errors into problem documents, and logs."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, streams: Streams, limits: Limits, gate: AdmissionGate
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._streams = streams
        self._limits = limits
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send, self._limits, self._streams, self._gate)
        with exchange.traced():
            try:
                await self._answer(exchange)
            finally:
                exchange.release()
                self._record(exchange)

    async def _answer(self, exchange: Exchange) -> None:
        try:
            await exchange.admit()
            await self._run(exchange)
        except Exception as error:
            problem = problem_of(error, exchange.request_id)
            if exchange.status:
                # The answer has begun, so it can only be cut short. The client can see that it is incomplete.
                raise
            await exchange.refuse(problem)

    async def _run(self, exchange: Exchange) -> None:
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            if not self._streams.was_ended(exchange.task):
                raise
            exchange.task.uncancel()
            await exchange.finish()
        finally:
            self._streams.discard(exchange.task)

    def _record(self, exchange: Exchange) -> None:
        seconds = time.perf_counter() - exchange.began
        scope, route = exchange.scope, exchange.route
        if not exchange.is_stream:
            self._metrics.http_seconds.labels(exchange.method, route).observe(seconds)
        self._metrics.http_requests.labels(exchange.method, route, str(exchange.status)).inc()
        principal = scope.get("state", {}).get("principal")
        # Never log the query string: somebody may have put a key or a name in it.
        # Frequent requests are only counted: a log line for each would cost as much as the request.
        is_routine = scope.get("slm.frequent", False) and exchange.status < 400
        (_logger.debug if route in QUIET or is_routine else _logger.info)(
            "request",
            method=exchange.method,
            path=scope["path"],
            route=route,
            status=exchange.status,
            milliseconds=round(seconds * 1_000, 3),
            bytes_in=exchange.bytes_in,
            bytes_out=exchange.bytes_out,
            principal_id=getattr(principal, "principal_id", None),
            key_id=getattr(principal, "key_id", None),
        )
