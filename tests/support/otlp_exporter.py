"""A program that measures itself with the SDK of OpenTelemetry and exports over HTTP, configured by ``OTEL_…`` alone.

Run as ``python -m tests.support.otlp_exporter <prefix>``; the metrics are called ``<prefix>.requests`` and so on.
"""

from __future__ import annotations

import sys
import time

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    View,
)


def main(prefix: str) -> None:
    """Count 10 and then 30 requests, and measure ten latencies, in two exports."""
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=3_600_000)
    provider = MeterProvider(
        [reader],
        views=[
            View(instrument_name=f"{prefix}.latency", aggregation=ExplicitBucketHistogramAggregation([100.0, 300.0])),
            View(instrument_name=f"{prefix}.waits", aggregation=ExponentialBucketHistogramAggregation()),
            View(instrument_name=f"{prefix}.odd", aggregation=ExponentialBucketHistogramAggregation()),
        ],
    )
    meter = provider.get_meter("shop")
    requests = meter.create_counter(f"{prefix}.requests")
    latency = meter.create_histogram(f"{prefix}.latency", "ms")
    waits = meter.create_histogram(f"{prefix}.waits", "ms")
    odd = meter.create_histogram(f"{prefix}.odd", "ms")
    requests.add(10)
    for milliseconds in (40, 80, 120, 299, 300, 20, 10, 5, 1):
        latency.record(milliseconds)
    provider.force_flush()
    time.sleep(0.01)
    requests.add(30)
    latency.record(301)
    for milliseconds in (1, 100, 256, 400):
        waits.record(milliseconds)
    for milliseconds in (1, 299, 301, 100_000):
        odd.record(milliseconds)
    provider.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
