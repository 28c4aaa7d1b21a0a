"""Whatever is sent, the answer is a problem document that says what to do, and never a 500 for bad input."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request
from pydantic import BaseModel, Field

from slm_chassis.access_registry import AccessRegistry
from slm_chassis.http.limits import Limits
from slm_chassis.http.problems import Problem, invalid, not_found, problem_response
from slm_chassis.log.port import LogUnavailable
from tests.support import api as trial


class Item(BaseModel):
    at: str
    value: float = Field(gt=0)


class Batch(BaseModel):
    items: list[Item]


class Switch(BaseModel, extra="forbid"):
    on: bool


router = APIRouter()


@router.post("/api/v1/batches")
async def take(batch: Batch, limit: Annotated[int, Query(le=10)] = 1) -> dict[str, int]:
    return {"taken": len(batch.items)}


@router.post("/api/v1/switches")
async def switch(switch: Switch, loud: bool = False) -> dict[str, bool]:
    return {"on": switch.on, "loud": loud}


@router.post("/api/v1/raw")
async def take_raw(request: Request) -> dict[str, int]:
    return {"bytes": sum([len(chunk) async for chunk in request.stream()])}


@router.post("/api/v1/echoes")
async def echo(body: dict[str, Any]) -> dict[str, Any]:
    return body


@router.get("/api/v1/faults/{kind}")
async def fail(kind: str) -> None:
    faults: dict[str, Exception] = {
        "problem": Problem(409, "wrong-state", "Not now", "Wait.", headers={"Retry-After": "9"}),
        "foreign": not_found("agreement", kind),
        "field": invalid("items[0].at", float("nan"), "an instant"),
        "log": LogUnavailable("broker away"),
        "surrogate": UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
        "bug": ZeroDivisionError("secret detail"),
    }
    raise faults[kind]


@pytest.fixture
async def api() -> FastAPI:
    log = await trial.memory_log()
    return trial.api_of([router], AccessRegistry(log), log, limits=Limits(max_body_bytes=2_000))


@pytest.fixture
async def client(api: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with trial.client_of(api) as client:
        yield client


def document(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["type"]) == (status, f"/problems/{code}")
    assert body["title"]
    return body


@pytest.mark.parametrize("body", ['{"items": [', "nope", '{"a": 1,}'])
async def test_malformed_json_says_where(client: httpx.AsyncClient, body: str) -> None:
    answer = await client.post("/api/v1/batches", content=body, headers={"content-type": "application/json"})
    assert "at byte" in document(answer, 400, "malformed-json")["detail"]


@pytest.mark.parametrize("body", [b'"\xff"', b"[" * 1_900, b"1" * 1_990], ids=["not UTF-8", "deep", "long number"])
async def test_unreadable_json_is_the_senders_fault(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/v1/batches", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_each_wrong_field_has_its_value_and_a_remedy(client: httpx.AsyncClient) -> None:
    body = '{"items": [{"value": NaN}, {"at": "x", "value": []}, {"at": "x", "value": "' + "y" * 999 + '"}]}'
    headers = {"content-type": "application/json"}
    answer = await client.post("/api/v1/batches?limit=11", content=body, headers=headers)
    errors = document(answer, 422, "invalid-request")["errors"]
    assert {error["field"]: error["remedy"] for error in errors} == {
        "query.limit": "should be less than or equal to 10",
        "items[0].at": "this is required",
        "items[0].value": "should be greater than 0",
        "items[1].value": "should be a valid number",
        "items[2].value": "should be a valid number, unable to parse string as a number",
    }
    assert all(len(str(error["value"])) < 300 for error in errors)
    assert next(error for error in errors if error["field"] == "items[0].at")["value"] is None, "nothing was sent as it"


async def test_unknown_fields_and_invalid_booleans_have_remedies_in_plain_words(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/api/v1/switches?loud=maybe", json={"on": True, "colour": "red"})
    errors = document(answer, 422, "invalid-request")["errors"]
    assert {error["field"]: (error["value"], error["remedy"]) for error in errors} == {
        "query.loud": ("maybe", "write true or false"),
        "colour": ("red", "this field is not known; leave it out"),
    }


@pytest.mark.parametrize("name", ["secret", "password", "client_secret", "token"])
async def test_no_answer_repeats_the_value_of_a_secret(client: httpx.AsyncClient, name: str) -> None:
    secret = "nobody may see this"
    for body in ({"on": True, name: secret}, [{name: secret}], {"on": {"deep": {name: secret}}}, {name: [secret]}):
        answer = await client.post("/api/v1/switches", json=body)
        assert (answer.status_code, secret in answer.text) == (422, False), answer.text
        assert name in answer.text


async def test_an_answer_names_a_hundred_fields_at_most() -> None:
    errors = [{"field": f"f{number}", "value": "x", "remedy": "y"} for number in range(5_000)]
    answer = problem_response(Problem(422, "invalid-request", "t", "d", errors), "/api/v1/things")
    assert len(json.loads(bytes(answer.body))["errors"]) == 100


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
async def test_text_that_cannot_be_stored_is_refused_by_name(client: httpx.AsyncClient, text: str) -> None:
    body = '{"items": [{"at": "x", "value": 1}, {"at": "' + text + '", "value": 2}]}'
    answer = await client.post("/api/v1/batches", content=body, headers={"content-type": "application/json"})
    [error] = document(answer, 422, "invalid-request")["errors"]
    assert error["field"] == "items[1].at"


async def test_a_body_nested_33_deep_is_refused(client: httpx.AsyncClient) -> None:
    for depth, remedy in ((32, "field"), (33, "nest objects and arrays at most 32 levels deep")):
        body = '{"more": ' + "[" * (depth - 1) + "]" * (depth - 1) + "}"
        answer = await client.post("/api/v1/batches", content=body, headers={"content-type": "application/json"})
        assert remedy in answer.text


async def test_a_query_parameter_that_nobody_knows_is_refused_by_name(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/batches?limi=1", json={"items": []})
    [error] = document(answer, 422, "unknown-parameter")["errors"]
    assert (error["field"], error["value"]) == ("query.limi", "1")


async def test_a_body_without_its_content_type_says_which_to_send(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/batches", content=b'{"items": []}')
    [error] = document(answer, 422, "invalid-request")["errors"]
    assert "Content-Type: application/json" in error["remedy"]


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    assert document(await client.get("/api/v1/nothing"), 404, "not-found")["instance"] == "/api/v1/nothing"


async def test_a_wrong_method_names_the_right_ones(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/batches")
    document(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/api/v1/batches", "/api/v1/raw", "/api/v1/nothing"])
async def test_a_body_announced_too_large_is_refused_unread(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=b"x" * 2_001, headers={"content-type": "application/json"})
    assert "2000 bytes" in document(answer, 413, "too-large")["detail"]


@pytest.mark.parametrize("path", ["/api/v1/batches", "/api/v1/raw"])
async def test_a_body_of_unknown_length_is_refused_where_it_exceeds(client: httpx.AsyncClient, path: str) -> None:
    given = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(1_000):
            given += 1
            yield b" " * 100

    answer = await client.post(path, content=chunks(), headers={"content-type": "application/json"})
    document(answer, 413, "too-large")


async def test_a_body_of_exactly_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/raw", content=b"x" * 2_000)).json() == {"bytes": 2_000}


async def test_a_problem_raised_is_the_answer(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/faults/problem")
    assert document(answer, 409, "wrong-state")["detail"] == "Wait."
    assert answer.headers["retry-after"] == "9"


async def test_a_foreign_id_is_not_found(client: httpx.AsyncClient) -> None:
    document(await client.get("/api/v1/faults/foreign"), 404, "not-found")


async def test_a_value_that_is_no_number_can_be_shown(client: httpx.AsyncClient) -> None:
    [error] = document(await client.get("/api/v1/faults/field"), 422, "invalid-request")["errors"]
    assert error == {"field": "items[0].at", "value": "nan", "remedy": "an instant"}


async def test_text_that_is_no_unicode_is_the_senders_fault(client: httpx.AsyncClient) -> None:
    detail = document(await client.get("/api/v1/faults/surrogate"), 422, "invalid-request")["detail"]
    assert "lone surrogates" in detail


async def test_text_that_cannot_be_sent_back_is_the_senders_fault(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    answer = await client.post("/api/v1/echoes", content=b'{"text": "\\ud800"}', headers=headers)
    assert "lone surrogates" in document(answer, 422, "invalid-request")["detail"]


async def test_infrastructure_away_asks_to_come_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/faults/log")
    document(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_a_bug_is_told_by_its_id_without_internals(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/faults/bug", headers={"X-Request-Id": "request-7"})
    assert "request-7" in document(answer, 500, "unexpected")["detail"]
    assert "secret" not in answer.text and "ZeroDivision" not in answer.text


async def test_a_client_that_leaves_is_no_fault_of_ours(api: FastAPI) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/raw",
        "headers": [],
        "query_string": b"",
        "scheme": "http",
    }
    await asyncio.wait_for(api(scope, receive, send), 5)
    assert sent[0]["status"] == 400
