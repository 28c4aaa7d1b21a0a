"""Registration of the demonstration's companies, people, keys, services and indicators through the public API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from slm.demo.alder import asking
from slm.demo.alder.script import targets
from slm.demo.alder.script.companies import (
    COMPANIES,
    MANAGER,
    PEOPLE,
    PROVIDER,
    SERVICES,
    SUPPLIES,
    CatalogueEntry,
    Person,
    person_with_role,
)
from slm.demo.negotiation import Body

_SIGNING = {"business_signatory": "Signs as a customer", "provider_signatory": "Signs as a provider"}


@dataclass(frozen=True)
class Participants:
    """The ids and API keys that the API gave to the registered companies, people and services.

    ``parties``: key → id. ``services``: key → id. ``keys``: person → API key. ``principals``: person → id of the
    principal.

    ``systems_key`` and ``operator_key`` are the API keys of the provider's systems and of the operator.
    """

    client: httpx.AsyncClient
    parties: Mapping[str, str]
    services: Mapping[str, str]
    keys: Mapping[str, str]
    principals: Mapping[str, str]
    systems_key: str
    operator_key: str

    def manager(self, company: str) -> str:
        """Return the API key of a company's service level manager."""
        return self.keys[person_with_role(company, MANAGER).key]

    async def sign_in_link(self, person: str) -> dict[str, Any]:
        """Create a link that signs a person in once, and return its JSON with the code. Raises ApiProblem."""
        return await self.post(self.operator_key, "sign-in-links", {"principal_id": self.principals[person]})

    async def post(self, key: str, path: str, body: Body) -> dict[str, Any]:
        """Send a POST request below ``/api/v1/`` and return the JSON answer. Raises ApiProblem."""
        return await asking.post_patiently(self.client, key, path, body)

    async def change(self, key: str, path: str, act: str, body: Body) -> dict[str, Any]:
        """Read a resource for its ETag, then send a POST request to ``path/act`` with this ETag. Raises ApiProblem."""
        return await asking.change_resource(self.client, key, path, act, body)

    async def get(self, key: str, path: str) -> dict[str, Any]:
        """Send a GET request below ``/api/v1/`` and return the JSON answer. Raises ApiProblem."""
        return await asking.get_patiently(self.client, key, path)


async def enrol_participants(client: httpx.AsyncClient, operator_key: str) -> Participants:
    """Register every company, person, service and indicator. Raises ApiProblem."""
    parties: dict[str, str] = {}
    for company in COMPANIES:
        body = {"key": company.key, "name": company.name}
        parties[company.key] = (await asking.post_patiently(client, operator_key, "parties", body))["party_id"]
    relations = [_relate(client, operator_key, parties, company.key) for company in COMPANIES[1:]]
    await asyncio.gather(*relations)
    issued = await asyncio.gather(*(_person(client, operator_key, parties, person) for person in PEOPLE))
    keys = {person.key: key for person, (_, key) in zip(PEOPLE, issued, strict=True)}
    principals = {person.key: principal_id for person, (principal_id, _) in zip(PEOPLE, issued, strict=True)}
    systems = {"key": "pulse", "party_id": parties[PROVIDER], "name": "Monitoring and ticket desk"}
    _, systems_key = await _principal(client, operator_key, {**systems, "roles": ["integrator"], "person_id": None})
    services = {each.key: await _service(client, keys, each) for each in SERVICES + SUPPLIES}
    enrolled = Participants(client, parties, services, keys, principals, systems_key, operator_key)
    for indicator in targets.INDICATORS:
        service = indicator["service"]
        of_service = {"service_id": services[service]} if service else {}
        body = {name: value for name, value in indicator.items() if name != "service"}
        await enrolled.post(systems_key, "indicators", {**body, **of_service})
    return enrolled


async def _relate(client: httpx.AsyncClient, operator_key: str, parties: Mapping[str, str], company: str) -> None:
    pair = {"party_ids": [parties[PROVIDER], parties[company]]}
    await asking.post_patiently(client, operator_key, "relations", pair)


async def _person(
    client: httpx.AsyncClient, operator_key: str, parties: Mapping[str, str], person: Person
) -> tuple[str, str]:
    """Register a person and return the id of their principal and an API key."""
    party_id = parties[person.company]
    mandates = [{"role": role, "text": text} for role, text in _SIGNING.items() if role in person.roles]
    named = {"key": person.key, "party_id": party_id, "name": person.name}
    about = {**named, "email": person.email, "mandates": mandates}
    made = await asking.post_patiently(client, operator_key, "people", about)
    body = {**named, "roles": list(person.roles), "person_id": made["person_id"]}
    return await _principal(client, operator_key, body)


async def _principal(client: httpx.AsyncClient, operator_key: str, body: dict[str, Any]) -> tuple[str, str]:
    made = await asking.post_patiently(client, operator_key, "principals", body)
    path = f"principals/{made['principal_id']}/keys"
    key = str((await asking.post_patiently(client, operator_key, path, {"scopes": []}))["key"])
    return str(made["principal_id"]), key


async def _service(client: httpx.AsyncClient, keys: Mapping[str, str], entry: CatalogueEntry) -> str:
    manager = keys[person_with_role(entry.provider, MANAGER).key]
    body = {"key": entry.key, "name": entry.name, "outcome": entry.outcome}
    return str((await asking.post_patiently(client, manager, "services", body))["service_id"])
