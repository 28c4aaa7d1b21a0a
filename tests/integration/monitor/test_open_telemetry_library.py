"""Exports of OpenTelemetry as its own library writes them: the same in JSON and protobuf, packed or not."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import ParseDict
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from tests.integration.monitor.test_open_telemetry import AT, DOOR, counted
from tests.support.monitor_service import Service, migrated_database, serving
from tests.support.remote_write import message

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


def status_in(answer: httpx.Response) -> Status:
    assert answer.headers["content-type"] == "application/x-protobuf"
    status = Status()
    status.ParseFromString(answer.content)
    return status


@pytest.mark.parametrize(
    ("key", "headers", "content", "status", "code"),
    [
        ("slm_nobody", {}, b"", 401, 16),
        ("slm_viewer", {}, b"", 403, 7),
        ("slm_provider", {}, b"\x0a", 400, 3),
        ("slm_provider", {"Content-Encoding": "br"}, b"", 415, 12),
        ("slm_provider", {"Content-Encoding": "gzip"}, gzip.compress(b" " * (33 << 20)), 413, 3),
        ("slm_provider", {"Accept": "text/csv"}, b"", 406, 3),
    ],
)
async def test_a_failure_is_a_status_in_the_encoding_of_the_export(
    service: Service, key: str, headers: dict[str, str], content: bytes, status: int, code: int
) -> None:
    client = service.client(key)
    kinds = {"Content-Type": "application/x-protobuf", **headers}
    answer = await client.post(DOOR, content=content, headers=kinds)
    assert answer.status_code == status
    in_protobuf = status_in(answer)
    assert in_protobuf.code == code and in_protobuf.message
    answer = await client.post(DOOR, content=content, headers={**kinds, "Content-Type": "application/json"})
    if answer.status_code == status:
        told = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (told["status"], told["code"], told["message"]) == (status, code, told["detail"])


async def test_an_exporter_that_sends_too_much_is_told_when_to_try_again(service: Service) -> None:
    async with serving(await migrated_database(), intake_rate="1/minute") as strict:
        headers = {"Content-Type": "application/x-protobuf"}
        assert (await strict.provider.post(DOOR, headers=headers)).status_code == 200
        answer = await strict.provider.post(DOOR, headers=headers)
        assert (answer.status_code, status_in(answer).code) == (429, 8)
        assert int(answer.headers["Retry-After"]) > 0


EMPTY = 2_100_000
BOMBS = {
    "metrics": message(1, message(2, message(2, b"") * EMPTY)),
    "points": message(1, message(2, message(2, message(5, message(1, b"") * EMPTY)))),
    "values": message(1, message(1, message(1, message(2, message(5, message(1, b"") * EMPTY))))),
    "buckets": message(1, message(2, message(2, message(10, message(1, message(8, message(2, bytes(EMPTY)))))))),
}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_an_export_of_millions_of_empty_messages_is_refused_before_it_takes_memory(
    service: Service, bomb: str
) -> None:
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
    answer = await service.provider.post(DOOR, content=gzip.compress(BOMBS[bomb], 1), headers=headers)
    assert answer.status_code == 413
    assert "2000000 fields" in status_in(answer).message


async def test_an_export_of_millions_of_empty_arrays_is_refused(service: Service) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    content = gzip.compress(b"[" + b"[]," * EMPTY + b"0]", 1)
    answer = await service.provider.post(DOOR, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, 3)
