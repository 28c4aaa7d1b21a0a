"""Tracing: ids that travel from an HTTP request to every event that it causes.

Without OpenTelemetry, a ``traceparent`` (W3C Trace Context) is passed on unchanged: no span ids are made, since nobody
could look them up. With the extra ``tracing`` installed and an exporter configured, OpenTelemetry makes a span for each
request, and the events that the request causes name this span as their parent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from slm_events.envelope import Envelope

try:
    from opentelemetry import propagate, trace
except ImportError:  # the extra is not installed
    propagate = trace = None  # type: ignore[assignment]

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""The correlation id of the present work: all events that follow from one request or one first event carry it."""

causation_id: ContextVar[str | None] = ContextVar("causation_id", default=None)
"""The id of the event being handled, which is the direct cause of the events published now."""

client_address: ContextVar[str | None] = ContextVar("client_address", default=None)
"""The network address that the current request came from; None outside of requests."""

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""The W3C trace context of the current work; None if the work is not traced."""


@contextmanager
def caused_by(envelope: Envelope) -> Iterator[None]:
    """Record this event as the cause of every event that is published in the body of the ``with`` statement."""
    with track_causes() as cause:
        cause(envelope)
        yield


@contextmanager
def track_causes() -> Iterator[Callable[[Envelope], None]]:
    """Yield a function; each call makes its event the cause of all events published until the next call.

    Use it for a batch of events: calling this function costs less than ``caused_by`` for each event.
    """
    before = [(variable, variable.get()) for variable in (correlation_id, causation_id, traceparent)]
    try:
        yield _cause
    finally:
        for variable, value in before:
            variable.set(value)


def _cause(envelope: Envelope) -> None:
    correlation_id.set(envelope.correlation_id or envelope.id)
    causation_id.set(envelope.id)
    traceparent.set(envelope.traceparent)


def valid_traceparent(given: str | None) -> str | None:
    """Return the header ``traceparent`` unchanged; None if it is missing or does not follow W3C Trace Context."""
    return given if given is not None and _TRACEPARENT.fullmatch(given) else None


@dataclass
class Span:
    """The trace context of a request, and its OpenTelemetry span if one is recorded."""

    traceparent: str | None
    _recorded: Any = None

    def end(self, method: str, route: str, status: int) -> None:
        """Record the request's method and route and the status of its answer."""
        if self._recorded is not None:
            self._recorded.update_name(f"{method} {route}")
            self._recorded.set_attribute("http.request.method", method)
            self._recorded.set_attribute("http.route", route)
            self._recorded.set_attribute("http.response.status_code", status)


@contextmanager
def trace_request(name: str, given: str | None, state: str | None = None) -> Iterator[Span]:
    """Trace a request, which is the body of the ``with`` statement. Its events carry the trace's context.

    ``given`` is a valid traceparent or None; ``state`` is the header ``tracestate``.
    """
    if not _is_recording():
        with _within(given):
            yield Span(given)
        return
    headers = {} if given is None else {"traceparent": given, **({} if state is None else {"tracestate": state})}
    tracer = trace.get_tracer("slm_chassis")
    parent = propagate.extract(headers)
    with tracer.start_as_current_span(name, context=parent, kind=trace.SpanKind.SERVER) as recorded:
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        own = carrier.get("traceparent", given)
        with _within(own):
            yield Span(own, recorded)


def configure_tracing(context: str) -> bool:
    """Export spans over OTLP if the variables ``OTEL_EXPORTER_OTLP_…`` ask for it; return whether spans are exported.

    Nothing is exported if the extra ``tracing`` is not installed.
    """
    asked = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{name}") for name in ("ENDPOINT", "TRACES_ENDPOINT"))
    if trace is None or not asked:
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        return False
    provider = TracerProvider(resource=Resource.create({"service.name": f"slm-{context}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return True


def _is_recording() -> bool:
    """Whether OpenTelemetry is set up, by ``configure_tracing`` or by ``opentelemetry-instrument``."""
    return trace is not None and not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


@contextmanager
def _within(given: str | None) -> Iterator[None]:
    token = traceparent.set(given)
    try:
        yield
    finally:
        traceparent.reset(token)
