"""What a stranger meets on every route there is, those still to come included: nothing that is not its own."""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from slm.demo import terms
from tests.support.populated import OF_PEOPLE, OPERATOR_KEY, UUID, Operation, Populated

OPEN = ("/api/v1/templates", "/api/v1/templates/{key}", "/api/v1/connectors", "/api/v1/pull-tools",
        "/api/v1/ticket-tools",         "/api/v1/schemas/{event_type}")  # fmt: skip
"""The same for everybody."""
KEYLESS = {
    ("/api/v1/sessions", "post"),
    ("/api/v1/guest-sessions", "post"),
    ("/api/v1/guest-sessions/codes", "post"),
    ("/api/v1/openid-sessions", "post"),
    ("/api/v1/openid-sessions/log-ins", "post"),
    ("/api/v1/oauth/token", "post"),
    ("/.well-known/oauth-authorization-server", "get"),
    ("/api/v1/installation", "get"),
    ("/api/v1/installation", "post"),
    ("/api/v1/sessions/{session_id}", "delete"),
    ("/api/v1/hooks/{hook_id}", "post"),
    ("/api/v1/agreements/{agreement_id}/guest-links", "post"),
    ("/api/v1/agreements/{agreement_id}/reading-links", "post"),
}
"""Ways in: most are asked by somebody who has no key yet; each has tests of its own."""
COMPUTED = ("/api/v1/previews/", "/api/v1/credit-previews", "/api/v1/chain-previews", "/api/v1/invitations/preview",
            "/api/v1/series-rules/preview", "/api/v1/hook-previews", "/api/v1/import-previews")  # fmt: skip
"""Posts that keep nothing: whoever has a key may ask."""
STREAM = "/api/v1/stream"
FOR_OPERATORS = "-dead-letters"
"""The end of lists that only operators read."""
CALLERS = frozenset(
    {
        "/api/v1/parties",
        "/api/v1/otlp/v1/metrics",
        "/api/v1/cloudevents",
        "/api/v1/backtests",
        "/api/v1/series-rules",
        "/api/v1/invitations/accept",
        "/api/v1/named-companies",
        "/api/v1/recorded-agreements/lines",
        "/api/v1/me/password",
        "/api/v1/installation/links",
        "/api/v1/webhook-endpoints",
        "/api/v1/ticket-writers",
        "/api/v1/notification-preferences",
        "/api/v1/hooks",
        "/api/v1/pulls",
    }
)
"""What is made there is of the caller's own party, or a party of its own."""
OWN = ("/api/v1/tickets/{source}/{number}", "put")
"""Whoever may send tickets makes one of its own party, whatever others call theirs."""
NAMED = {
    "revision": "1",
    "source": "desk",
    "number": "INC1",
    "from": "1",
    "to": "1",
    "target": "p1-resolution",
    "key": terms.AVAILABILITY_INDICATOR,
    "window": "2026-11",
    "q": "x",
    "session_id": "11111111-1111-4111-8111-111111111111",
    "comment_id": "11111111-1111-4111-8111-111111111111",
    "link_id": "11111111-1111-4111-8111-111111111111",
    "dead_letter_id": "11111111-1111-4111-8111-111111111111",
}
"""Parameters that are no ids."""
TRIED = 3
"""Ids tried for each parameter."""
NOWHERE = "11111111-1111-4111-8111-111111111111"


def named(operation: Operation) -> dict[str, str]:
    """Values of the parameters that are no ids; a step's number is one, a ticket's is a name."""
    return NAMED if "source" in operation.parameters else {**NAMED, "number": "1"}


def filled(world: Populated, operation: Operation) -> Iterator[str]:
    """The operation's path with values that lead to something."""
    choices = []
    for name in operation.parameters:
        found = [named(operation)[name]] if name in NAMED else sorted(world.known.get(name, ()))
        assert found, f"{operation}: let tests/support/populated.py make something with a {name}"
        choices.append(found[:TRIED])
    for values in itertools.product(*choices):
        yield operation.path.format_map(dict(zip(operation.parameters, values, strict=True)))


async def sent(world: Populated, key: str, operation: Operation, path: str, body: Any = None) -> httpx.Response:
    given = body if body is not None else world.body_of(operation)
    required = [each["name"] for each in operation.document.get("parameters", []) if each.get("required")]
    query = {name: NAMED[name] for name in required if name in NAMED and name not in operation.parameters}
    return await world.ask(key, operation.method, path, json=given, params=query, headers={"If-Match": "*"})


def guarded(world: Populated) -> list[Operation]:
    guarded = [each for each in world.operations() if (each.path, each.method) not in KEYLESS]
    return [operation for operation in guarded if operation.path not in OPEN]


def query_of(world: Populated, operation: Operation) -> dict[str, str]:
    """Every filter of a list that is an id, set to one that there is."""
    names = [each["name"] for each in operation.document.get("parameters", []) if each["in"] == "query"]
    return {name: min(world.known[name]) for name in names if name in world.known}


