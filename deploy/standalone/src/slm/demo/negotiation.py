"""Two parties come to an agreement, request by request through the public API, with keys chosen by the client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from slm.demo import terms

Body = Mapping[str, Any] | list[dict[str, Any]]
_NOT_NOW = frozenset({429, 502, 503, 504})


class ApiProblem(Exception):
    """The API answered with a problem; the text says which and what to do."""


class Unavailable(ApiProblem):
    """The answer was that this cannot be said now, and may be soon."""


@dataclass(frozen=True)
class Cast:
    """Who takes part: the parties, the service, and an API key for each who acts."""

    provider_party_id: str
    customer_party_id: str
    service_id: str
    provider_manager_key: str
    provider_signatory_key: str
    customer_manager_key: str
    customer_signatory_key: str
    integrator_key: str
    """The provider's systems: they send measurements and ticket events."""
    viewer_key: str
    """Somebody of the customer who looks on."""


async def play(
    client: httpx.AsyncClient,
    operator_key: str,
    effective_at: str,
    *,
    agreement_key: str = terms.AGREEMENT_KEY,
    document: Mapping[str, Any] | None = None,
) -> tuple[Cast, dict[str, Any]]:
    """From nothing to a finalized agreement, as the API shows it; raises ApiProblem. ``client`` knows the base URL."""
    cast = await gather_cast(client, operator_key)
    await record_requirement(client, cast)
    drafted = await draft(client, cast, document or terms.document(effective_at), agreement_key)
    proposed = await propose(client, cast, drafted)
    countered = await counter(client, cast, proposed, terms.counter_proposal(proposed["document"]))
    agreed = await accept(client, cast, countered)
    return cast, await sign(client, cast, agreed)


async def gather_cast(client: httpx.AsyncClient, operator_key: str, suffix: str = "") -> Cast:
    """Register both parties and the service; enrol everybody, issue a key each, and let the parties get acquainted.

    All ids follow from the parties' keys; ``suffix`` makes them other parties.
    """
    provider = await _party(client, operator_key, f"acme-hosting{suffix}", "Acme Hosting")
    customer = await _party(client, operator_key, f"corner-shop{suffix}", "The Corner Shop")
    manager, signatory = "service_level_manager", "provider_signatory"
    provider_manager = await _member(client, operator_key, provider, "ada", "Ada Byron", manager)
    provider_signatory = await _member(client, operator_key, provider, "grace", "Grace Hopper", signatory)
    customer_manager = await _member(client, operator_key, customer, "carl", "Carl Friedrich", manager)
    customer_signatory = await _member(client, operator_key, customer, "emmy", "Emmy Noether", "business_signatory")
    integrator = await _principal(
        client, operator_key, _enrolment(provider, "monitoring", "Monitoring systems", "integrator")
    )
    viewer = await _principal(client, operator_key, _enrolment(customer, "dashboard", "The shop's dashboard", "viewer"))
    service = await post(client, provider_manager, "/api/v1/services", terms.SERVICE)
    await acquaint(client, provider_manager, customer_manager, "The Corner Shop")
    return Cast(
        provider_party_id=provider,
        customer_party_id=customer,
        service_id=service["service_id"],
        provider_manager_key=provider_manager,
        provider_signatory_key=provider_signatory,
        customer_manager_key=customer_manager,
        customer_signatory_key=customer_signatory,
        integrator_key=integrator,
        viewer_key=viewer,
    )


async def acquaint(client: httpx.AsyncClient, inviter_key: str, invited_key: str, alias: str) -> None:
    """One party invites, the other accepts with the code: from then on each may name the other."""
    invitation = await post(client, inviter_key, "/api/v1/invitations", {"alias": alias})
    await post(client, invited_key, "/api/v1/invitations/accept", {"code": invitation["code"]})


async def record_requirement(client: httpx.AsyncClient, cast: Cast) -> dict[str, Any]:
    """The customer says what it needs, and why."""
    body = {**terms.REQUIREMENT, "service_id": cast.service_id}
    return await post(client, cast.customer_manager_key, "/api/v1/requirements", body)


