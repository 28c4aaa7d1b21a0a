"""What nobody knows is refused by name: a query parameter on any route, a field of any body, at any depth of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from slm_chassis.http.paging import cursor_of
from tests.integration.slm.test_strangers import NAMED, filled, guarded, sent
from tests.support.populated import OPERATOR_KEY, Operation, Populated

OTLP = "/api/v1/otlp/v1/metrics"
"""OpenTelemetry's own language: receivers of it ignore what they do not know."""
FREE = (
    "attributes",
    "labels",
    "external_refs",
    "fields",
    "resourceMetrics",
    "clauses",
    "service_hours",
    "evidence",
    "applies_to",
    "structure",
)
"""Objects whose fields are the sender's, or that have tests of their own."""


async def test_an_unknown_query_parameter_is_refused_on_every_route(world: Populated) -> None:
    lax = []
    for operation in guarded(world):
        path = next(filled(world, operation))
        query = {"stat": "breached"}
        answer = await world.ask(OPERATOR_KEY, operation.method, path, params=query, json=world.body_of(operation))
        named = [each["field"] for each in answer.json().get("errors", [])] if answer.status_code == 422 else []
        if named != ["query.stat"]:
            lax.append((str(operation), answer.status_code, answer.text[:200]))
    assert not lax, "\n".join(map(str, lax))


CURSORS = [cursor_of(values) for values in ([], ["x"], ["x", "y"], [1, 2], ["x", 1], [None, None, None, None, None])]


async def test_the_cursor_of_another_list_is_refused_by_name(world: Populated) -> None:
    paged = [each for each in guarded(world) if "cursor" in query_names(each)]
    assert len(paged) > 20
    lax = []
    for operation, cursor in itertools.product(paged, CURSORS):
        path = next(filled(world, operation))
        required = {name: value for name, value in NAMED.items() if name in query_names(operation, required=True)}
        answer = await world.ask(OPERATOR_KEY, "get", path, params={**required, "cursor": cursor})
        # A list may sort by texts, and then two texts are a cursor of it: of nothing, or of the list's end.
        named = [each["field"] for each in answer.json().get("errors", [])] if answer.status_code == 422 else []
        if answer.status_code != 200 and named != ["query.cursor"]:
            lax.append((str(operation), cursor, answer.status_code, answer.text[:200]))
    assert not lax, "\n".join(map(str, lax))


def query_names(operation: Operation, *, required: bool = False) -> set[str]:
    """The names of an operation's query parameters; only those that must be sent, if so asked."""
    listed = operation.document.get("parameters", [])
    return {each["name"] for each in listed if each["in"] == "query" and (each.get("required") or not required)}


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all objects in a document whose fields are ours."""
    if isinstance(value, dict):
        yield path
        for name, inner in value.items():
            if name not in FREE:
                yield from objects(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from objects(inner, (*path, number))


def extended(value: Any, path: tuple[Any, ...], name: str) -> Any:
    """A copy of a document with one field more at a place."""
    if not path:
        return {**value, name: 1}
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = extended(value[path[0]], path[1:], name)
    return copy


def cases(world: Populated) -> Iterator[tuple[Operation, Any]]:
    for operation in world.operations():
        body = world.body_of(operation)
        if operation.path != OTLP and isinstance(body, dict | list):
            for place in objects(body):
                yield operation, extended(body, place, "unheard_of")


async def test_an_unknown_field_is_refused_by_name_at_every_door(world: Populated) -> None:
    lax = []
    for operation, body in cases(world):
        path = next(filled(world, operation))
        answer = await sent(world, OPERATOR_KEY, operation, path, body)
        if answer.status_code < 400:
            lax.append((str(operation), answer.status_code, str(body)[:300], answer.text[:200]))
    assert not lax, "\n".join(map(str, lax))
