"""Metrics as OpenTelemetry exports them, taken in as measurements."""

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

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, fast, finalized
from tests.support.monitor_service import Service

LATENCY = "otlp.latency"
DOOR = "/api/v1/otlp/v1/metrics"
AT = "1793865600000000000"


def gauge(*values: float, name: str = LATENCY) -> dict[str, Any]:
    points = [{"timeUnixNano": str(int(AT) + 1_000_000_000 * n), "asDouble": each} for n, each in enumerate(values)]
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": name, "gauge": {"dataPoints": points}}]}]}]}


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.register(LATENCY, "value", "ms")
    target = {**fast("95"), "target_id": named_id(PROVIDER, "target", "otlp")}
    target["indicator"] = {"owner_party_id": PROVIDER, "key": LATENCY}
    agreement = named_id(PROVIDER, "agreement", "otlp")
    await service.agree(finalized(target, agreement_id=agreement, agreement_key="otlp"))


async def test_gauges_are_measurements_and_an_answer_without_words_means_all_of_them(service: Service) -> None:
    answer = await service.provider.post(DOOR, json=gauge(231.5, 400))
    assert (answer.status_code, answer.json()) == (200, {})


async def test_points_that_are_not_taken_are_counted_and_explained(service: Service) -> None:
    answer = await service.provider.post(DOOR, json=gauge(1.0, name="otlp.nobody-registered-it"))
    assert answer.status_code == 200
    told = answer.json()["partialSuccess"]
    assert told["rejectedDataPoints"] == "1"
    assert "otlp.nobody-registered-it: register it first" in told["errorMessage"]


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\x0a", "application/x-protobuf", 400),
        (b"{}", "text/plain", 415),
    ],
)
async def test_what_cannot_be_read_is_a_problem_that_says_what_to_send(
    service: Service, content: bytes, content_type: str, status: int
) -> None:
    answer = await service.provider.post(DOOR, content=content, headers={"content-type": content_type})
    assert answer.status_code == status
    assert "JSON" in answer.json()["detail"]


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
    histogram = {"aggregationTemporality": 1, "dataPoints": [
        {**start, "count": "3", "sum": 30.0, "bucketCounts": ["1", "2"], "explicitBounds": [300.0]}]}  # fmt: skip
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


def counted(unit: str, name: str) -> dict[str, Any]:
    points = [{"timeUnixNano": AT, "asInt": "3"}]
    summed = {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": points}
    metric = {"name": name, "unit": unit, "sum": summed}
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}


@pytest.mark.parametrize("registered", [None, "1", "{request}"])
@pytest.mark.parametrize("unit", ["", "1", "{request}", "{requests}"])
async def test_units_without_a_dimension_are_one(service: Service, registered: str | None, unit: str) -> None:
    name = f"u.{registered}"
    await service.register(name, "count", registered)
    answer = await service.provider.post(DOOR, json=counted(unit, name))
    assert (answer.status_code, answer.json()) == (200, {})
    item = {"indicator": name, "at": "2026-11-05T09:00:00Z", "count": 3, "unit": unit or None, "id": unit}
    assert (
        await service.provider.post("/api/v1/measurements", json=[item if unit else {**item, "id": "x"}])
    ).is_success


async def test_a_rejection_names_the_unit_that_came_and_the_one_that_is_registered(service: Service) -> None:
    given = gauge(1.0)
    given["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["unit"] = "s"
    told = (await service.provider.post(DOOR, json=given)).json()["partialSuccess"]
    assert told["errorMessage"] == (
        "otlp.latency: indicator otlp.latency is registered with ms, and s came: convert before sending"
    )
