"""Steps of a negotiation between two parties, each a request to the public API.

The client chooses the short names (``key``) of the parties, the people and the agreement.
"""

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
    """The API answered with a problem; the text contains the request, the status and the answer."""


class Unavailable(ApiProblem):
    """The API cannot answer now; the same request may succeed soon."""


@dataclass(frozen=True)
class Cast:
    """The participants of the negotiation: both parties, the service, and an API key of everyone who acts."""

    provider_party_id: str
    customer_party_id: str
    service_id: str
    provider_manager_key: str
    provider_signatory_key: str
    customer_manager_key: str
    customer_signatory_key: str
    integrator_key: str
    """Key of the provider's systems, which send measurements and ticket events."""
    viewer_key: str
    """Key of a customer's employee who only reads."""


async def negotiate_and_sign(
    client: httpx.AsyncClient,
    operator_key: str,
    effective_at: str,
    *,
    agreement_key: str = terms.AGREEMENT_KEY,
    document: Mapping[str, Any] | None = None,
) -> tuple[Cast, dict[str, Any]]:
    """Negotiate a new agreement up to its final signature; return the cast and the agreement's JSON. Raises ApiProblem.

    ``client`` has the base URL. ``effective_at`` is RFC 3339 text. ``document`` is the first draft, by
    default that of ``terms.agreement_document``.
    """
    cast = await gather_cast(client, operator_key)
    await record_requirement(client, cast)
    drafted = await draft_agreement(client, cast, document or terms.agreement_document(effective_at), agreement_key)
    proposed = await propose_draft(client, cast, drafted)
    countered = await make_counter_proposal(client, cast, proposed, terms.counter_proposal(proposed["document"]))
    agreed = await accept_counter_proposal(client, cast, countered)
    return cast, await sign_for_both_parties(client, cast, agreed)


async def gather_cast(client: httpx.AsyncClient, operator_key: str, suffix: str = "") -> Cast:
    """Register both parties and the service, enrol everyone, issue their keys, and connect the two parties.

    All ids are derived from the parties' keys. ``suffix`` is appended to the parties' keys: another suffix gives other
    parties.
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
    await relate_parties(client, provider_manager, customer_manager, "The Corner Shop")
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


async def relate_parties(client: httpx.AsyncClient, inviter_key: str, invited_key: str, alias: str) -> None:
    """Relate two parties, so that each can name the other in agreements: one invites and the other accepts.

    ``alias`` is what the inviter calls the invited party.
    """
    invitation = await post(client, inviter_key, "/api/v1/invitations", {"alias": alias})
    await post(client, invited_key, "/api/v1/invitations/accept", {"code": invitation["code"]})


async def record_requirement(client: httpx.AsyncClient, cast: Cast) -> dict[str, Any]:
    """Record the customer's requirement and return its JSON."""
    body = {**terms.REQUIREMENT, "service_id": cast.service_id}
    return await post(client, cast.customer_manager_key, "/api/v1/requirements", body)


