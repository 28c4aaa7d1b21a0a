"""The rules for a request that are known from its method and path, before its body is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from slm_chassis.http.access import authenticate

API = "/api/v1/"
BULK: Mapping[str, Any] = {"x-bulk-body": True}
"""The ``openapi_extra`` of a route whose bodies may be as large as ``SLM_MAX_BULK_BODY_BYTES``."""
OWN_ACCOUNT: Mapping[str, Any] = {"x-own-account": True}
"""The ``openapi_extra`` of a route that changes only the caller's own account. Callers with read-only roles may use it.
"""
SIGNED: Mapping[str, Any] = {"x-signed-body": True}
"""The ``openapi_extra`` of a route without key whose callers prove themselves by a signature or token of their own. Its
bodies may be as large as those of routes with a key.
"""
STREAM = "text/event-stream"
_JSON = frozenset({"application/json"})


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules for the requests of one route. The defaults fit nearly every route under ``/api/v1``."""

    is_keyless: bool = False
    is_bulk: bool = False
    is_parsed: bool = True
    """Whether FastAPI parses the body. If not, the handler does, item by item."""
    is_stream: bool = False
    is_own_account: bool = False
    is_signed: bool = False
    """Whether callers without key prove themselves otherwise, so that their bodies may be as large as others'."""
    media: frozenset[str] = field(default=_JSON)
    """The media types of a successful answer."""


_KEYED = Policy()
_KEYLESS = Policy(is_keyless=True)


class Policies:
    """The policies of an API's routes, read from its route table at the first request, when the table is complete."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], Policy] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Policy]] = []
        self._served: list[tuple[str, re.Pattern[str]]] = []
        self._narrow: list[tuple[re.Pattern[str], frozenset[str]]] = []
        self._is_read = False

    def of(self, app: FastAPI, method: str, path: str) -> Policy:
        """Return the policy of the route for this method and path.

        An unknown path under ``/api/v1`` gets the policy that demands a key.
        """
        if not self._is_read:
            self._read(app)
        method = "GET" if method == "HEAD" else method
        found = self._exact.get((method, path))
        if found is not None:
            return found
        for of_method, pattern, policy in self._patterns:
            if of_method == method and pattern.fullmatch(path):
                return policy
        return _KEYED if path.startswith(API) else _KEYLESS

    def serves(self, method: str, path: str) -> bool:
        """Whether a route answers this method and path. Only valid after ``of`` was called once."""
        return not self.refuses(method, path) and (
            (method, path) in self._exact
            or any(of_method == method and pattern.fullmatch(path) for of_method, pattern in self._served)
        )

    def refuses(self, method: str, path: str) -> bool:
        """Whether a path has a narrow route, one that is more specific than ``/{id}``, and this route lacks the method.

        The methods of the wider route do not count: ``PUT /things/newest`` does not mean ``PUT /things/{id}`` if there
        is a ``GET /things/newest``. Only valid after ``of`` was called once.
        """
        methods = self._methods_of_narrow(path)
        return methods is not None and method not in methods

    def _methods_of_narrow(self, path: str) -> frozenset[str] | None:
        """Return the methods of the most specific route path that matches; None unless a wider one such as ``/{id}``
        matches, too.
        """
        return next((methods for pattern, methods in self._narrow if pattern.fullmatch(path)), None)

    def allowed(self, app: FastAPI, path: str) -> list[str]:
        """Return the methods of a path for the header ``Allow``. HEAD is among them if GET is, except for a stream."""
        if not self._is_read:
            self._read(app)
        narrow = self._methods_of_narrow(path)
        found = set(narrow or ())
        if narrow is None:
            found = {method for method, exact in self._exact if exact == path}
            found |= {method for method, pattern in self._served if pattern.fullmatch(path)}
        if "GET" in found and not self.of(app, "GET", path).is_stream:
            found.add("HEAD")
        return sorted(found)

    def _read(self, app: FastAPI) -> None:
        methods: dict[str, set[str]] = {}
        for method, path, policy in _policies(app):
            methods.setdefault(path, set()).add(method)
            if "{" not in path:
                self._exact.setdefault((method, path), policy)
                continue
            pattern = compile_path(path)[0]
            self._served.append((method, pattern))
            if policy != _KEYED:
                self._patterns.append((method, pattern, policy))
        self._narrow = list(_narrow(methods))
        self._is_read = True


def _narrow(methods: Mapping[str, set[str]]) -> Iterator[tuple[re.Pattern[str], frozenset[str]]]:
    """Yield (pattern, methods) of each route path that a wider route path such as ``/{id}`` also matches. The most
    specific path comes first.
    """
    patterns = {path: compile_path(path)[0] for path in methods}
    samples = {path: re.sub(r"{[^}]+}", "x", path) for path in methods}
    for path in sorted(methods, key=lambda path: len(re.sub(r"{[^}]+}", "", path)), reverse=True):
        if any(
            patterns[wider].fullmatch(samples[path]) and not patterns[path].fullmatch(samples[wider])
            for wider in methods
        ):
            yield patterns[path], frozenset(methods[path])


def _policies(app: FastAPI) -> Iterator[tuple[str, str, Policy]]:
    for context in iter_route_contexts(app.routes):
        path, methods = context.path, context.methods
        if path and methods:
            policy = policy_of(context)
            for method in methods:
                yield method, path, policy


def policy_of(context: Any) -> Policy:
    """Return the policy of a route; ``context`` is an item that FastAPI's ``iter_route_contexts`` yields."""
    extra: Mapping[str, Any] = getattr(context, "openapi_extra", None) or {}
    media = _media(context)
    is_bulk = bool(extra.get("x-bulk-body"))
    return Policy(
        is_keyless="security" not in extra and not _asks_for_key(getattr(context, "dependant", None)),
        is_bulk=is_bulk,
        is_parsed=not is_bulk or getattr(context, "body_field", None) is not None,
        is_stream=STREAM in media,
        is_own_account=bool(extra.get("x-own-account")),
        is_signed=bool(extra.get("x-signed-body")),
        media=media,
    )


def _asks_for_key(dependant: Dependant | None) -> bool:
    """Whether the route or one of its dependencies receives the caller."""
    if dependant is None:
        return False
    return dependant.call is authenticate or any(_asks_for_key(inner) for inner in dependant.dependencies)


def _media(route: Any) -> frozenset[str]:
    kind = getattr(route, "response_class", None)
    kind = getattr(kind, "value", kind)
    own = getattr(kind, "media_type", None)
    responses: Mapping[Any, Mapping[str, Any]] = getattr(route, "responses", None) or {}
    declared = {
        media.partition(";")[0]
        for status, response in responses.items()
        if str(status).startswith("2")
        for media in response.get("content", ())
    }
    return frozenset(declared | ({own.partition(";")[0]} if own else set())) or _JSON
