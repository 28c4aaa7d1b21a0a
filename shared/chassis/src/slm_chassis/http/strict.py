"""Checks common to all routes: unknown query parameters, text that cannot be stored, and documents nested too
deeply.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams

from slm_chassis.http.problems import Problem, invalid

MOST_NESTED = 32
"""The deepest nesting of a JSON document. Parsers of other languages fail at about a hundred levels, Python's at a
thousand.
"""
_TEXT = "leave out NUL characters and lone surrogates: no text may hold them"


async def check_request(request: Request) -> None:
    """Refuse unknown query parameters and text that cannot be stored, as a dependency of every route.

    Raises 422 that names the field.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    if request.query_params:
        check_query(request.query_params, frozenset(_names(route.dependant)))
    for name, value in request.path_params.items():
        if isinstance(value, str) and not is_storable(value):
            raise invalid(f"path.{name}", value, _TEXT)
    # Routes that read their body themselves check each of its items.
    if route.body_field is not None and "json" in request.headers.get("content-type", ""):
        body = await request.body()
        # Both are rare, and searching for their bytes costs a hundredth of walking through the document.
        if b"\\u" in body or body.count(b"{") + body.count(b"[") > MOST_NESTED:
            check_document(await _parsed(request))


def check_query(given: QueryParams, known: Collection[str]) -> None:
    """Raise 422 that names every unknown parameter or, if all are known, the first one whose text cannot be stored."""
    unknown = [name for name in given if name not in known]
    if unknown:
        takes = f"this takes {', '.join(sorted(known))}" if known else "this takes no query parameters"
        errors = [
            {"field": f"query.{name}", "value": given[name], "remedy": f"leave it out; {takes}"} for name in unknown
        ]
        detail = f"Not known: {', '.join(f'query.{name}' for name in unknown)}; {takes}."
        raise Problem(422, "unknown-parameter", "A query parameter is not known", detail, errors)
    for name, value in given.multi_items():
        if not is_storable(value):
            raise invalid(f"query.{name}", value, _TEXT)


def check_document(document: Any) -> None:
    """Raise 422 that names the place where a JSON document is nested too deeply or holds text that cannot be stored."""
    for path, value in _texts(document, "", 0):
        if not is_storable(value):
            raise invalid(path, value, _TEXT)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL and UTF-8 can hold the text: it has neither a NUL nor half a surrogate pair."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text))


def _texts(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping | list):
        if depth == MOST_NESTED:
            remedy = f"nest objects and arrays at most {MOST_NESTED} levels deep"
            raise invalid(path, None, remedy)
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, inner in items:
            if isinstance(name, str):
                yield f"{path}.{name}".lstrip("."), name
            place = f"[{name}]" if isinstance(name, int) else f".{name}"
            yield from _texts(inner, f"{path}{place}".lstrip("."), depth + 1)


async def _parsed(request: Request) -> Any:
    try:
        return await request.json()
    except RecursionError:
        raise invalid("body", None, f"nest objects and arrays at most {MOST_NESTED} levels deep") from None
    except ValueError:
        return None


def _names(dependant: Dependant) -> Iterator[str]:
    """Yield the names of a route's query parameters, including those of its dependencies."""
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _names(each)
