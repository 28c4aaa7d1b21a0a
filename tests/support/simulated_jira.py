"""A small simulation of Jira Cloud's search for issues, made from its public documentation. It is not Jira.

It knows ``updated >= "-5m"``, ``statusCategory != Done``, tokens that lead to further answers, and ``bulkfetch``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.simulated_tool import PASSWORD, USER, SimulatedAnswer, SimulatedRequest, SimulatedTool

SEARCH = "/rest/api/3/search/jql"
DONE = ("Done", "Resolved", "Closed", "Canceled")
_UPDATED = re.compile(r'updated >= "-(\d+)m" ORDER BY updated ASC, key ASC')


@dataclass
class SimulatedJira(SimulatedTool):
    """Issues by key, each with the fields of its JSON. ``now``: the present time of the simulation."""

    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    token_jql: dict[str, tuple[str, tuple[Any, ...]]] = field(default_factory=dict)

    def open(self, key: str, at: str, **fields: Any) -> None:
        """Open an issue at this time, such as ``2026-11-05T09:00:00.000+0100``."""
        self.issues[key] = {
            "summary": f"Issue {key}",
            "issuetype": {"name": "[System] Incident"},
            "project": {"key": "SD"},
            "priority": {"name": "High"},
            "status": {"name": "Open"},
            "assignee": None,
            "created": at,
            "updated": at,
            "resolutiondate": None,
            **fields,
        }

    def change(self, key: str, at: str, status: str) -> None:
        """Move an issue to another status."""
        ended = {"resolutiondate": at} if status in DONE else {}
        self.issues[key] |= {"updated": at, "status": {"name": status}, **ended}

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer:
        """Answer a search, or a question for issues by key."""
        if not request.is_by(USER, PASSWORD):
            return SimulatedAnswer(401, {"errorMessages": ["Client must be authenticated to access this resource."]})
        if (request.method, request.path) == ("POST", "/rest/api/3/issue/bulkfetch"):
            asked = json.loads(request.body)
            keys = [each for each in asked["issueIdsOrKeys"] if each in self.issues and each not in self.hidden]
            return SimulatedAnswer(200, {"issues": [self._shown(key, asked["fields"]) for key in keys]})
        if (request.method, request.path) != ("GET", SEARCH):
            return SimulatedAnswer(404, {"errorMessages": ["null for uri"]})
        return self._search(request)

    def _search(self, request: SimulatedRequest) -> SimulatedAnswer:
        jql, token = request.parameters["jql"], request.parameters.get("nextPageToken", "")
        size, fields = int(request.parameters["maxResults"]), request.parameters["fields"].split(",")
        after: tuple[Any, ...] = ()
        if token:
            known = self.token_jql.get(token)
            if known is None or known[0] != jql:
                return SimulatedAnswer(400, {"errorMessages": ["The provided next page token is invalid."]})
            after = known[1]
        found = [key for key in self._ordered(jql) if self._place(key, jql) > after]
        document: dict[str, Any] = {"issues": [self._shown(key, fields) for key in found[:size]], "isLast": True}
        if len(found) > size:
            token = f"token-{len(self.token_jql)}"
            self.token_jql[token] = (jql, self._place(found[size - 1], jql))
            document |= {"nextPageToken": token, "isLast": False}
        return SimulatedAnswer(200, document)

    def _ordered(self, jql: str) -> list[str]:
        shown = [key for key in self.issues if key not in self.hidden]
        matched = _UPDATED.search(jql)
        if matched is None:
            assert jql.endswith("statusCategory != Done ORDER BY key ASC"), jql
            found = [key for key in shown if self.issues[key]["status"]["name"] not in DONE]
        else:
            since = self.now() - timedelta(minutes=int(matched[1]))
            found = [key for key in shown if self._updated(key) >= since]
        return sorted(found, key=lambda key: self._place(key, jql))

    def _place(self, key: str, jql: str) -> tuple[Any, ...]:
        return (self._updated(key), key) if "updated ASC" in jql else (key,)

    def _updated(self, key: str) -> datetime:
        return datetime.fromisoformat(self.issues[key]["updated"])

    def _shown(self, key: str, fields: list[str]) -> dict[str, Any]:
        return {"id": "1", "key": key, "fields": {name: self.issues[key].get(name) for name in fields}}
