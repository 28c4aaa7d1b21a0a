"""A small simulation of Zammad's search for tickets, made from its public documentation. It is not Zammad.

It knows times, ids and numbers in the query language of its search, ``sort_by``, ``per_page`` and ``page``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.support.simulated_tool import PASSWORD, SimulatedAnswer, SimulatedRequest, SimulatedTool

SEARCH = "/api/v1/tickets/search"
_OPEN = "(NOT (state.name:closed OR state.name:merged))"


@dataclass
class SimulatedZammad(SimulatedTool):
    """Tickets by number, each with the members of its JSON."""

    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def open(self, number: str, at: str, **members: Any) -> None:
        """Open a ticket at this time, such as ``2026-11-05T08:00:00.120Z``."""
        self.tickets[number] = {
            "id": len(self.tickets) + 1,
            "number": number,
            "title": f"Ticket {number}",
            "state": "new",
            "priority": "2 normal",
            "group": "Finance desk",
            "organization": "Alder Mills",
            "owner": "-",
            "created_at": at,
            "updated_at": at,
            "close_at": None,
            "first_response_at": None,
            **members,
        }

    def change(self, number: str, at: str, state: str) -> None:
        """Move a ticket to another state."""
        closed = {"close_at": at} if state == "closed" else {}
        self.tickets[number] |= {"updated_at": at, "state": state, **closed}

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer:
        """Answer a search."""
        if request.headers.get("authorization") != f"Token token={PASSWORD}":
            return SimulatedAnswer(401, {"error": "Authentication required"})
        if (request.method, request.path) != ("GET", SEARCH) or request.parameters["expand"] != "true":
            return SimulatedAnswer(404, {"error": "No route matches"})
        found = [each for each in self.tickets.values() if _passes(each, request.parameters["query"])]
        found = [each for each in found if each["number"] not in self.hidden]
        order, size = request.parameters["sort_by"], int(request.parameters["per_page"])
        # Ties come in an order that nobody promises.
        found.sort(key=lambda each: (each[order], -each["id"] if order != "id" else 0))
        begin = (int(request.parameters["page"]) - 1) * size
        return SimulatedAnswer(200, found[begin : begin + size])


def _passes(ticket: dict[str, Any], query: str) -> bool:
    is_open = True
    if query.startswith(_OPEN):
        is_open, query = ticket["state"] not in ("closed", "merged"), query.removeprefix(f"{_OPEN} AND ")
    if found := re.fullmatch(r'updated_at:\["(.+)" TO \*\]', query):
        return bool(ticket["updated_at"] >= found[1])
    if found := re.fullmatch(r'updated_at:"(.+)" AND id:>(\d+)', query):
        return bool(ticket["updated_at"] == found[1] and ticket["id"] > int(found[2]))
    if found := re.fullmatch(r"id:>(\d+)", query):
        return is_open and bool(ticket["id"] > int(found[1]))
    found = re.fullmatch(r"number:\((.+)\)", query)
    assert found, f"the simulation does not know {query}"
    return ticket["number"] in found[1].split(" OR ")
