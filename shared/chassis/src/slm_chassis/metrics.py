"""The metrics of a service, each an attribute of one class.

Each registry belongs to one service, whose name is part of every metric's name, so that several services can share a
process.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

# It would add one more series for each counter, which no dashboard uses.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics that every service has. A service with further metrics has a subclass."""

    def __init__(self, context: str) -> None:
        self.registry = CollectorRegistry()
        self._namespace = f"slm_{context}"
        self.http_requests = self.counter("http_requests", "Requests answered.", "method", "route", "status")
        self.http_seconds = self.histogram("http_request_seconds", "Time to answer a request.", "method", "route")
        self.http_streams = self.gauge("http_streams", "Event streams open now.")
        self.outbox_rows = self.gauge("outbox_rows", "Events that are committed and not yet in the log.")
        self.dead_letters = self.gauge("dead_letters", "Records in dead letters because they could not be processed.")
        self.ready = self.gauge("ready", "1 if the service is ready, else 0.")

    def counter(self, name: str, help: str, *labels: str) -> Counter:
        """Register a counter of this service."""
        return Counter(name, help, labels, namespace=self._namespace, registry=self.registry)

    def gauge(self, name: str, help: str, *labels: str) -> Gauge:
        """Register a gauge of this service."""
        return Gauge(name, help, labels, namespace=self._namespace, registry=self.registry)

    def histogram(self, name: str, help: str, *labels: str, buckets: tuple[float, ...] = _SECONDS) -> Histogram:
        """Register a histogram of this service; the default buckets are seconds."""
        return Histogram(name, help, labels, namespace=self._namespace, registry=self.registry, buckets=buckets)

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry)
