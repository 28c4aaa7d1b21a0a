"""The companies and people of the browser tests, registered through the public API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

_TIMES = 60


class Refused(AssertionError):
    """The API refused a request of the scenario; the text contains the request and the answer."""


@dataclass
class World:
    """An installation with its companies. ``keys``: first name → API key; ``parties``: short name → party id."""

    client: httpx.AsyncClient
    operator_key: str
    keys: dict[str, str] = field(default_factory=dict)
    parties: dict[str, str] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    agreements: dict[str, str] = field(default_factory=dict)
    """Key of an agreement → its id."""

    async def post(self, who: str, path: str, body: Any) -> dict[str, Any]:
        """Send a POST request as a person (``operator`` for the operator). Raises Refused."""
        return await self._ask(who, "POST", path, json=body)

    async def put(self, who: str, path: str, body: Any) -> dict[str, Any]:
        """Send a PUT request as a person. Raises Refused."""
        return await self._ask(who, "PUT", path, json=body)

    async def get(self, who: str, path: str, **query: Any) -> dict[str, Any]:
        """Send a GET request as a person. Raises Refused."""
        return await self._ask(who, "GET", path, params=query)

    async def _ask(self, who: str, method: str, path: str, **more: Any) -> dict[str, Any]:
        key = self.operator_key if who == "operator" else self.keys[who]
        headers = {"Authorization": f"Bearer {key}"}
        for _ in range(_TIMES):
            answer = await self.client.request(method, f"/api/v1/{path}", headers=headers, **more)
            # A busy machine could not read the log of keys in time, and says that the same request may be sent again.
            if answer.status_code != 503:
                break
            await asyncio.sleep(0.5)
        if answer.status_code >= 400:
            raise Refused(f"{who}: {method} {path}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


_SIGNATORY = {"provider_signatory", "business_signatory"}


async def company(world: World, key: str, name: str) -> None:
    """Register a party."""
    made = await world.post("operator", "parties", {"key": key, "name": name})
    world.parties[key] = made["party_id"]


async def person(world: World, party: str, name: str, *roles: str) -> None:
    """Register a person of a party with a key, and with a mandate for each role that signs."""
    first = name.split()[0].lower()
    mandates = [{"role": role, "text": "By resolution of the board"} for role in roles if role in _SIGNATORY]
    about = {"key": first, "party_id": world.parties[party], "name": name}
    made = await world.post("operator", "people", {**about, "email": f"{first}@{party}.example", "mandates": mandates})
    await system(world, party, first, name, *roles, person_id=made["person_id"])


async def system(world: World, party: str, key: str, name: str, *roles: str, person_id: str | None = None) -> None:
    """Enrol a principal and issue a key for it."""
    body: Mapping[str, Any] = {
        "key": key,
        "party_id": world.parties[party],
        "name": name,
        "roles": list(roles),
        "person_id": person_id,
    }
    principal = await world.post("operator", "principals", body)
    issued = await world.post("operator", f"principals/{principal['principal_id']}/keys", {})
    world.keys[key] = issued["key"]


async def acquaint(world: World, one: str, other: str) -> None:
    """Let two parties name each other in agreements."""
    pair = [world.parties[one], world.parties[other]]
    await world.post("operator", "relations", {"party_ids": pair})
