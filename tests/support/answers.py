"""Checks every JSON answer that an API serves in a test against the response model that its operation declares.

``watch`` is switched on for all tests. In production nothing looks at an answer a second time: see decision 0054.
"""

from __future__ import annotations

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

VARIABLE = "ANSWERS_NOT_AS_DECLARED"
"""Environment variable: the file to which this process and those that it starts append what they find."""
_SHOWN = 10
_adapters: dict[Any, TypeAdapter[Any]] = {}


def watch() -> None:
    """From now on, check the answers of every API of this process that has not answered yet."""
    plain = FastAPI.build_middleware_stack

    def watched(self: FastAPI) -> ASGIApp:
        return _Checked(self, plain(self))

    FastAPI.build_middleware_stack = watched  # type: ignore[method-assign]


def take(file: Path) -> list[str]:
    """What was found since the last look; the file is empty afterwards."""
    if not file.exists():
        return []
    found = file.read_text(encoding="utf-8").splitlines()
    file.unlink()
    return found


def faults_of(model: Any, body: bytes) -> list[str]:
    """Where a JSON text is not as the model says: fields too many or missing, other types. Empty where it is."""
    try:
        adapter = _adapters.setdefault(model, TypeAdapter(model))
        adapter.validate_json(body, strict=True, extra="forbid")
    except ValidationError as error:
        found = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False)]
        return [*found[:_SHOWN], *([f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])]
    return []


def declared(api: FastAPI) -> Iterator[tuple[str, str, dict[int, Any]]]:
    """(method, path, status → model) of every operation whose JSON answers have a model."""
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


class _Checked:
    """ASGI: an API, and outside of everything that it does a look at its answers."""

    def __init__(self, api: FastAPI, inner: ASGIApp) -> None:
        self._inner = inner
        self._declared = [
            (method, compile_path(path)[0], f"{method} {path}", models) for method, path, models in declared(api)
        ]
        self._served = [
            (method, compile_path(context.path)[0])
            for context in iter_route_contexts(api.routes)
            if context.path
            for method in (context.methods or ())
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        status, is_json, pieces = 0, False, []

        async def observed(message: Message) -> None:
            nonlocal status, is_json
            await send(message)
            if message["type"] == "http.response.start":
                status = message["status"]
                is_json = dict(message["headers"]).get(b"content-type", b"").startswith(b"application/json")
            elif is_json and 200 <= status < 300:
                pieces.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self._check(scope["method"], scope["path"], status, b"".join(pieces))

        await self._inner(scope, receive, observed)

    def _check(self, method: str, path: str, status: int, body: bytes) -> None:
        if not body:
            return
        first = next((pattern for name, pattern in self._served if name == method and pattern.fullmatch(path)), None)
        for name, pattern, title, models in self._declared:
            if name == method and pattern == first:
                faults = faults_of(models[status], body) if status in models else ["the status is not declared"]
                _report([f"{title} {status}: {fault}" for fault in faults], body)
                return


def _report(faults: list[str], body: bytes) -> None:
    file = os.environ.get(VARIABLE)
    if faults and file:
        shown = json.dumps(body[:500].decode("utf-8", "replace"), ensure_ascii=False)
        with Path(file).open("a", encoding="utf-8") as report:
            report.writelines(f"{each}\n" for each in [*faults, f"  in {shown}"])
