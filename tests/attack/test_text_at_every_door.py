"""NUL, half surrogates, depth and size in every text of every door: refused by name, before anything is kept.

The doors and their texts are generated from the merged OpenAPI document and its examples, so that new ones are tried
as soon as they exist.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.attack.conftest import Effort
from tests.integration.slm.test_strangers import filled
from tests.support.populated import OPERATOR_KEY, Operation, Populated, populated

NUL, HALF, LONG, DEEP = "a\0b", "\ud800", "x" * 1_000_000, "deep"
ITEMS = ("/api/v1/measurements", "/api/v1/ticket-events", "/api/v1/otlp/v1/metrics")
"""Routes that answer for each item of a batch."""
JSON = {"Content-Type": "application/json", "If-Match": "*"}
Case = tuple[Operation, tuple[Any, ...], str]


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[Populated]:
    with tempfile.TemporaryDirectory() as folder:
        async with populated(Path(folder) / "data") as world:
            yield world


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all texts in a document."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inner, (*path, name))


def changed(value: Any, path: tuple[Any, ...], text: Any) -> Any:
    if not path:
        return text
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], text)
    return copy


def body_of(world: Populated, case: Case) -> bytes:
    operation, place, text = case
    value: Any = text
    if text == DEEP:
        for _ in range(40):
            value = [value]
    return json.dumps(changed(world.body_of(operation), place, value)).encode()


def cases(world: Populated) -> list[Case]:
    return [
        (operation, place, text)
        for operation in world.operations()
        if operation.method != "get" and "{key}" not in operation.path
        for place in texts(world.body_of(operation))
        for text in (NUL, HALF, LONG, DEEP)
    ]


async def test_no_text_that_cannot_be_stored_passes_any_door(world: Populated, effort: Effort) -> None:
    found = cases(world)
    dice = effort.random()
    chosen = dice.sample(found, min(len(found), effort.cases(160, len(found))))
    passed, ours = [], []
    for case in chosen:
        operation, place, text = case
        path = next(filled(world, operation))
        body = body_of(world, case)
        answer = await world.ask(OPERATOR_KEY, operation.method, path, content=body, headers=JSON)
        told = (str(operation), place, text[:8], answer.status_code, answer.text[:200])
        if answer.status_code >= 500:
            ours.append(told)
        elif answer.status_code < 300 and text != LONG and not (operation.path in ITEMS and _is_refused(answer.json())):
            passed.append(told)
    assert not ours, "\n".join(map(str, ours))
    assert not passed, "\n".join(map(str, passed))
    ready = await world.client.get("/readyz")
    assert ready.json()["reasons"] == []
    print(f"\n{len(chosen)} of {len(found)} texts tried, none passed, no 5xx")


def _is_refused(document: dict[str, Any]) -> bool:
    """Whether the answer to a batch names a rejected item."""
    return bool(document.get("items")) or "partialSuccess" in document


async def test_no_path_or_query_takes_a_nul(world: Populated, effort: Effort) -> None:
    operations = [each for each in world.operations() if each.parameters and "{key}" not in each.path]
    ours = []
    for operation in effort.random().sample(operations, min(len(operations), effort.cases(30, len(operations)))):
        path = operation.path
        for name in operation.parameters:
            path = path.replace(f"{{{name}}}", "a%00b")
        answer = await world.ask(OPERATOR_KEY, operation.method, path, json=world.body_of(operation), headers=JSON)
        if not 400 <= answer.status_code < 500:
            ours.append((str(operation), answer.status_code, answer.text[:200]))
    assert not ours, "\n".join(map(str, ours))
