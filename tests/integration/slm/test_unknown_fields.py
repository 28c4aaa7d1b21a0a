"""What nobody knows is refused by name: a query parameter on any route, a field of any body, at any depth of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.integration.slm.test_strangers import filled, guarded, sent
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
