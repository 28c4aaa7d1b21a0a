"""A small simulation of the public API of Statuspage, made from its public documentation. It is not Statuspage.

It knows the lists of incidents and components, and ETags: a list that has not changed is not sent again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.simulated_tool import SimulatedAnswer, SimulatedRequest, SimulatedTool


@dataclass
class SimulatedStatuspage(SimulatedTool):
    """Incidents and components by id, each with the members of its JSON."""

    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    components: dict[str, dict[str, Any]] = field(default_factory=dict)

    def begin(self, number: str, at: str, *names: str, **members: Any) -> None:
        """Begin an incident that names these components."""
        self.incidents[number] = {
            "id": number,
            "name": "Payments fail",
            "impact": "major",
            "status": "investigating",
            "created_at": at,
            "started_at": at,
            "updated_at": at,
            "resolved_at": None,
            "components": [{"id": f"c-{name}", "name": name, "status": "major_outage"} for name in names],
            **members,
        }

    def resolve(self, number: str, at: str) -> None:
        """Resolve an incident."""
        self.incidents[number] |= {"status": "resolved", "updated_at": at, "resolved_at": at}

    def show(self, name: str, status: str, at: str) -> None:
        """Give a component a status."""
        self.components[name] = {"id": f"c-{name}", "name": name, "status": status, "updated_at": at, "group": False}

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer:
        lists = {
            "/api/v2/incidents.json": {"incidents": list(self.incidents.values())},
            "/api/v2/components.json": {"components": list(self.components.values())},
        }
        if request.path not in lists:
            return SimulatedAnswer(404, {"error": "not found"})
        document = {"page": {"id": "p1", "name": "Example status"}, **lists[request.path]}
        tag = f'W/"{hashlib.md5(json.dumps(document).encode()).hexdigest()}"'
        if request.headers.get("if-none-match") == tag:
            return SimulatedAnswer(304, None, {"ETag": tag})
        return SimulatedAnswer(200, document, {"ETag": tag})
