"""Bad bodies, keys and roles at the intake: each is a problem with a remedy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.api import announce, enrolled
from tests.support.monitor import PROVIDER
from tests.support.monitor_service import Service, problem

NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
LATENCY = "bad.latency"


@pytest.fixture(scope="module", autouse=True)
async def indicator(service: Service) -> None:
    await service.register(LATENCY, "value", "ms")


def value(**more: Any) -> dict[str, Any]:
    return {"indicator": LATENCY, "at": "2026-11-05T09:00:00Z", "value": 100, **more}


async def post(service: Service, body: bytes | str, door: str = "measurements", **headers: str) -> httpx.Response:
    return await service.provider.post(f"/api/v1/{door}", content=body, headers=headers or JSON)


MALFORMED: list[tuple[bytes, dict[str, str]]] = [
    (b"", JSON),
    (b"   \n", NDJSON),
    (b"{", JSON),
    (b"[{},", JSON),
    (b"[1", JSON),
    (b"null", JSON),
    (b'"up"', JSON),
    (b"\xff\xfe\xfd", JSON),
    (b"[" * 10_000 + b"]" * 10_000, JSON),
    (b'[{"indicator":"x","z":' + b"[" * 10_000 + b"]" * 10_000 + b"}]", JSON),
    (b"a,b\n1,2\n", {"Content-Type": "text/csv"}),
    (json.dumps(value()).encode() + b"\n" + json.dumps(value()).encode(), JSON),
]


@pytest.mark.parametrize("door", ["measurements", "ticket-events"])
@pytest.mark.parametrize(("body", "headers"), MALFORMED, ids=[repr(row[0][:30]) for row in MALFORMED])
async def test_a_body_that_is_no_batch_is_a_problem(
    service: Service, door: str, body: bytes, headers: dict[str, str]
) -> None:
    document = problem(await post(service, body, door, **headers))
    assert (document["status"], document["type"]) == (400, "/problems/malformed-json")


async def test_a_line_that_is_no_json_costs_itself_alone(service: Service) -> None:
    lines = [
        json.dumps(value()).encode(),
        b"{oops",
        b"",
        b"\xff\xfe",
        b'{"z":' + b"[" * 10_000,
        json.dumps(value()).encode(),
    ]
    answer = await post(service, b"\r\n".join(lines), **NDJSON)
    document = answer.json()
    assert (answer.status_code, document["accepted"]) == (202, 2)
    assert [(each["index"], each["code"]) for each in document["items"]] == [
        (1, "malformed_json"),
        (2, "malformed_json"),
        (3, "malformed_json"),
    ]


@pytest.mark.parametrize("door", ["measurements", "ticket-events"])
async def test_a_batch_of_which_nothing_is_accepted_is_a_problem(service: Service, door: str) -> None:
    for sent, fields in (([], []), ([{"indicator": LATENCY}, 7], ["items[0]", "items[1]"])):
        answer = await post(service, json.dumps(sent), door)
        assert answer.status_code == 422, answer.text
        document = problem(answer)
        assert (document["type"], document["accepted"], document["rejected"]) == (
            "/problems/nothing-accepted",
            0,
            len(sent),
        )
        assert [each["field"].partition(".")[0] for each in document["errors"]] == fields


async def test_a_batch_that_is_only_quarantined_or_sent_again_is_accepted(service: Service) -> None:
    ahead = value(at="2026-12-05T09:00:00Z")
    answer = await post(service, json.dumps([ahead]))
    assert (answer.status_code, answer.json()["quarantined"]) == (202, 1)
    for _ in range(2):
        assert (await post(service, json.dumps([value()]))).status_code == 202


async def test_a_compressed_body_is_a_problem(service: Service) -> None:
    answer = await post(service, b"\x1f\x8b", **JSON, **{"Content-Encoding": "gzip"})
    assert problem(answer)["status"] == 415


async def test_a_batch_with_more_items_than_one_may_have_is_a_problem(service: Service) -> None:
    document = problem(await post(service, "[" + "0," * 200_000 + "0]"))
    assert "100000" in document["detail"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_of_100_megabytes_is_refused_while_it_comes(service: Service, chunked: bool) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1 << 20
            yield b" " * (1 << 20)

    headers = JSON if chunked else {**JSON, "Content-Length": str(100 << 20)}
    try:
        answer = await service.provider.post("/api/v1/measurements", content=body(), headers=headers)
    except (httpx.WriteError, httpx.RemoteProtocolError):
        # The server hangs up on a client that goes on sending; whether its answer is read before that is a race.
        assert sent < 100 << 20
        return
    assert problem(answer)["status"] == 413


@pytest.mark.parametrize("door", ["measurements", "ticket-events"])
async def test_keys_and_roles_are_asked_for(service: Service, door: str) -> None:
    path = f"/api/v1/{door}"
    assert problem(await service.client("").post(path, json=[]))["status"] == 401
    assert problem(await service.client("slm_unheard-of").post(path, json=[]))["status"] == 401
    document = problem(await service.viewer.post(path, json=[]))
    assert (document["status"], document["type"]) == (403, "/problems/missing-role")
    assert "integrator" in document["detail"]


async def test_a_revoked_key_is_dead_within_two_seconds(service: Service) -> None:
    await announce(service.log, enrolled("slm_short-lived", "integrator", party_id=PROVIDER))
    client = service.client("slm_short-lived")
    assert (await client.post("/api/v1/measurements", json=[value()])).status_code == 202
    await announce(
        service.log, enrolled("slm_short-lived", "integrator", party_id=PROVIDER, revoked_at="2026-11-05T10:00:00Z")
    )
    async with asyncio.timeout(2):
        while (answer := await client.post("/api/v1/measurements", json=[value()])).status_code == 202:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert problem(answer)["status"] == 401