async def draft_agreement(
    client: httpx.AsyncClient, cast: Cast, document: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """Draft the agreement from a template as the provider, and return its JSON.

    A second call with the same key and document returns the same agreement.
    """
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


async def propose_draft(client: httpx.AsyncClient, cast: Cast, agreement: Mapping[str, Any]) -> dict[str, Any]:
    """Propose the draft to the customer and return the agreement's JSON."""
    return await _move(client, cast.provider_manager_key, agreement, "propose")


async def make_counter_proposal(
    client: httpx.AsyncClient, cast: Cast, agreement: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, Any]:
    """Answer the proposal with the customer's own document and return the agreement's JSON."""
    return await _move(client, cast.customer_manager_key, agreement, "counter", document=dict(document))


async def accept_counter_proposal(
    client: httpx.AsyncClient, cast: Cast, agreement: Mapping[str, Any]
) -> dict[str, Any]:
    """Accept the customer's counter-proposal as the provider and return the agreement's JSON."""
    return await _move(client, cast.provider_manager_key, agreement, "accept")


async def sign_for_both_parties(client: httpx.AsyncClient, cast: Cast, agreement: Mapping[str, Any]) -> dict[str, Any]:
    """Sign the agreed revision's hash for both sides; the second signature finalizes the agreement. Return its JSON."""
    await _move(client, cast.provider_signatory_key, agreement, "sign")
    return await _move(client, cast.customer_signatory_key, agreement, "sign")


async def wait_until_in_force(
    client: httpx.AsyncClient, cast: Cast, agreement_id: str, wait_seconds: float = 10.0
) -> dict[str, Any]:
    """Return the agreement once it is in force. Raises ApiProblem after ``wait_seconds`` of real time."""
    give_up_at = time.monotonic() + wait_seconds
    while True:
        agreement = await get(client, cast.viewer_key, f"/api/v1/agreements/{agreement_id}")
        if agreement["state"] == "in_force":
            return agreement
        if time.monotonic() > give_up_at:
            raise ApiProblem(
                f"the agreement is still {agreement['state']}; it takes effect at {agreement['effective_at']}"
            )
        await asyncio.sleep(0.05)


async def post(client: httpx.AsyncClient, key: str, path: str, body: Body) -> dict[str, Any]:
    """Send a POST request with this API key and return the JSON answer. Raises ApiProblem."""
    return answer_of(
        await client.post(
            path, json=dict(body) if isinstance(body, Mapping) else body, headers={"Authorization": f"Bearer {key}"}
        )
    )


async def get(client: httpx.AsyncClient, key: str, path: str) -> dict[str, Any]:
    """Send a GET request with this API key and return the JSON answer. Raises ApiProblem."""
    return answer_of(await client.get(path, headers={"Authorization": f"Bearer {key}"}))


async def _move(
    client: httpx.AsyncClient, key: str, agreement: Mapping[str, Any], move: str, **more: Any
) -> dict[str, Any]:
    body = {"revision_hash": agreement["revision"]["hash"], **more}
    return await post(client, key, f"/api/v1/agreements/{agreement['agreement_id']}/{move}", body)


async def _party(client: httpx.AsyncClient, operator_key: str, key: str, name: str) -> str:
    party = await post(client, operator_key, "/api/v1/parties", {"key": key, "name": name})
    return str(party["party_id"])


async def _member(client: httpx.AsyncClient, operator_key: str, party_id: str, key: str, name: str, role: str) -> str:
    """Register a person of a party, with a mandate if the role is a signatory, and return a key for them."""
    mandates = [{"role": role, "text": f"Signs for {name.split()[-1]}'s house"}] if role.endswith("signatory") else []
    body = {"key": key, "party_id": party_id, "name": name, "email": f"{key}@example.com", "mandates": mandates}
    person = await post(client, operator_key, "/api/v1/people", body)
    enrolment = {**_enrolment(party_id, key, name, role), "person_id": person["person_id"]}
    return await _principal(client, operator_key, enrolment)


def _enrolment(party_id: str, key: str, name: str, role: str) -> dict[str, Any]:
    """Return the request body that enrols a principal without a person."""
    return {"key": key, "party_id": party_id, "name": name, "roles": [role], "person_id": None}


async def _principal(client: httpx.AsyncClient, operator_key: str, body: Body) -> str:
    """Enrol a principal, issue a key for it and return the key, which the API shows only once."""
    principal = await post(client, operator_key, "/api/v1/principals", body)
    issued = await post(client, operator_key, f"/api/v1/principals/{principal['principal_id']}/keys", {"scopes": []})
    return str(issued["key"])


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON of an answer. Raises ApiProblem for a refusal, Unavailable if the API cannot answer now."""
    if response.status_code >= 400:
        request = response.request
        refusal = Unavailable if response.status_code in _NOT_NOW else ApiProblem
        raise refusal(f"{request.method} {request.url.path}: {response.status_code} {response.text}")
    answer: dict[str, Any] = response.json()
    return answer
