"""Ids that go through every request, the access log, health, metrics, schemas and streams that end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest
import structlog
from fastapi import APIRouter, FastAPI
from fastapi.sse import EventSourceResponse

from slm_chassis import tracing
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.http.access import Caller
from slm_events.catalogue import BY_TYPE
from tests.support import api as trial

TRACE = "0af7651916cd43dd8448eb211c80319c"
router = APIRouter()


@router.get("/api/v1/ids/{item_id}")
async def ids(item_id: str, caller: Caller) -> dict[str, str | None]:
    return {"correlation_id": tracing.correlation_id.get(), "traceparent": tracing.traceparent.get()}


@router.get("/api/v1/stream", response_class=EventSourceResponse)
async def stream() -> AsyncIterator[dict[str, int]]:
    yield {"n": 1}
    await asyncio.Event().wait()


@router.get("/api/v1/stream-of-party", response_class=EventSourceResponse)
async def stream_of_party(caller: Caller) -> AsyncIterator[dict[str, int]]:
    yield {"n": 1}
    await asyncio.Event().wait()


@pytest.fixture
async def api() -> FastAPI:
    log = await trial.memory_log()
    return trial.api_of([router], AccessRegistry(log, bootstrap_key=trial.BOOTSTRAP_KEY), log)


@pytest.fixture
async def client(api: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with trial.client_of(api, trial.BOOTSTRAP_KEY) as client:
        yield client


async def test_ids_given_are_kept_and_returned(client: httpx.AsyncClient) -> None:
    given = {"X-Request-Id": "r-1", "X-Correlation-Id": "c-1", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    answer = await client.get("/api/v1/ids/7", headers=given)
    assert (answer.headers["x-request-id"], answer.headers["x-correlation-id"]) == ("r-1", "c-1")
    assert answer.json() == {"correlation_id": "c-1", "traceparent": given["traceparent"]}
    assert answer.headers["traceparent"] == given["traceparent"]


async def test_no_trace_is_made_up_where_nobody_traces(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/ids/7")
    assert answer.json()["traceparent"] is None
    assert "traceparent" not in answer.headers


@pytest.mark.parametrize("bad", ["a b", "x" * 129, "", "ü"])
async def test_ids_that_could_forge_a_log_line_are_replaced(client: httpx.AsyncClient, bad: str) -> None:
    traceparent = b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01"
    headers = {b"X-Request-Id": bad.encode(), b"traceparent": traceparent}
    answer = await client.get("/api/v1/ids/7", headers=headers)
    assert len(answer.headers["x-request-id"]) == 36
    assert answer.headers["x-correlation-id"] == answer.headers["x-request-id"]
    assert "traceparent" not in answer.headers


async def test_the_access_log_names_route_and_principal_and_never_a_key(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as lines:
        await client.get(f"/api/v1/ids/7?name={trial.BOOTSTRAP_KEY}")
    [line] = [line for line in lines if line["event"] == "request"]
    assert (line["path"], line["route"], line["status"]) == ("/api/v1/ids/7", "/api/v1/ids/{item_id}", 422)
    assert line["principal_id"] and line["milliseconds"] > 0
    assert trial.BOOTSTRAP_KEY not in str(lines)


async def test_metrics_are_counted_by_route_template(client: httpx.AsyncClient) -> None:
    for item in ("1", "2"):
        await client.get(f"/api/v1/ids/{item}")
    await client.get("/api/v1/unknown-to-all")
    text = (await client.get("/metrics")).text
    assert 'slm_trial_http_requests_total{method="GET",route="/api/v1/ids/{item_id}",status="200"} 2.0' in text
    assert 'route="-",status="404"} 1.0' in text
    assert "unknown-to-all" not in text


async def test_a_service_without_database_and_keys_is_alive_but_not_ready(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/livez")).status_code == 200
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert [reason.split(":")[0] for reason in answer.json()["reasons"]] == ["database", "access"]


@pytest.mark.parametrize("event_type", sorted(BY_TYPE))
async def test_every_published_event_has_a_schema_to_fetch(client: httpx.AsyncClient, event_type: str) -> None:
    schema: dict[str, Any] = (await client.get(f"/api/v1/schemas/{event_type}")).json()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:slm:schema:{event_type}"


async def test_an_event_type_that_is_not_published_has_no_schema(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/schemas/slm.monitor.nothing.v1")).status_code == 404


async def test_the_openapi_document_asks_for_a_key_and_tells_of_problems(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/api/v1/ids/{item_id}"]["get"]
    assert operation["operationId"] == "ids_ids"
    assert operation["responses"]["401"] == {"$ref": "#/components/responses/no-key.wrong-key"}
    assert document["components"]["securitySchemes"].keys() == {
        "HTTPBearer",
        "APIKeyHeader",
        "APIKeyCookie",
        "OAuth2ClientCredentials",
    }
    assert {"OAuth2ClientCredentials": []} in operation["security"]


class OpenStream:
    """A request for the stream, as the server sees it."""

    def __init__(self, api: FastAPI, key: str, path: str = "/api/v1/stream") -> None:
        self.sent: list[dict[str, Any]] = []
        self.begun = asyncio.Event()
        headers = [(b"x-api-key", key.encode())]
        scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "query_string": b""}
        self.answering = asyncio.create_task(api({**scope, "scheme": "http"}, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
        if message.get("body"):
            self.begun.set()

    @property
    def is_whole(self) -> bool:
        end = {"type": "http.response.body", "body": b"", "more_body": False}
        return bool(self.sent[0]["status"] == 200 and self.sent[-1] == end)


async def test_an_open_stream_is_ended_whole_at_shutdown(api: FastAPI) -> None:
    stream = OpenStream(api, "")
    await asyncio.wait_for(stream.begun.wait(), 5)
    api.state.streams.end()
    await asyncio.wait_for(stream.answering, 5)
    assert stream.is_whole


async def test_an_open_stream_ends_with_the_key_that_opened_it(api: FastAPI) -> None:
    access: AccessRegistry = api.state.access
    access.learn(trial.enrolled("slm_one", "viewer"))
    access.learn(trial.enrolled("slm_other", "viewer"))
    path = "/api/v1/stream-of-party"
    one, other = OpenStream(api, "slm_one", path), OpenStream(api, "slm_other", path)
    await asyncio.wait_for(asyncio.gather(one.begun.wait(), other.begun.wait()), 5)
    access.learn(trial.enrolled("slm_one", "viewer", revoked_at="2026-11-22T10:00:00Z"))
    await asyncio.wait_for(one.answering, 5)
    assert one.is_whole
    assert not other.answering.done()
    api.state.streams.end()
    await asyncio.wait_for(other.answering, 5)


async def test_the_page_of_docs_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "/api/v1/ids/{item_id}" in page
    assert "http://" not in page and "https://" not in page
