"""One face over several services: every resource has one owner, and the documents are merged without loss."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, create_model

from slm import face, openapi
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.app import ServiceApp
from slm_chassis.http.api import build_api
from slm_chassis.metrics import Metrics
from tests.support import api as trial


class Shared(BaseModel):
    same: int


async def app(context: str, *resources: str, hidden: str = "") -> ServiceApp:
    """A service that answers each resource with its own name."""
    router = APIRouter()
    item: type[BaseModel] = create_model("Item", **{f"of_{context}": (int, 0)})  # type: ignore[call-overload]

    def serve(resource: str, listed: bool) -> None:
        @router.get(f"/api/v1/{resource}/{{item_id}}", include_in_schema=listed, name=resource)
        async def answer(item_id: str) -> dict[str, str]:
            return {"from": context, "item_id": item_id}

        @router.post(f"/api/v1/{resource}", response_model=item, include_in_schema=listed, name=f"add {resource}")
        async def add(body: Shared) -> None: ...

    for resource in resources:
        serve(resource, listed=True)
    if hidden:
        serve(hidden, listed=False)
    log = await trial.memory_log()
    foundation = replace(trial.foundation_of(AccessRegistry(log), log), context=context, metrics=Metrics(context))
    return ServiceApp(foundation, build_api(foundation, title=context, routers=[router]), [])


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    apps = [await app("one", "parties", "services"), await app("two", "breaches", hidden="stream")]
    transport = httpx.ASGITransport(face.PublicFace(apps))
    async with httpx.AsyncClient(transport=transport, base_url="http://face") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "context"), [("parties", "one"), ("services", "one"), ("breaches", "two"), ("stream", "two")]
)
async def test_each_resource_is_answered_by_its_owner(client: httpx.AsyncClient, path: str, context: str) -> None:
    assert (await client.get(f"/api/v1/{path}/7")).json() == {"from": context, "item_id": "7"}


async def test_a_resource_nobody_owns_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_two_owners_of_a_resource_are_refused_at_the_start() -> None:
    with pytest.raises(face.ResourceOwnedTwice, match="one and two both serve /api/v1/parties"):
        face.resource_owners([await app("one", "parties"), await app("two", "parties")])


async def test_an_event_schema_is_there_once(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/schemas/slm.monitor.target-breached.v1")).status_code == 200
    assert "/api/v1/schemas/{event_type}" in (await client.get("/openapi.json")).json()["paths"]


async def test_readiness_names_the_service_that_is_not(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    contexts = {reason.split(": ")[0] for reason in answer.json()["reasons"]}
    assert contexts == {"one", "two"}
    assert (await client.get("/livez")).status_code == 200


async def test_the_figures_of_all_services_and_the_process_are_there(client: httpx.AsyncClient) -> None:
    text = (await client.get("/metrics")).text
    for name in ("slm_one_ready", "slm_two_ready", "slm_face_http_requests_total", "process_resident_memory_bytes"):
        assert f"\n# TYPE {name.removesuffix('_total')}" in f"\n{text}"
    types = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(types) == len(set(types))


async def test_the_merged_document_has_all_paths_and_no_dangling_reference(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert {"/api/v1/parties", "/api/v1/breaches"} <= document["paths"].keys()
    schemas = document["components"]["schemas"]
    assert {"OneItem", "TwoItem", "Shared"} <= schemas.keys()
    # Clients name their classes by the titles.
    assert [schemas[name]["title"] for name in ("OneItem", "TwoItem", "Shared")] == ["OneItem", "TwoItem", "Shared"]
    for reference in _references(document):
        kind, name = reference.removeprefix("#/components/").split("/", 1)
        assert name in document["components"][kind]
    assert "/api/v1/parties" in (await client.get("/docs")).text


def test_merging_keeps_equal_schemas_under_their_name() -> None:
    one = {"info": {}, "paths": {}, "components": {"schemas": {"A": {"type": "string"}}}}
    assert openapi.merge_documents({"x": one, "y": json.loads(json.dumps(one))})["components"]["schemas"].keys() == {
        "A"
    }


async def test_the_whole_knows_every_services_types_of_problem() -> None:
    one, two = (
        {"info": {}, "paths": {}, "components": {"schemas": {"ProblemType": {"enum": [each]}}}} for each in "ba"
    )
    assert openapi.merge_documents({"x": one, "y": two})["components"]["schemas"] == {
        "ProblemType": {"enum": ["a", "b"]}
    }


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [each for inner in value.values() for each in _references(inner)]
    return [each for inner in value for each in _references(inner)] if isinstance(value, list) else []