async def test_whatever_belongs_to_others_is_not_found(world: Populated) -> None:
    wrong = []
    for operation in guarded(world):
        if not operation.parameters or (operation.path, operation.method) == OWN:
            continue
        steps = {"number": "1"} if "source" not in operation.parameters else {}
        unknown = operation.path.format_map({**dict.fromkeys(operation.parameters, NOWHERE), **steps})
        # Where the role is missing first, that too must not tell whether there is such a thing.
        expected = (await sent(world, world.stranger_key, operation, unknown)).status_code
        assert expected in (403, 404), (str(operation), expected)
        for path in filled(world, operation):
            answer = await sent(world, world.stranger_key, operation, path)
            if answer.status_code != expected:
                wrong.append(f"{operation.method.upper()} {path}: {answer.status_code} {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)


def _asks_for_something(operation: Operation) -> bool:
    """Whether a read names what it is of in its query: to a stranger that does not exist."""
    return any(each.get("required") for each in operation.document.get("parameters", []))


async def test_no_list_shows_a_stranger_anything(world: Populated) -> None:
    own = {world.stranger_party_id}
    mine = await world.ask(world.stranger_key, "GET", "/api/v1/principals")
    own |= {each for item in mine.json()["items"] for each in UUID.findall(str(item))}
    for operation in guarded(world):
        if operation.method == "get" and not operation.parameters and not operation.path.endswith("/stream"):
            for query in ({}, query_of(world, operation)):
                if not query and _asks_for_something(operation):
                    continue
                answer = await world.ask(world.stranger_key, "GET", operation.path, params=query)
                hidden = 404 if _asks_for_something(operation) else 200
                if operation.path.endswith(FOR_OPERATORS) or operation.path in OF_PEOPLE:
                    hidden = 403
                assert answer.status_code == hidden, (str(operation), answer.text)
                if hidden != 200:
                    continue
                assert set(UUID.findall(answer.text)) <= own, (str(operation), query, answer.text)


async def test_nothing_can_be_made_in_the_name_of_another_party(world: Populated) -> None:
    for operation in guarded(world):
        body = world.body_of(operation)
        if operation.parameters or not isinstance(body, dict) or operation.path.startswith(COMPUTED):
            continue
        content = operation.document["requestBody"]["content"]["application/json"]
        fields = world.schema(content["schema"]).get("properties", {})
        parties: dict[str, Any] = {name: world.cast.provider_party_id for name in fields if name.endswith("party_id")}
        if "party_ids" in fields:
            parties["party_ids"] = [world.cast.provider_party_id, world.stranger_party_id]
        others = {name: min(world.known[name]) for name in fields if name in world.known and name not in parties}
        if not parties and not others:
            assert operation.path in CALLERS, f"{operation}: nothing says whose it becomes"
            continue
        if not parties and "external_refs" in fields:
            continue
        answer = await sent(world, world.stranger_key, operation, operation.path, {**body, **others, **parties})
        assert answer.status_code in (403, 404), (str(operation), answer.status_code, answer.text)


async def test_measurements_of_anothers_indicator_are_rejected(world: Populated) -> None:
    [operation] = [each for each in world.operations() if each.path == "/api/v1/measurements"]
    items = [{**item, "owner": world.cast.provider_party_id} for item in world.body_of(operation)]
    for body in (items, world.body_of(operation)):
        answer = await sent(world, world.stranger_key, operation, operation.path, body)
        assert answer.json()["accepted"] == 0, answer.text


async def test_who_only_looks_on_changes_nothing(world: Populated) -> None:
    wrong = []
    for operation in guarded(world):
        if operation.method == "get" or operation.path.startswith(COMPUTED):
            continue
        path = next(filled(world, operation))
        answer = await sent(world, world.onlooker_key, operation, path)
        if answer.status_code != 403:
            wrong.append(f"{operation.method.upper()} {path}: {answer.status_code} {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)


async def test_without_a_key_there_is_nothing_at_all(world: Populated) -> None:
    for operation in guarded(world):
        path = next(filled(world, operation))
        attempts: list[dict[str, Any]] = [{}, {"headers": {"Authorization": "Bearer slm_wrong"}}]
        if operation.method != "get":
            attempts.append({"params": {"key": OPERATOR_KEY}})
        for attempt in attempts:
            answer = await world.client.request(operation.method, path, json=world.body_of(operation), **attempt)
            assert answer.status_code == 401, (str(operation), attempt, answer.status_code)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_strangers_stream_stays_silent(world: Populated) -> None:
    now = re.search(r"^id: (.+)$", (await _streamed(world, OPERATOR_KEY, "")).decode(), re.MULTILINE)
    assert now is not None
    begin = re.sub("[0-9]+", "0", now[1])
    heard = {key: await _streamed(world, key, begin) for key in (world.stranger_key, world.cast.viewer_key)}
    assert b"TargetBreached" in heard[world.cast.viewer_key]
    assert b"event:" not in heard[world.stranger_key]


async def test_every_body_has_an_example_in_the_documentation(world: Populated) -> None:
    bare = []
    for operation in world.operations():
        content = operation.document.get("requestBody", {}).get("content", {}).get("application/json")
        if content and not ("example" in content or world.schema(content["schema"]).get("examples")):
            bare.append(str(operation))
    assert bare == []


async def test_no_key_gets_into_the_logs(world: Populated, caplog: pytest.LogCaptureFixture) -> None:
    keys = (OPERATOR_KEY, world.stranger_key)
    with caplog.at_level(logging.DEBUG):
        for key in keys:
            await world.client.get("/api/v1/parties", params={"key": key})
            await world.client.post("/api/v1/parties", params={"key": key}, json={"name": key})
            await world.ask(key, "POST", "/api/v1/parties", json={"name": 7, "key": [key]})
            await world.ask(key, "GET", "/api/v1/nothing")
    assert len(caplog.records) >= 8
    assert not any(key in str(record.__dict__) + record.getMessage() for key in keys for record in caplog.records)


async def _streamed(world: Populated, key: str, begin: str) -> bytes:
    """What a stream says within a second, from after the id ``begin``."""
    said = bytearray()
    never = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await never.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        said.extend(message.get("body", b""))

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": STREAM,
        "raw_path": STREAM.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"authorization", f"Bearer {key}".encode()), (b"last-event-id", begin.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("slm", 80),
    }
    listening = asyncio.create_task(world.installation.face(scope, receive, send))
    await asyncio.wait([listening], timeout=1.0)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    return bytes(said)
