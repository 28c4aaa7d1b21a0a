"""No path of the API is hidden by another one: an id may be any text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import permutations

import pytest
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from slm.contexts import CONTEXTS, package_of

Route = tuple[str, str]
"""Method and path, with its parameters as the route declares them."""


def routes_of(context: str) -> list[Route]:
    """Every route of a service."""
    routers = vars(import_module(f"{package_of(context)}.bootstrap"))["_ROUTERS"]
    found = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return [(method, route.path) for route in found for method in sorted(route.methods)]


def hidden(routes: Iterable[Route]) -> Iterator[str]:
    """Pairs of routes of which one takes a path away from the other's parameters."""
    for (method, path), (of_method, other) in permutations(routes, 2):
        taken = re.sub(r"\{.*?\}", "x", path)
        if method == of_method and compile_path(other)[0].fullmatch(taken):
            yield f"{method} {path} hides a part of {other}"


@pytest.mark.parametrize("context", CONTEXTS)
def test_no_route_shadows_an_id(context: str) -> None:
    routes = routes_of(context)
    assert len(routes) > 3
    assert list(hidden(routes)) == []


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/exclusions/delegates", "/exclusions/{exclusion_id}"),
        ("/tickets/{source}/{number:path}/clocks/{target}/explain", "/tickets/{source}/{number:path}"),
    ],
)
def test_a_route_that_takes_an_id_away_is_found(path: str, other: str) -> None:
    assert list(hidden([("GET", path), ("GET", other)])) == [f"GET {path} hides a part of {other}"]
    assert list(hidden([("GET", path), ("POST", other)])) == []
