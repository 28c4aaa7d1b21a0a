"""A check of every answer that an API gives in a test against what its operation declares: its model and its problems.

``watch`` is switched on for all tests. In production no answer is checked a second time: see decision 0054.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter, ValidationError
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slm_chassis.http.document import document_operations
from slm_chassis.http.operation import PROBLEMS

_JSON, _PROBLEM = "application/json", "application/problem+json"
VARIABLE = "ANSWERS_NOT_AS_DECLARED"
"""Environment variable: the file to which this process and its child processes append the faults that they find."""
_SHOWN = 10
_adapters: dict[Any, TypeAdapter[Any]] = {}
_problems: dict[str, dict[str, list[str]]] = {}


def watch() -> None:
    """From now on, check the answers of every API of this process that has not answered a request yet."""
    plain = FastAPI.build_middleware_stack

    def watched(self: FastAPI) -> ASGIApp:
        return _Checked(self, plain(self))

    FastAPI.build_middleware_stack = watched  # type: ignore[method-assign]


def take(file: Path) -> list[str]:
    """Return the faults found since the last call, and empty the file."""
    if not file.exists():
        return []
    found = file.read_text(encoding="utf-8").splitlines()
    file.unlink()
    return found


def faults_of(model: Any, body: bytes) -> list[str]:
    """Return where a JSON text differs from the model: missing or undeclared fields, other types. Empty if nowhere."""
    try:
        adapter = _adapters.setdefault(model, TypeAdapter(model))
        adapter.validate_json(body, strict=True, extra="forbid")
    except ValidationError as error:
        found = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False)]
        return [*found[:_SHOWN], *([f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])]
    return []


def declared(api: FastAPI) -> Iterator[tuple[str, str, dict[int, Any]]]:
    """Yield (method, path, status → model) of every operation whose JSON answers have a model."""
    for context in iter_route_contexts(api.routes):
        responses: MutableMapping[int | str, Any] = getattr(context, "responses", None) or {}
        models = {int(status): each["model"] for status, each in responses.items() if "model" in each}
        of_status = getattr(context, "status_code", None) or 200
        written = getattr(context, "response_model", None)
        if hasattr(written, "model_fields"):
            models.setdefault(of_status, written)
        if models and context.path:
            for method in context.methods or ():
                yield method, context.path, models


def problems_of(api: FastAPI) -> dict[str, list[str]]:
    """Return "method path" → codes of all problems that the operation declares, for operations that name problems."""
    found: dict[str, list[str]] = {}
    own = {
        (method.lower(), compile_path(context.path)[1])
        for context in iter_route_contexts(api.routes)
        if context.path and PROBLEMS in (getattr(context, "openapi_extra", None) or {})
        for method in context.methods or ()
    }
    for path, method, operation in document_operations(api.openapi()):
        if (method, path) in own:
            answers = operation["responses"].values()
            references = [answer["$ref"] for answer in answers if "$ref" in answer]
            codes = [code for each in references for code in each.rsplit("/", 1)[-1].split(".")]
            written = [answer.get("content", {}).get("application/problem+json", {}) for answer in answers]
            codes += [code for each in written for code in each.get("examples", ())]
            found[f"{method} {path}"] = codes
    return found


def _known_problems(api: FastAPI, key: str) -> dict[str, list[str]]:
    """Return ``problems_of(api)``, which takes a second, computed once in a test run for all APIs with this key.

    The processes that a test starts read it from a file beside the one that ``VARIABLE`` names.
    """
    if key not in _problems:
        report = os.environ.get(VARIABLE)
        file = Path(report).with_name(f"problems-{key}.json") if report else None
        if file is not None and file.exists():
            _problems[key] = json.loads(file.read_text(encoding="utf-8"))
        else:
            _problems[key] = problems_of(api)
            if file is not None:
                # A rename, so that no other process reads half of it.
                written = file.with_suffix(f".{os.getpid()}")
                written.write_text(json.dumps(_problems[key]), encoding="utf-8")
                written.rename(file)
    return _problems[key]


class _Checked:
    """ASGI middleware that checks the answers of an API against what its operations declare."""

    def __init__(self, api: FastAPI, inner: ASGIApp) -> None:
        self._api = api
        self._inner = inner
        self._models = {(method, path): models for method, path, models in declared(api)}
        self._served = [
            (method, compile_path(context.path)[0], context.path)
            for context in iter_route_contexts(api.routes)
            if context.path
            for method in (context.methods or ())
        ]
        routes = "\n".join(sorted(f"{method} {path}" for method, _, path in self._served))
        self._served_key = hashlib.sha256(f"{api.title}\n{routes}".encode()).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        status, media, pieces = 0, "", []

        async def observed(message: Message) -> None:
            nonlocal status, media
            if message["type"] == "http.response.start":
                status = message["status"]
                media = dict(message["headers"]).get(b"content-type", b"").decode().partition(";")[0]
            elif media in (_JSON, _PROBLEM):
                pieces.append(message.get("body", b""))
                if not message.get("more_body", False):
                    # Before the client has it: a test that ends with this answer hears of it.
                    self._check(scope["method"], scope["path"], status, media, b"".join(pieces))
            await send(message)

        await self._inner(scope, receive, observed)

    def _check(self, method: str, path: str, status: int, media: str, body: bytes) -> None:
        routes = [route for name, pattern, route in self._served if name == method and pattern.fullmatch(path)]
        if not body or not routes or status == 405:
            return
        title = f"{method} {routes[0]} {status}"
        models = self._models.get((method, routes[0]))
        if media == _PROBLEM:
            faults = self._undeclared(method, routes[0], body)
        elif models is not None and 200 <= status < 300:
            faults = faults_of(models[status], body) if status in models else ["the status is not declared"]
        else:
            return
        _report([f"{title}: {fault}" for fault in faults], body)

    def _undeclared(self, method: str, route: str, body: bytes) -> list[str]:
        codes = _known_problems(self._api, self._served_key).get(f"{method.lower()} {compile_path(route)[1]}")
        code = json.loads(body)["type"].rsplit("/", 1)[-1]
        return [] if codes is None or code in codes else [f"the problem {code} is not declared"]


def _report(faults: list[str], body: bytes) -> None:
    file = os.environ.get(VARIABLE)
    if faults and file:
        shown = json.dumps(body[:500].decode("utf-8", "replace"), ensure_ascii=False)
        with Path(file).open("a", encoding="utf-8") as report:
            report.writelines(f"{each}\n" for each in [*faults, f"  in {shown}"])
