"""Tenancy: every route × every role × things of others. Foreign and unknown are answered alike, everywhere.

The routes come from the OpenAPI document. Two pairs of parties hold things of every kind; whoever belongs to the
second asks for the things of the first, by their ids and by ids that nobody has. Both answers are the same but for the
id itself: nobody learns what exists. ``SLM_ATTACK=all`` tries every role and more ids.
"""

from __future__ import annotations

import itertools
import re
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.attack.conftest import Effort
from tests.support.populated import OPERATOR_KEY, UUID, Operation, Populated, neighbours, populated

OPEN = ("/api/v1/templates", "/api/v1/templates/{key}", "/api/v1/schemas/{event_type}")
TICKET = {"source": "desk", "number": "INC1", "target": "p1-resolution"}
"""The ticket that only the first pair has."""
OTHER_TICKET = {"source": "desk", "number": "INC1-neighbours", "target": "p1-resolution"}
COUNTED = ("/api/v1/measurements", "/api/v1/ticket-events", "/api/v1/ticket-reconciliations")
"""Routes whose answer gives the outcome of each item."""
NAMED = {"revision": "1", "from": "1", "to": "1", "number": "1"}
"""Path parameters that are not ids, with the values to use."""
SAME = ("status", "content-type", "etag", "location", "allow", "retry-after")


