"""The OpenAPI document tells what every operation can answer, and the API does as the document says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import jsonschema
import pytest
from fastapi import APIRouter, Depends, FastAPI, Response
from pydantic import BaseModel

from slm_chassis.access import Principal
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.http.access import Caller, require_role
from slm_chassis.http.api import build_api
from slm_chassis.http.document import Documentation
from slm_chassis.http.etag import IfMatch, etag_of
from slm_chassis.http.operation import ETAG, LOCATION, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.problem_types import OF_EVERY_API, ProblemType, by_code
from slm_chassis.http.problems import Problem
from slm_chassis.http.response_models import ABSENT, Answer, list_of
from tests.support import answers
from tests.support import api as trial

Keeper = Annotated[Principal, Depends(require_role("keeper"))]
WORN_OUT = ProblemType("worn-out", 409, "It is worn out", "The thing was used too `often`.", "Make another one.")

WORN_OUT_THING = Problem(409, "worn-out", "It is worn out", "Make another one.")


class Thing(BaseModel):
    name: str


class ThingAnswer(Answer):
    """A thing as it is answered."""

    name: str
    """What it is called"""
    weight: str = ABSENT
    """In kilograms; left out where it was never weighed"""


router = APIRouter(prefix="/api/v1/things", tags=["things"])


@router.get("", **operation("List all things", list_of(ThingAnswer)))
async def list_things(caller: Caller, page: Paging, kind: str | None = None) -> dict[str, Any]:
    return page.shape([], lambda row: [row])


@router.post("", **operation("Make a thing", ThingAnswer, "worn-out", status=201, also=200, headers=(LOCATION,)))
async def make_thing(body: Thing, caller: Keeper) -> dict[str, Any]:
    return {"name": body.name, "beside": "what the model does not name"}


@router.get("/{thing_id}", **operation("Read one thing", ThingAnswer, headers=(ETAG,)))
async def read_thing(thing_id: str, caller: Caller, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = etag_of(7)
    return {"name": thing_id}


@router.put("/{thing_id}", **operation("Rename a thing", ThingAnswer, headers=(ETAG,)))
async def rename_thing(thing_id: str, body: Thing, caller: Caller, if_match: IfMatch) -> dict[str, Any]:
    return {"name": body.name}


@router.post("/newest/polish", **operation("Polish the newest thing", ThingAnswer))
async def polish_newest(caller: Caller) -> dict[str, Any]:
    return {"name": "newest"}


@router.get("/{thing_id:path}/polish", **operation("Read how well a thing is polished", ThingAnswer))
async def read_polish(thing_id: str, caller: Caller) -> dict[str, Any]:
    return {"name": thing_id}


@router.delete("/{thing_id}", **operation("Remove a thing", None, status=204))
async def remove_thing(thing_id: str, caller: Caller) -> None: ...


@pytest.fixture
async def api() -> FastAPI:
    log = await trial.memory_log()
    foundation = trial.foundation_of(AccessRegistry(log, bootstrap_key=trial.BOOTSTRAP_KEY), log)
    return build_api(
        foundation,
        title="Trial",
        routers=[router],
        documentation=Documentation(
            tags={"things": "Things to try."},
            parameters={"thing_id": "Id of the thing", "kind": "Only things of this kind"},
            problems=[WORN_OUT],
            examples={"read_thing": {"name": "lamp"}},
        ),
    )


@pytest.fixture
async def client(api: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with trial.client_of(api, trial.BOOTSTRAP_KEY) as client:
        yield client


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Any:
    return (await client.get("/openapi.json")).json()


def codes(document: Any, path: str, method: str) -> set[str]:
    """The codes of all problems that an operation declares."""
    answers = document["paths"][path][method]["responses"].values()
    names = [answer["$ref"].rsplit("/", 1)[-1] for answer in answers if "$ref" in answer]
    return {code for name in names for code in name.split(".")}


def test_an_operation_declares_the_problems_of_its_key_path_and_parameters(document: Any) -> None:
    found = codes(document, "/api/v1/things/{thing_id}", "get")
    assert {"no-key", "out-of-scope", "not-found", "not-acceptable", "unknown-parameter", "rate-exceeded"} <= found
    assert not found & {"malformed-json", "request-in-flight", "if-match-required", "missing-role", "worn-out"}


def test_a_post_declares_body_role_idempotency_key_and_problems(document: Any) -> None:
    found = codes(document, "/api/v1/things", "post")
    assert {"malformed-json", "too-large", "missing-role", "request-in-flight", "worn-out"} <= found
    operation = document["paths"]["/api/v1/things"]["post"]
    assert "Idempotency-Key" in {each["name"] for each in operation["parameters"]}
    assert operation["description"] == "Needs the role `keeper`."
    assert operation["responses"]["200"]["headers"].keys() == {"Location", "Idempotency-Replayed"}
    assert operation["responses"]["201"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/ThingAnswer"
    }


def test_fields_are_described_and_lists_named_after_their_items(document: Any) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["ThingAnswer"]["required"] == ["name"]
    assert schemas["ThingAnswer"]["properties"]["weight"] == {
        "description": "In kilograms; left out where it was never weighed",
        "title": "Weight",
        "type": "string",
    }
    assert schemas["ThingList"]["properties"]["items"]["items"] == {"$ref": "#/components/schemas/ThingAnswer"}
    assert document["paths"]["/api/v1/things"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/ThingList"
    }


def test_an_edit_declares_if_match_as_required(document: Any) -> None:
    operation = document["paths"]["/api/v1/things/{thing_id}"]["put"]
    [condition] = [each for each in operation["parameters"] if each["in"] == "header"]
    assert (condition["name"], condition["required"]) == ("If-Match", True)
    assert {"if-match-required", "changed-meanwhile"} <= codes(document, "/api/v1/things/{thing_id}", "put")


def test_every_problem_is_a_value_of_one_enum_with_an_example(document: Any) -> None:
    components = document["components"]
    assert "/problems/worn-out" in components["schemas"]["ProblemType"]["enum"]
    schema = {"$ref": "#/components/schemas/Problem", "components": components}
    for code, example in components["examples"].items():
        jsonschema.validate(example["value"], schema)
        assert example["value"]["type"] == f"/problems/{code}"


def test_parameters_tags_and_answers_are_described(document: Any) -> None:
    parameters = document["paths"]["/api/v1/things"]["get"]["parameters"]
    assert {"name": "kind", "in": "query", "required": False, "schema": {"type": "string"},
            "description": "Only things of this kind"} in parameters  # fmt: skip
    assert {"name": "things", "description": "Things to try."} in document["tags"]
    answer = document["paths"]["/api/v1/things/{thing_id}"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["example"] == {"name": "lamp"}


def test_a_generated_client_calls_an_operation_by_its_functions_name(document: Any) -> None:
    assert document["paths"]["/api/v1/things/{thing_id}"]["delete"]["operationId"] == "remove_thing"


def test_two_meanings_of_one_code_are_refused() -> None:
    with pytest.raises(ValueError, match="worn-out"):
        by_code([WORN_OUT, ProblemType("worn-out", 410, "", "", "")])


async def test_a_model_describes_an_answer_and_does_not_rewrite_it(api: FastAPI, undeclared: Path) -> None:
    log = api.state.log
    await trial.announce(log, trial.enrolled("slm_keeper", "keeper"))
    async with trial.running(api.state.access), trial.client_of(api, "slm_keeper") as client:
        answer = await client.post("/api/v1/things", json={"name": "lamp"})
    assert answer.json() == {"name": "lamp", "beside": "what the model does not name"}
    # Every test sees that, and this one expects it.
    assert answers.take(undeclared)[0] == "POST /api/v1/things 201: beside: Extra inputs are not permitted"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"name":"lamp"}', None),
        (b'{"name":"lamp","weight":"1.5"}', None),
        (b'{"name":"lamp","weight":1.5}', "weight: Input should be a valid string"),
        (b'{"name":"lamp","weight":null}', "weight: Input should be a valid string"),
        (b'{"weight":"1.5"}', "name: Field required"),
        (b'{"name":"lamp","height":"1"}', "height: Extra inputs are not permitted"),
    ],
)
def test_an_answer_with_other_fields_or_types_is_noticed(body: bytes, fault: str | None) -> None:
    assert answers.faults_of(ThingAnswer, body) == ([] if fault is None else [fault])


async def test_a_status_that_is_not_declared_is_noticed(api: FastAPI, undeclared: Path) -> None:
    @api.get("/api/v1/odd", **operation("Answer oddly", ThingAnswer))
    async def odd(response: Response) -> dict[str, Any]:
        response.status_code = 202
        return {"name": "lamp"}

    async with trial.client_of(api) as client:
        assert (await client.get("/api/v1/odd")).status_code == 202
    assert answers.take(undeclared)[0] == "GET /api/v1/odd 202: the status is not declared"


async def test_a_problem_that_is_not_declared_is_noticed(api: FastAPI, undeclared: Path) -> None:
    @api.get("/api/v1/odd", **operation("Fail oddly", ThingAnswer))
    async def odd() -> dict[str, Any]:
        raise WORN_OUT_THING

    async with trial.client_of(api) as client:
        assert (await client.get("/api/v1/odd")).status_code == 409
    assert answers.take(undeclared)[0] == "GET /api/v1/odd 409: the problem worn-out is not declared"


async def test_every_method_of_a_path_is_in_allow_whichever_route_has_it(client: httpx.AsyncClient) -> None:
    answer = await client.patch("/api/v1/things/7")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")
    answer = await client.delete("/api/v1/things")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_a_path_of_its_own_is_not_an_id(client: httpx.AsyncClient) -> None:
    """Although ``GET /things/{thing_id}/polish`` matches it as well."""
    assert (await client.post("/api/v1/things/newest/polish")).json() == {"name": "newest"}
    for method in ("GET", "HEAD", "DELETE"):
        answer = await client.request(method, "/api/v1/things/newest/polish")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await client.get("/api/v1/things/old/polish")).json() == {"name": "old"}
    unknown = await client.get("/api/v1/things/newest/polish", headers={"Authorization": "", "X-API-Key": ""})
    assert (unknown.status_code, unknown.headers["allow"]) == (405, "POST")


async def test_head_is_answered_where_get_is(client: httpx.AsyncClient) -> None:
    answer = await client.head("/api/v1/things/7")
    assert (answer.status_code, answer.headers["etag"], answer.content) == (200, '"7"', b"")


@pytest.mark.parametrize("given", ['"7"', '"6", W/"7"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_the_client_has_is_not_sent_again(client: httpx.AsyncClient, method: str, given: str) -> None:
    answer = await client.request(method, "/api/v1/things/7", headers={"If-None-Match": given})
    assert (answer.status_code, answer.headers["etag"], answer.content) == (304, '"7"', b"")
    assert "content-type" not in answer.headers and "content-length" not in answer.headers


async def test_another_version_is_sent(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/things/7", headers={"If-None-Match": '"6"'})
    assert (answer.status_code, answer.json()) == (200, {"name": "7"})


@pytest.mark.parametrize("problem", [*OF_EVERY_API.values(), WORN_OUT], ids=lambda each: each.code)
async def test_the_type_of_a_problem_is_the_address_of_a_page(api: FastAPI, problem: ProblemType) -> None:
    async with trial.client_of(api) as stranger:
        answer = await stranger.get(problem.uri)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    assert "<h2>Cause</h2>" in answer.text and "<h2>Remedy</h2>" in answer.text


async def test_an_unknown_problem_has_no_page(client: httpx.AsyncClient) -> None:
    assert (await client.get("/problems/nothing-wrong")).status_code == 404
