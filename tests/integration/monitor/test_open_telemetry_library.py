"""Exports of OpenTelemetry as its own library writes them: the same in JSON and protobuf, packed or not."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from tests.integration.monitor.test_open_telemetry import AT, DOOR, counted
from tests.support.monitor_service import Service

LATENCY = "otlp.library"


@pytest.fixture(scope="module", autouse=True)
async def registered(service: Service) -> None:
    await service.register(LATENCY, "value", "ms")


def exported(document: dict[str, Any]) -> bytes:
    """An export as the library of OpenTelemetry writes it."""
    return bytes(ParseDict(document, ExportMetricsServiceRequest()).SerializeToString())


def told_in(answer: httpx.Response) -> ExportMetricsServiceResponse:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    response = ExportMetricsServiceResponse()
    response.ParseFromString(answer.content)
    return response


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["application/json", "application/x-protobuf"])
async def test_exports_come_as_json_or_protobuf_packed_or_not(service: Service, kind: str, packed: bool) -> None:
    name = f"otlp.{kind.rpartition('/')[2]}-{packed}"
    await service.register(name, "count")
    given, unknown = counted("{request}", name), counted("1", "otlp.nobody")
    for document, rejected in ((given, 0), (unknown, 1)):
        plain = exported(document) if kind.endswith("protobuf") else json.dumps(document).encode()
        headers = {"Content-Type": kind, **({"Content-Encoding": "gzip"} if packed else {})}
        answer = await service.provider.post(DOOR, content=gzip.compress(plain) if packed else plain, headers=headers)
        assert answer.status_code == 200, answer.text
        if kind.endswith("protobuf"):
            assert told_in(answer).partial_success.rejected_data_points == rejected
        else:
            assert answer.json() == {} if not rejected else answer.json()["partialSuccess"]["rejectedDataPoints"] == "1"


async def test_every_kind_of_point_means_the_same_in_protobuf(service: Service) -> None:
    start = {"startTimeUnixNano": str(int(AT) - 1), "timeUnixNano": AT}
    histogram = {
        "aggregationTemporality": 1,
        "dataPoints": [{**start, "count": "3", "sum": 30.0, "bucketCounts": ["1", "2"], "explicitBounds": [300.0]}],
    }
    metrics = [
        {"name": LATENCY, "unit": "ms", "histogram": histogram},
        {"name": LATENCY, "unit": "ms", "gauge": {"dataPoints": [{**start, "asInt": "7"}]}},
        {"name": LATENCY, "unit": "s", "gauge": {"dataPoints": [{**start, "asDouble": 1.5}]}},
    ]
    document = {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}
    as_json = (await service.provider.post(DOOR, json=document)).json()["partialSuccess"]
    headers = {"Content-Type": "application/x-protobuf"}
    answer = await service.provider.post(DOOR, content=exported(document), headers=headers)
    told = told_in(answer).partial_success
    assert (told.rejected_data_points, told.error_message) == (1, as_json["errorMessage"])


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"no gzip", 400), (gzip.compress(b"{}")[:-4], 400), (gzip.compress(b" " * (33 << 20)), 413)],
    ids=["none", "cut off", "a bomb"],
)
async def test_what_cannot_be_unpacked_is_a_problem(service: Service, content: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await service.provider.post(DOOR, content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
