"""Metrics as OpenTelemetry exports them, taken in as measurements."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

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
    assert "JSON" in answer.text


PACKED = bytes.fromhex("0a2c122a12280a0c6f746c702e6c6174656e63791a026d732a140a12190000cb464217e518210000000000f06c40")
"""A gauge of 231.5 ms as protobuf."""


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_an_export_in_protobuf_is_taken(service: Service, encoding: str) -> None:
    content = gzip.compress(PACKED) if encoding == "gzip" else PACKED
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": encoding}
    answer = await service.provider.post(DOOR, content=content, headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")


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


async def test_a_rejection_names_the_sent_and_the_registered_unit(service: Service) -> None:
    given = gauge(1.0)
    given["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["unit"] = "s"
    told = (await service.provider.post(DOOR, json=given)).json()["partialSuccess"]
    assert told["errorMessage"] == (
        "otlp.latency: indicator otlp.latency is registered with ms, and s came: convert before sending"
    )
