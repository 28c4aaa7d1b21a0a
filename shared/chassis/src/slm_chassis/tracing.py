"""What caused what: ids that travel from an HTTP request through every event it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from slm_events.envelope import Envelope

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""One id for everything that follows from one request or one first event."""

causation_id: ContextVar[str | None] = ContextVar("causation_id", default=None)
"""The id of the event being handled: the direct cause of what is published now."""

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""W3C trace context of the work in hand."""


@contextmanager
def caused_by(envelope: Envelope) -> Iterator[None]:
    """Whatever is published inside names this event as its cause."""
    tokens = (
        (correlation_id, correlation_id.set(envelope.correlation_id or envelope.id)),
        (causation_id, causation_id.set(envelope.id)),
        (traceparent, traceparent.set(envelope.traceparent)),
    )
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)