@dataclass
class Neighbour:
    """One role of the second pair, and what it may see."""

    name: str
    key: str
    own: dict[str, list[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)


@dataclass
class Street:
    """Both pairs of parties, and the callers of the second pair."""

    world: Populated
    callers: list[Neighbour]

    def foreign(self, name: str, caller: Neighbour) -> list[str]:
        """Ids of the first pair's things that the caller has never been shown."""
        known = {each for each in self.world.known.get(name, ()) if UUID.fullmatch(each)}
        return sorted(known - caller.seen)


@pytest.fixture(scope="module")
async def street() -> AsyncIterator[Street]:
    with tempfile.TemporaryDirectory() as folder:
        async with populated(Path(folder) / "data") as world:
            callers = [Neighbour(name, key) for name, key in (await neighbours(world)).items()]
            for caller in callers:
                await look(world, caller)
            yield Street(world, callers)


async def look(world: Populated, caller: Neighbour) -> None:
    """Note every id that the caller's own lists show."""
    for operation in world.operations():
        required = any(each.get("required") for each in operation.document.get("parameters", []))
        if operation.method != "get" or required or operation.path.endswith("/stream") or operation.path in OPEN:
            continue
        answer = await world.ask(caller.key, "GET", operation.path)
        if answer.status_code == 200:
            caller.seen |= set(UUID.findall(answer.text))
            if answer.headers["content-type"] == "application/json":
                remember(answer.json().get("items", []), caller.own)


def remember(value: Any, own: dict[str, list[str]]) -> None:
    if isinstance(value, list):
        for inner in value:
            remember(inner, own)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and name.endswith("_id") and inner not in own.setdefault(name, []):
                own[name].append(inner)
            remember(inner, own)


def paths(street: Street, operation: Operation, caller: Neighbour, most: int) -> Iterator[tuple[str, str]]:
    """(path to a thing of others, the same path to nothing): each parameter in turn, the others being one's own."""
    if "source" in operation.parameters:
        theirs = {**dict.fromkeys(operation.parameters, "1"), **TICKET}
        nothing = {**theirs, "number": "INC404"}
        yield operation.path.format_map(theirs), operation.path.format_map(nothing)
        return
    names = [name for name in operation.parameters if name not in NAMED]
    for varied in names:
        rest = {name: (caller.own.get(name) or street.foreign(name, caller) or ["1"])[0] for name in names}
        for theirs in street.foreign(varied, caller)[:most]:
            for nothing in (str(uuid.uuid4()),):
                yield tuple(  # type: ignore[misc]
                    operation.path.format_map({**NAMED, **rest, varied: value}) for value in (theirs, nothing)
                )


INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def shown(answer: httpx.Response, given: str) -> dict[str, str]:
    """The content of an answer, without the values that were sent and without the request id."""
    found = {"status": str(answer.status_code), **{name: answer.headers.get(name, "") for name in SAME[1:]}}
    body = answer.text.replace(given, "THING")
    try:
        document = answer.json()
    except ValueError:
        # So does the instant of series as text.
        return {**found, "body": re.sub(r"(_timestamp_seconds\S*) \S+", r"\1", body)}
    if isinstance(document, dict):
        document.pop("instance", None)
        # As of when the answer is goes on by itself.
        document.pop("heard", None)
        if "as_of" in document:
            # So do instants that are projected from it.
            return {**found, "body": INSTANT.sub("INSTANT", str(document)).replace(given, "THING")}
    return {**found, "body": str(document).replace(given, "THING")}


def difference(what: str, caller: Neighbour, theirs: Mapping[str, str], nothing: Mapping[str, str]) -> str:
    changed = {name: (theirs[name][:300], nothing[name][:300]) for name in theirs if theirs[name] != nothing[name]}
    return f"{caller.name}: {what}: {changed}"


def guarded(street: Street) -> list[Operation]:
    return [each for each in street.world.operations() if each.path not in OPEN]


def chosen(street: Street, effort: Effort) -> list[Neighbour]:
    """The manager, who may do most, and one other role by the seed; with ``make attack`` all roles."""
    if effort.whole:
        return street.callers
    return [street.callers[0], effort.random().choice(street.callers[1:])]


async def sent(street: Street, caller: Neighbour, operation: Operation, path: str, **more: Any) -> httpx.Response:
    required = [each["name"] for each in operation.document.get("parameters", []) if each.get("required")]
    query = {name: NAMED[name] for name in required if name in NAMED and name not in operation.parameters}
    body = more.pop("json", street.world.body_of(operation))
    params = {**query, **more.pop("params", {})}
    return await street.world.ask(
        caller.key, operation.method, path, json=body, params=params, headers={"If-Match": "*"}
    )


async def test_a_foreign_path_answers_like_a_path_to_nothing(street: Street, effort: Effort) -> None:
    wrong, tried = [], 0
    for caller, operation in itertools.product(chosen(street, effort), guarded(street)):
        if operation.path == "/api/v1/tickets/{source}/{number}" and operation.method == "put":
            # Whoever may send tickets makes one of its own, whatever others call theirs.
            continue
        for foreign, unknown in paths(street, operation, caller, effort.cases(1, 4)):
            one = shown(await sent(street, caller, operation, foreign), _last(foreign, unknown))
            other = shown(await sent(street, caller, operation, unknown), _last(unknown, foreign))
            tried += 1
            if one != other:
                wrong.append(difference(f"{operation.method.upper()} {foreign}", caller, one, other))
            elif one["status"][0] == "2":
                wrong.append(f"{caller.name}: {operation.method.upper()} {foreign}: {one}")
    assert tried > 50 and not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong)


def _last(path: str, other: str) -> str:
    """The part of a path that differs from the other path."""
    mine, theirs = path.split("/"), other.split("/")
    return next(part for part, instead in zip(mine, theirs, strict=True) if part != instead)


async def test_a_filter_by_a_foreign_id_finds_what_an_unknown_id_finds(street: Street, effort: Effort) -> None:
    wrong, tried = [], 0
    for caller, operation in itertools.product(chosen(street, effort), guarded(street)):
        if operation.method != "get" or operation.parameters or operation.path.endswith("/stream"):
            continue
        for name in (each["name"] for each in operation.document.get("parameters", []) if each["in"] == "query"):
            for foreign in street.foreign(name, caller)[: effort.cases(1, 4)]:
                unknown = str(uuid.uuid4())
                one, other = [
                    shown(await sent(street, caller, operation, operation.path, params={name: value}), value)
                    for value in (foreign, unknown)
                ]
                tried += 1
                if one != other:
                    wrong.append(difference(f"GET {operation.path}?{name}={foreign}", caller, one, other))
    assert tried > 10 and not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong)


