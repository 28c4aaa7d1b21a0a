"""What browsers and careful clients are told: protecting headers, HEAD, Accept, addresses that are safe to follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.populated import OPERATOR_KEY, Operation, Populated

CHANGES = {"If-Match": "*"}
PAGES = ("/", "/docs", "/favicon.ico", "/livez", "/openapi.json", "/nothing", "/api/v1/nothing")
UNSAFE = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "//elsewhere.example",
    "http:",
    "https://",
    "https://<script>",
    "mailto:a@b",
]


def reading(world: Populated) -> Iterator[Operation]:
    """Every list: what can be read without naming a thing."""
    for operation in world.operations():
        required = any(each.get("required") for each in operation.document.get("parameters", []))
        if operation.method == "get" and not required and not operation.path.endswith("/stream"):
            yield operation


async def test_every_answer_protects_the_browser_that_shows_it(world: Populated) -> None:
    paths = [*PAGES, *(operation.path for operation in reading(world))]
    wrong = []
    for path in paths:
        for key in (OPERATOR_KEY, "slm_wrong"):
            answer = await world.ask(key, "GET", path)
            told = answer.headers
            is_safe = (
                told.get("x-content-type-options") == "nosniff"
                and "frame-ancestors" in told.get("content-security-policy", "")
                and "script-src 'unsafe" not in told["content-security-policy"]
                and told.get("referrer-policy") in ("no-referrer", "same-origin")
                and "x-frame-options" in told
            )
            if not is_safe:
                wrong.append(f"{path}: {answer.status_code} {dict(told)}")
    assert not wrong, "\n".join(wrong)


async def test_the_page_of_docs_runs_nothing_and_loads_nothing_from_elsewhere(world: Populated) -> None:
    answer = await world.client.get("/docs")
    policy = answer.headers.get("content-security-policy", "")
    assert policy.startswith("default-src 'none'") and "script-src" not in policy, policy
    assert "//" not in policy


async def test_a_browser_finds_an_icon(world: Populated) -> None:
    answer = await world.client.get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml"), answer.text


@pytest.mark.parametrize(("scheme", "said"), [("https", True), ("http", False)])
async def test_behind_tls_browsers_are_told_to_stay_there(world: Populated, scheme: str, said: bool) -> None:
    transport = httpx.ASGITransport(world.installation.face)
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://slm") as client:
        answer = await client.get("/docs")
    assert ("strict-transport-security" in answer.headers) is said


async def test_head_says_what_get_says_without_the_body(world: Populated) -> None:
    wrong = []
    for path in ["/", "/docs", "/livez", *(operation.path for operation in reading(world))]:
        got, head = [await world.ask(OPERATOR_KEY, method, path) for method in ("GET", "HEAD")]
        # Without a session, the first page answers a redirection, which has no content.
        types = [each.headers.get("content-type") for each in (head, got)]
        if head.status_code != got.status_code or types[0] != types[1] or head.content:
            wrong.append(f"{path}: {head.status_code} {head.content[:80]!r}")
    assert not wrong, "\n".join(wrong)


async def test_what_nobody_accepts_is_not_sent(world: Populated) -> None:
    wrong = []
    for operation in reading(world):
        media = operation.document["responses"]["200"]["content"]
        others = ", ".join([*(f"{each};q=0" for each in media), "*/*"])
        for accept, status in (("image/png", 406), (others, 406), ("text/html, */*;q=0.1", 200)):
            # What a person chooses is refused to a key without a person, whatever is asked for.
            key = world.cast.provider_signatory_key if operation.path.endswith("-preferences") else OPERATOR_KEY
            answer = await world.ask(key, "GET", operation.path, headers={"Accept": accept})
            if answer.status_code != status:
                wrong.append(f"{operation} Accept: {accept}: {answer.status_code}")
            elif status == 406 and answer.json()["type"] != "/problems/not-acceptable":
                wrong.append(f"{operation} Accept: {accept}: {answer.text}")
    assert not wrong, "\n".join(wrong)


async def test_a_write_whose_answer_nobody_accepts_is_not_done(world: Populated) -> None:
    body = {"key": "unwanted", "name": "Unwanted"}
    answer = await world.ask(OPERATOR_KEY, "POST", "/api/v1/parties", json=body, headers={"Accept": "text/html"})
    assert answer.status_code == 406, answer.text
    listed = await world.ask(OPERATOR_KEY, "GET", "/api/v1/parties?limit=100")
    assert "unwanted" not in {each["key"] for each in listed.json()["items"]}


async def test_an_explanation_comes_as_text_where_that_is_asked_for(world: Populated) -> None:
    targets = (await world.ask(OPERATOR_KEY, "GET", "/api/v1/targets")).json()["items"]
    target = next(each for each in targets if each["key"] == "availability")["target_id"]
    path = f"/api/v1/targets/{target}/explain"
    kinds = {}
    for accept in ("text/plain", "text/plain;q=0.5, application/json", "application/json;q=0.5, text/plain", "*/*"):
        answer = await world.ask(OPERATOR_KEY, "GET", path, headers={"Accept": accept})
        kinds[accept] = answer.headers["content-type"].partition(";")[0]
    assert list(kinds.values()) == ["text/plain", "application/json", "text/plain", "application/json"], kinds


def addressed(world: Populated, schema: dict[str, Any], depth: int = 6) -> Iterator[tuple[Any, ...]]:
    """Where in a body of this schema an address may be written; 0 stands for an item of a list."""
    schema = world.schema(schema)
    for each in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from addressed(world, each, depth)
    if depth and "items" in schema:
        yield from ((0, *path) for path in addressed(world, schema["items"], depth - 1))
    for name, inner in schema.get("properties", {}).items() if depth else ():
        if name == "url" or name.endswith("_url"):
            yield (name,)
        yield from ((name, *path) for path in addressed(world, inner, depth - 1))


async def test_no_address_that_runs_as_code_can_be_written(world: Populated) -> None:
    # An endpoint is looked up before its new address is checked.
    endpoint = await world.ask(
        world.cast.provider_manager_key,
        "POST",
        "/api/v1/webhook-endpoints",
        json={"title": "Archive", "url": "https://93.184.215.14/slm"},
    )
    assert endpoint.status_code == 201, endpoint.text
    known = {"endpoint_id": endpoint.json()["endpoint_id"]}
    tried, wrong = 0, []
    for operation in world.operations():
        body = world.body_of(operation)
        content = operation.document.get("requestBody", {}).get("content", {}).get("application/json", {})
        if not isinstance(body, dict):
            continue
        places = set(addressed(world, content.get("schema", {})))
        if "evidence" in body or operation.path == "/api/v1/exclusions":
            places.add(("evidence", 0, "url"))
        if "document" in body:
            places.add(("document", "clauses", "assets", "links", 0, "url"))
        for place in places:
            for unsafe in UNSAFE:
                given = written({**body}, place, unsafe)
                path = operation.path.format_map({**dict.fromkeys(operation.parameters, "1"), **known})
                answer = await world.ask(
                    world.cast.provider_manager_key, operation.method, path, json=given, headers=CHANGES
                )
                tried += 1
                named = [(each["field"], each["value"]) for each in answer.json().get("errors", [])]
                if (spelt(place), unsafe) not in named and answer.status_code != 403:
                    wrong.append(f"{operation} {place}={unsafe!r}: {answer.status_code} {answer.text[:200]}")
    assert tried > 50 and not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong[:30])


def spelt(place: tuple[Any, ...]) -> str:
    """``("evidence", 0, "url")`` → ``evidence[0].url``, as problems name it."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def written(body: Any, place: tuple[Any, ...], text: str) -> Any:
    """The body with a text at a place, making what leads there."""
    if not place:
        return text
    name, rest = place[0], place[1:]
    if name == 0:
        first = body[0] if isinstance(body, list) and body else {"system": "s", "id": "1"}
        return [written(first, rest, text)]
    inner = dict(body) if isinstance(body, dict) else {}
    return {**inner, name: written(inner.get(name), rest, text)}