async def draft(client: httpx.AsyncClient, cast: Cast, document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The provider drafts from a template; the same key and document again give the same agreement."""
    body = {
        "key": key,
        "kind": "sla",
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "service_id": cast.service_id,
        "template": "sla-standard",
        "document": dict(document),
    }
    return await post(client, cast.provider_manager_key, "/api/v1/agreements", body)


async def propose(client: httpx.AsyncClient, cast: Cast, agreement: Mapping[str, Any]) -> dict[str, Any]:
    """The provider puts its draft to the customer."""
    return await _move(client, cast.provider_manager_key, agreement, "propose")


async def counter(
    client: httpx.AsyncClient, cast: Cast, agreement: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, Any]:
    """The customer answers with a document of its own."""
    return await _move(client, cast.customer_manager_key, agreement, "counter", document=dict(document))


async def accept(client: httpx.AsyncClient, cast: Cast, agreement: Mapping[str, Any]) -> dict[str, Any]:
    """The provider accepts what the customer countered."""
    return await _move(client, cast.provider_manager_key, agreement, "accept")


async def sign(client: httpx.AsyncClient, cast: Cast, agreement: Mapping[str, Any]) -> dict[str, Any]:
    """Both sides sign the agreed revision's hash; the second signature finalizes it."""
    await _move(client, cast.provider_signatory_key, agreement, "sign")
    return await _move(client, cast.customer_signatory_key, agreement, "sign")


async def wait_until_in_force(
    client: httpx.AsyncClient, cast: Cast, agreement_id: str, wait_seconds: float = 10.0
) -> dict[str, Any]:
    """The agreement once its effective instant has come; raises ApiProblem after ``wait_seconds`` of real time."""
    give_up_at = time.monotonic() + wait_seconds
    while True:
        agreement = await get(client, cast.viewer_key, f"/api/v1/agreements/{agreement_id}")
        if agreement["state"] == "in_force":
            return agreement
        if time.monotonic() > give_up_at:
            raise ApiProblem(f"the agreement is {agreement['state']} still, effective at {agreement['effective_at']}")
        await asyncio.sleep(0.05)


async def post(client: httpx.AsyncClient, key: str, path: str, body: Body) -> dict[str, Any]:
    """POST as the owner of a key. Raises ApiProblem."""
    return _answer(
        await client.post(
            path, json=dict(body) if isinstance(body, Mapping) else body, headers={"Authorization": f"Bearer {key}"}
        )
    )


async def get(client: httpx.AsyncClient, key: str, path: str) -> dict[str, Any]:
    """GET as the owner of a key. Raises ApiProblem."""
    return _answer(await client.get(path, headers={"Authorization": f"Bearer {key}"}))


async def _move(
    client: httpx.AsyncClient, key: str, agreement: Mapping[str, Any], move: str, **more: Any
) -> dict[str, Any]:
    body = {"revision_hash": agreement["revision"]["hash"], **more}
    return await post(client, key, f"/api/v1/agreements/{agreement['agreement_id']}/{move}", body)


async def _party(client: httpx.AsyncClient, operator_key: str, key: str, name: str) -> str:
    party = await post(client, operator_key, "/api/v1/parties", {"key": key, "name": name})
    return str(party["party_id"])


async def _member(client: httpx.AsyncClient, operator_key: str, party_id: str, key: str, name: str, role: str) -> str:
    """A person of a party who acts with a key of her own; signatories get their mandate."""
    mandates = [{"role": role, "text": f"Signs for {name.split()[-1]}'s house"}] if role.endswith("signatory") else []
    body = {"key": key, "party_id": party_id, "name": name, "email": f"{key}@example.com", "mandates": mandates}
    person = await post(client, operator_key, "/api/v1/people", body)
    enrolment = {**_enrolment(party_id, key, name, role), "person_id": person["person_id"]}
    return await _principal(client, operator_key, enrolment)


def _enrolment(party_id: str, key: str, name: str, role: str) -> dict[str, Any]:
    """A principal to enrol that no person is bound to."""
    return {"key": key, "party_id": party_id, "name": name, "roles": [role], "person_id": None}


async def _principal(client: httpx.AsyncClient, operator_key: str, body: Body) -> str:
    """Enrol a principal and issue a key for it; gives the key, which is shown this once."""
    principal = await post(client, operator_key, "/api/v1/principals", body)
    issued = await post(client, operator_key, f"/api/v1/principals/{principal['principal_id']}/keys", {"scopes": []})
    return str(issued["key"])


def _answer(response: httpx.Response) -> dict[str, Any]:
    if response.status_code >= 400:
        request = response.request
        refusal = Unavailable if response.status_code in _NOT_NOW else ApiProblem
        raise refusal(f"{request.method} {request.url.path}: {response.status_code} {response.text}")
    answer: dict[str, Any] = response.json()
    return answer