async def test_a_body_with_a_foreign_id_is_refused_like_an_unknown_id(street: Street, effort: Effort) -> None:
    wrong, tried = [], 0
    for caller, operation in itertools.product(chosen(street, effort), guarded(street)):
        body, path = own_body(street, operation, caller), next(iter(own_paths(operation, caller)), None)
        if operation.method == "get" or body is None or path is None:
            continue
        for place in places(body):
            for foreign in street.foreign(singular(place[-1]), caller)[: effort.cases(1, 3)]:
                unknown = str(uuid.uuid4())
                one, other = [
                    shown(await sent(street, caller, operation, path, json=changed(body, place, value, caller)), value)
                    for value in (foreign, unknown)
                ]
                tried += 1
                if one != other:
                    wrong.append(difference(f"{operation.method.upper()} {path} {place}={foreign}", caller, one, other))
                elif one["status"][0] == "2" and operation.path not in COUNTED:
                    wrong.append(f"{caller.name}: {operation.method.upper()} {path} {place}={foreign}: {one}")
    assert tried > 10 and not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong)


def own_body(street: Street, operation: Operation, caller: Neighbour) -> Any:
    """The documented example with ids of the caller's own in place of every id, and every id that it may have."""
    example = street.world.body_of(operation)
    if isinstance(example, list):
        # Who sends for another names it: the doors for facts take an owner.
        return [{**example[0], "owner": caller.own["party_id"][0]}] if example else None
    if not isinstance(example, dict):
        return None
    content = operation.document["requestBody"]["content"].get("application/json", {})
    fields = street.world.schema(content.get("schema", {})).get("properties", {})
    own = {name: form(name, caller.own[singular(name)][0], caller) for name in fields if caller.own.get(singular(name))}
    return {**example, **own}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of ids in a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        # In a fact the owner is a party; in an agreement's terms it is a name.
        if isinstance(name, str) and (name.endswith(("_id", "_ids")) or (name == "owner" and len(path) == 1)):
            yield (*path, name)
        else:
            yield from places(each, (*path, name))


def changed(body: Any, place: tuple[Any, ...], value: str, caller: Neighbour) -> Any:
    """The body with another id at a place."""
    name, rest = place[0], place[1:]
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[name] = changed(body[name], rest, value, caller) if rest else form(name, value, caller)
    return copy


def singular(name: str) -> str:
    """``party_ids`` holds values of ``party_id``; every ``…_party_id`` is one."""
    name = name.removesuffix("s") if name.endswith("_ids") else name
    return "party_id" if name.endswith("party_id") or name == "owner" else name


def form(name: str, value: str, caller: Neighbour) -> Any:
    return [caller.own["party_id"][0], value] if name.endswith("_ids") else value


def own_paths(operation: Operation, caller: Neighbour) -> Iterator[str]:
    if "source" in operation.parameters:
        yield operation.path.format_map({**dict.fromkeys(operation.parameters, "1"), **OTHER_TICKET})
        return
    if all(caller.own.get(name) or name in NAMED for name in operation.parameters):
        yield operation.path.format_map({**NAMED, **{name: found[0] for name, found in caller.own.items()}})


async def test_no_list_shows_anything_of_the_others(street: Street, effort: Effort) -> None:
    theirs = {each for ids in street.world.known.values() for each in ids}
    shared = await shared_ids(street)
    wrong = []
    for caller, operation in itertools.product(street.callers, guarded(street)):
        required = any(each.get("required") for each in operation.document.get("parameters", []))
        if operation.method == "get" and not required and not operation.path.endswith("/stream"):
            answer = await street.world.ask(caller.key, "GET", operation.path)
            found = (set(UUID.findall(answer.text)) & theirs) - shared
            if found:
                wrong.append(f"{caller.name}: {operation.path}: {sorted(found)[:5]}")
    assert not wrong, "\n".join(wrong)


async def shared_ids(street: Street) -> set[str]:
    """The ids that both pairs may see: the office that both appointed."""
    parties = (await street.world.ask(OPERATOR_KEY, "GET", "/api/v1/parties", params={"limit": "100"})).json()["items"]
    return {each["party_id"] for each in parties if each["key"] == "office"}
