"""Whatever is sent to whichever route, the answer is the sender's fault or a success, and never ours."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.populated import OPERATOR_KEY, Operation, Populated, populated

SEED = 20261122
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**31,
    2**63,
    10**400,
    1.5,
    -1e308,
    "",
    " ",
    "x",
    "1",
    "-1",
    "1e999999999",
    "\0",
    "\ud800",
    "é" * 3_000,
    "null",
    "2026-11-22T10:00:00Z",
    "9999-12-31T23:59:59.999999-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-11",
    "PT1H",
    "P9999999D",
    "*",
    '"1"',
    "%",
    "../..",
    "system:id",
    "W10=",
    "WzFd",
    "WyJ4IiwgMV0=",
    "eyJ4IjoxfQ==",
    "m0:1",
    "m0:99.t0:x",
    "11111111-1111-4111-8111-111111111111",
    [],
    {},
    [[]],
    [{}],
    {"": ""},
    {"more": 1},
    {"x": {"y": [None]}},
]
RAW = [
    b"",
    b"null",
    b"1",
    b'"x"',
    b"[",
    b"{}",
    b"[]",
    b"[null]",
    b"[{}]",
    b"\xff\xfe",
    b"\0",
    b"NaN",
    b"[NaN]",
    b"a=1",
    b"[" * 5_000,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b"1" * 6_000,
    b'{"a": 1, "a": 2}',
    b'{}\n{"x":1}\n[]',
]
KINDS = ("application/json", "application/x-ndjson", "text/plain", "multipart/form-data; boundary=x", "", "x")
OURS = ("Traceback", "asyncpg", "sqlalchemy", "SELECT ", "INSERT ", "site-packages")


@dataclass(frozen=True)
class Effort:
    """How much each operation is sent: odd values of each parameter, mutations of its example, bodies that are none."""

    values: int
    bodies: int
    raw: int


SHARE, WHOLE = Effort(3, 8, 5), Effort(12, 30, len(RAW))


@pytest.fixture(scope="module")
async def own() -> AsyncIterator[Populated]:
    """An installation that nobody else looks at, as much of it will be changed."""
    with tempfile.TemporaryDirectory() as folder:
        async with populated(Path(folder) / "data") as world:
            yield world


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*path, name))


def changed(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], odd)
    return copy


def requests(world: Populated, operation: Operation, dice: random.Random, effort: Effort) -> Iterator[dict[str, Any]]:
    """What is sent to one operation: odd parameters, odd bodies, bodies that are none."""
    parameters = operation.document.get("parameters", [])
    for parameter in parameters:
        where, name = parameter["in"], parameter["name"]
        for odd in dice.sample([each for each in ODD if isinstance(each, str)], effort.values):
            if where == "query":
                yield {"params": {name: odd.encode(errors="replace")}}
            elif where == "header" and "\0" not in odd:
                yield {"headers": {name: odd.encode(errors="replace")[:200]}}
    if "requestBody" not in operation.document:
        yield {}
        return
    example = (
        {"more": 1, **body} if isinstance(body := world.body_of(operation), dict) and dice.random() < 0.1 else body
    )
    found = list(places(example))
    for _ in range(effort.bodies):
        body = example
        for _ in range(dice.choice((1, 1, 2))):
            place = dice.choice(found)
            try:
                body = changed(body, place, dice.choice(ODD))
            except (IndexError, KeyError, TypeError):
                continue
        headers = {"Content-Type": "application/json", "Idempotency-Key": dice.choice(("", "x", "é", "k" * 300))}
        if dice.random() < 0.8:
            del headers["Idempotency-Key"]
        yield {"content": json.dumps(body).encode(), "headers": {name: each.encode() for name, each in headers.items()}}
    for raw in dice.sample(RAW, effort.raw):
        yield {"content": raw, "headers": {"Content-Type": dice.choice(KINDS)}}


def path_of(world: Populated, operation: Operation, dice: random.Random) -> str:
    """With ids that lead to something, mostly."""
    values = {}
    for name in operation.parameters:
        known = sorted(world.known.get(name, ())) or ["1", "desk", "INC1"]
        odd = dice.choice(["x", "%00", "%F0", "%20", "..", "é", "1" * 3_000, "-1", "99999999999999999999"])
        values[name] = odd if dice.random() < 0.3 or operation.method == "delete" else dice.choice(known)
    return operation.path.format_map(values)


def is_told(operation: Operation, answer: httpx.Response) -> bool:
    """Whether a refusal has the form of problems; the token endpoint's has that of RFC 6749, section 5.2."""
    told = answer.headers.get("content-type", "")
    if operation.path.endswith("/oauth/token") and told == "application/json":
        return {"error", "error_description"} >= answer.json().keys()
    return told == "application/problem+json"


@pytest.mark.parametrize(
    "effort", [pytest.param(SHARE, id="share"), pytest.param(WHOLE, id="whole", marks=pytest.mark.soak)]
)
async def test_no_request_whatever_is_answered_with_a_fault_of_ours(own: Populated, effort: Effort) -> None:
    dice, wrong, sent = random.Random(SEED), [], 0
    keys = [OPERATOR_KEY, own.cast.provider_manager_key, own.cast.integrator_key, own.cast.customer_signatory_key]
    for operation in own.operations():
        if operation.path.endswith("/stream"):
            continue
        for request in requests(own, operation, dice, effort):
            path = path_of(own, operation, dice)
            headers = {"If-Match": "*", **request.get("headers", {})}
            answer = await own.ask(dice.choice(keys), operation.method, path, **{**request, "headers": headers})
            sent += 1
            fault = answer.status_code >= 500 or (answer.status_code >= 400 and not is_told(operation, answer))
            if fault or (answer.status_code >= 400 and any(word in answer.text for word in OURS)):
                wrong.append(f"{operation} {path} {str(request)[:300]}: {answer.status_code} {answer.text[:300]}")
    assert not wrong, f"{len(wrong)} of {sent}:\n" + "\n".join(wrong[:40])
