"""Trace contexts: passed on as they came, and spans only where OpenTelemetry records them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from slm_chassis import tracing
from slm_events.envelope import Envelope

TRACE = "0af7651916cd43dd8448eb211c80319c"
GIVEN = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """OpenTelemetry set up as an operator does, with spans kept in memory."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-b7ad6b7169203331-01",
        GIVEN.upper(),
        GIVEN + "-more",
    ],
)
def test_what_is_no_traceparent_is_not_passed_on(bad: str | None) -> None:
    assert tracing.valid_traceparent(bad) is None


@pytest.mark.parametrize("given", [GIVEN, None])
def test_without_opentelemetry_the_context_is_passed_on_as_it_came(given: str | None) -> None:
    with tracing.trace_request("GET", given) as span:
        assert (span.traceparent, tracing.traceparent.get()) == (given, given)
        span.end("GET", "/", 200)
    assert tracing.traceparent.get() is None


def test_a_recorded_request_is_a_span_in_the_callers_trace(recorded: InMemorySpanExporter) -> None:
    with tracing.trace_request("GET", GIVEN, "vendor=1") as span:
        assert span.traceparent == tracing.traceparent.get()
        span.end("GET", "/api/v1/things/{thing_id}", 200)
    [finished] = recorded.get_finished_spans()
    context = finished.get_span_context()
    assert context is not None and finished.parent is not None and finished.attributes is not None
    assert span.traceparent == f"00-{TRACE}-{context.span_id:016x}-01"
    assert f"{finished.parent.span_id:016x}" == "b7ad6b7169203331"
    assert finished.name == "GET /api/v1/things/{thing_id}"
    assert finished.attributes["http.response.status_code"] == 200


def test_a_recorded_request_without_a_caller_begins_a_trace(recorded: InMemorySpanExporter) -> None:
    with tracing.trace_request("GET", None) as span:
        assert tracing.valid_traceparent(span.traceparent) is not None
    assert len(recorded.get_finished_spans()) == 1


def test_nothing_is_exported_unless_an_address_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert not tracing.configure_tracing("trial")


def _envelope(number: int, **more: str) -> Envelope:
    texts = {"source": "/slm/test/monitor", "type": "", "subject": "", "time": "", "recorded_at": ""}
    return Envelope(id=f"event-{number}", data=None, **texts, **more)


def _context() -> tuple[str | None, str | None, str | None]:
    return tracing.correlation_id.get(), tracing.causation_id.get(), tracing.traceparent.get()


def test_what_is_published_names_the_event_last_given_as_its_cause() -> None:
    before = _context()
    with tracing.track_causes() as cause:
        cause(_envelope(1, correlation_id="request", traceparent=GIVEN))
        assert _context() == ("request", "event-1", GIVEN)
        cause(_envelope(2))
        assert _context() == ("event-2", "event-2", None)
    assert _context() == before


def test_a_cause_is_forgotten_when_its_event_fails() -> None:
    before = _context()
    with tracing.caused_by(_envelope(1)), pytest.raises(RuntimeError), tracing.caused_by(_envelope(2)):
        assert _context()[1] == "event-2"
        raise RuntimeError
    assert _context() == before
