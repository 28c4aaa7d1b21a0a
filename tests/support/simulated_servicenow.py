"""A small simulation of ServiceNow's Table API, made from its public documentation. It is not ServiceNow.

It knows encoded queries of comparisons, ``IN`` and ``ORDERBY``; ``sysparm_limit`` and ``sysparm_offset``; the header
``X-Total-Count``, which also counts rows that the account may not see; and tokens that end.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.support.simulated_tool import PASSWORD, USER, SimulatedAnswer, SimulatedRequest, SimulatedTool

TABLE = "/api/now/table/incident"
NAMES = {"287ebd7da9fe198100f92cc8d1d2154e": "Messaging", "31bea3d53790200044e0bfc8bcbe5dec": "Alder Mills"}
_TEAM, _COMPANY = NAMES
_ENDS = {"6": "resolved_at", "7": "closed_at"}


@dataclass
class SimulatedServiceNow(SimulatedTool):
    """Incidents by number, each a row of stored values. ``hidden``: numbers that the account may not see."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    tokens: dict[str, float] = field(default_factory=dict)
    token_seconds: float = 1_800.0
    tokens_given: int = 0

    def open(self, number: str, at: str, **fields: str) -> None:
        """Open an incident at this time (``2026-11-05 08:00:00``, UTC)."""
        blank = dict.fromkeys(("hold_reason", "resolved_at", "closed_at", "business_service"), "")
        self.rows[number] = {
            **blank,
            # Not in the order of the numbers, as real ids are not.
            "sys_id": f"{zlib.crc32(repr(number).encode()):08x}{len(self.rows):024x}",
            "number": number,
            "state": "1",
            "priority": "2",
            "short_description": f"Incident {number}",
            "contact_type": "phone",
            "sys_class_name": "incident",
            "opened_at": at,
            "sys_updated_on": at,
            "assignment_group": _TEAM,
            "company": _COMPANY,
            **fields,
        }

    def change(self, number: str, at: str, **fields: str) -> None:
        """Change an incident; states 6 and 7 set the time of the resolution or closure."""
        ends = {_ENDS[fields["state"]]: at} if fields.get("state") in _ENDS else {}
        self.rows[number] |= {"sys_updated_on": at, **ends, **fields}

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer:
        """Answer a request for a token or for rows of the table."""
        if (request.method, request.path) == ("POST", "/oauth_token.do"):
            return self._token(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not request.is_by(USER, PASSWORD) and self.tokens.get(token, 0) < time.monotonic():
            return SimulatedAnswer(401, {"error": {"message": "User Not Authenticated"}, "status": "failure"})
        if (request.method, request.path) != ("GET", TABLE):
            return SimulatedAnswer(404, {"error": {"message": "Invalid table"}, "status": "failure"})
        found = self.select(request.parameters["sysparm_query"])
        limit, offset = (int(request.parameters[f"sysparm_{each}"]) for each in ("limit", "offset"))
        fields = request.parameters["sysparm_fields"].split(",")
        shown = [row for row in found[offset : offset + limit] if row["number"] not in self.hidden]
        document = {"result": [{name: _both(row, name) for name in fields if name in row} for row in shown]}
        return SimulatedAnswer(200, document, {"X-Total-Count": str(len(found))})

    def select(self, query: str) -> list[dict[str, str]]:
        """Return the rows that an encoded query selects, in its order; by ``sys_id`` where it names none."""
        parts = query.split("^")
        orders = [each.removeprefix("ORDERBY") for each in parts if each.startswith("ORDERBY")]
        tests = [each for each in parts if not each.startswith("ORDERBY")]
        found = [row for row in self.rows.values() if all(_passes(row, test) for test in tests)]
        return sorted(found, key=lambda row: [row[name] for name in (*orders, "sys_id")])

    def _token(self, request: SimulatedRequest) -> SimulatedAnswer:
        sent = request.parameters
        if sent.get("grant_type") != "client_credentials" or sent.get("client_secret") != PASSWORD:
            return SimulatedAnswer(401, {"error": "access_denied"})
        self.tokens_given += 1
        token = f"token-{self.tokens_given}"
        self.tokens[token] = time.monotonic() + self.token_seconds
        return SimulatedAnswer(200, {"access_token": token, "expires_in": 1_800, "token_type": "Bearer"})


def _passes(row: dict[str, str], test: str) -> bool:
    if "IN" in test and not set(test.split("IN")[0]) & set("=<>"):
        name, _, values = test.partition("IN")
        return row[name] in values.split(",")
    for sign in (">=", "<=", ">", "<", "="):
        name, found, value = test.partition(sign)
        if found:
            known = _value(row, name)
            return {
                ">=": known >= value,
                "<=": known <= value,
                ">": known > value,
                "<": known < value,
                "=": known == value,
            }[sign]
    raise AssertionError(f"the simulation does not know {test}")


def _value(row: dict[str, str], name: str) -> str:
    if name == "active":
        return "false" if row["state"] in ("7", "8") else "true"
    if name == "company.name":
        return NAMES[row["company"]]
    return row[name]


def _both(row: dict[str, str], name: str) -> dict[str, Any]:
    return {"value": row[name], "display_value": NAMES.get(row[name], row[name])}
