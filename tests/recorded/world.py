"""The world of the recorded scenario: who plays, and the ids met on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from slm.contexts import CONTEXTS
from slm.demo.negotiation import Cast
from tests.recorded.recorder import Play
from tests.support.populated import Operation, operations_of

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
API = "/api/v1"
NOBODY = "7f8b3d4e-0000-5000-8000-00000000dead"
"""An id of nothing."""
_EACH = 2
"""How many things of a kind a look takes at each path."""
NOT_READ = {
    f"{API}/stream",
    f"{API}/figures/stream",
    f"{API}/schemas/{{event_type}}",
    f"{API}/sources",
    f"{API}/sources/{{source_id}}",
    f"{API}/target-metrics",
    f"{API}/series-rules",
    f"{API}/connectors",
    f"{API}/hooks",
    f"{API}/hooks/{{hook_id}}",
    f"{API}/hooks/{{hook_id}}/calls",
    *(f"{API}/{context}-key-uses" for context in CONTEXTS),
}
"""Endless answers, recorded by themselves; what other pages describe; and what a timer stores once a minute."""
_QUERIES = {
    f"{API}/agreements/{{agreement_id}}/diff": "?from=1&to=2",
    f"{API}/targets/{{target_id}}/budget": "?window=2026-11&step=P1D",
}
"""Queries without which an operation has no answer."""


@dataclass
class World:
    """Who plays, and the ids met on the way, by the names of the paths' parameters."""

    play: Play
    cast: Cast
    met: dict[str, list[str]] = field(default_factory=dict)
    place: str = ""
    """Where the stream of events was before the first fact."""

    async def look(self, key: str) -> None:
        """Read every route there is: lists, and of what they show the first ones one by one."""
        for operation in operations_of(self.play.installation):
            if operation.method == "get" and operation.path not in NOT_READ:
                for path in self.paths(operation):
                    answer = await self.play.ask(key, "GET", path)
                    if answer.headers["content-type"].startswith("application/json"):
                        self.remember(answer.json())

    def paths(self, operation: Operation) -> Iterator[str]:
        """The operation's path with ids filled in; none where nothing of the kind was met."""
        if operation.path.startswith((f"{API}/tickets/", f"{API}/clocks/")):
            yield from self._ticket_paths(operation.path)
            return
        query = _QUERIES.get(operation.path) or self._query(operation)
        names = operation.parameters
        values = [self.met.get(name, [])[:_EACH] for name in names[:1]]
        if not names:
            yield operation.path + query
        for value in values[0] if values else []:
            yield operation.path.replace(f"{{{names[0]}}}", value).replace("{revision}", "1") + query

    def _ticket_paths(self, path: str) -> Iterator[str]:
        for source, number in [("servicenow", "INC0001"), ("desk", "INC7")]:
            query = "" if "{" in path else f"?source={source}&number={number}&target=p1-resolution"
            yield path.format(source=source, number=number) + query

    def _query(self, operation: Operation) -> str:
        wanted = {each["name"] for each in operation.document.get("parameters", []) if each.get("required")}
        is_of_agreement = "agreement_id" in wanted and not operation.parameters
        return f"?agreement_id={self.met['agreement_id'][0]}" if is_of_agreement else ""

    def remember(self, value: Any) -> None:
        """Note every id of an answer under its field's name."""
        if isinstance(value, list):
            for inner in value:
                self.remember(inner)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, str) and name.endswith("_id") and inner not in self.met.setdefault(name, []):
                    self.met[name].append(inner)
                self.remember(inner)

    async def post(self, key: str, path: str, body: Any = None, **more: Any) -> Any:
        """POST and give the answer's JSON, whatever it says."""
        answer = await self.play.ask(key, "POST", f"{API}/{path}", json=body, **more)
        shown = answer.json() if answer.content else None
        if answer.status_code < 400:
            self.remember(shown)
        return shown

    async def get(self, key: str | None, path: str, **more: Any) -> httpx.Response:
        return await self.play.ask(key, "GET", f"{API}/{path}", **more)
