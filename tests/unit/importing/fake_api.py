"""The public API as an importer sees it: remembers items by identity, and can be away for a while."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

NOW = "2026-11-29T12:00:00.000000Z"


class FakeApi:
    """Answers like the product; ``troubles`` are what befalls the next requests instead: a status or an exception.

    A trouble ``("lost", status)`` takes the batch and loses the answer.
    """

    def __init__(self, *, largest_batch: int = 10_000) -> None:
        self.facts: dict[tuple[str, ...], dict[str, Any]] = {}
        self.indicators: dict[str, dict[str, Any]] = {}
        self.imports: dict[str, str] = {}
        self.requests: list[str] = []
        self.unmatched: list[dict[str, Any]] = []
        self.troubles: list[int | Exception | None] = []
        self.answers_lost = 0
        self.refuse_id: str | None = None
        self.largest_batch = largest_batch

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.url.path)
        trouble = self.troubles.pop(0) if self.troubles else None
        if isinstance(trouble, Exception):
            raise trouble
        if trouble is not None:
            return httpx.Response(trouble, headers={"Retry-After": "0"}, json={"title": "busy"})
        answer = self._taken(request)
        if self.answers_lost:
            self.answers_lost -= 1
            raise httpx.ReadError("the server was killed after it took the request")
        return answer

    def _taken(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("Authorization") != "Bearer good-key":
            return httpx.Response(401, json={"title": "Unknown key", "detail": "Send a key that is not revoked."})
        path = request.url.path.removeprefix("/api/v1/")
        if path in ("ticket-events", "measurements"):
            return self._batch([json.loads(line) for line in request.content.splitlines()])
        if path == "indicators":
            return self._register(json.loads(request.content))
        if path == "imports":
            import_id = f"import-of-{json.loads(request.content)['key']}"
            self.imports.setdefault(import_id, "open")
            return httpx.Response(201, json={"import_id": import_id, "state": "open"})
        if path == "reports":
            return httpx.Response(200, json={"items": [], "next": None, "heard": {"until_at": NOW, "settling": False}})
        if path == "tickets":
            return httpx.Response(200, json={"items": self.unmatched, "next": None})
        import_id = path.removeprefix("imports/").removesuffix("/complete")
        if request.method == "DELETE":
            self.imports[import_id] = "ended"
            return httpx.Response(202, json={"import_id": import_id, "state": "completing"})
        self.imports[import_id] = "completing" if path.endswith("/complete") else "judged"
        document: dict[str, Any] = {"import_id": import_id, "state": self.imports[import_id], "judged_at": NOW}
        if self.imports[import_id] == "judged":
            document["agreements"] = [{"agreement_id": "one"}, {"agreement_id": "two"}]
        return httpx.Response(202, json=document)

    def _register(self, document: dict[str, Any]) -> httpx.Response:
        held = self.indicators.setdefault(document["key"], document)
        errors = [
            {"field": each, "value": document.get(each), "remedy": "it differs"}
            for each in held
            if held[each] != document.get(each)
        ]
        if errors:
            return httpx.Response(409, json={"title": "The indicator exists with another definition", "errors": errors})
        return httpx.Response(201, json=document)

    def _batch(self, items: list[dict[str, Any]]) -> httpx.Response:
        if len(items) > self.largest_batch:
            return httpx.Response(413, json={"title": "The body is too large"})
        verdicts = list(self._verdicts(items))
        return httpx.Response(202, json={"position": str(len(self.facts)), "items": verdicts})

    def _verdicts(self, items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for index, item in enumerate(items):
            if item["id"] == self.refuse_id:
                errors = [{"field": "at", "value": item.get("at"), "remedy": "check the clock"}]
                yield {"index": index, "outcome": "rejected", "code": "in_the_future", "errors": errors}
            else:
                self.facts[item["source"], item.get("ticket", ""), item["id"]] = item
