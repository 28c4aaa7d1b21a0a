"""An installation in this process with a record of every kind, and callers who must not see them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from slm.contexts import CONTEXTS
from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm.installation import Installation, open_installation
from slm_chassis.clock import SystemClock
from slm_chassis.settings import Settings
from slm_events.instants import to_text
from tests.support.operator_key import KEY

OPERATOR_KEY = KEY
SECOND, DAY = 1_000_000, 86_400_000_000
NEIGHBOURS = "-neighbours"
"""The suffix of the keys of the second pair of parties."""
PARTY_ROLES = ["service_level_manager", "integrator", "viewer"]
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_TIMES = 100
_METHODS = ("get", "post", "put", "patch", "delete")


EMPTY = (
    "/api/v1/assignments",
    "/api/v1/guest-links",
    "/api/v1/mail-deliveries",
    "/api/v1/quarantine/sources",
    "/api/v1/sessions",
    *(f"/api/v1/{context}-dead-letters" for context in CONTEXTS),
    *(f"/api/v1/{context}-key-uses" for context in CONTEXTS),
)
"""Lists that are empty in this installation.

An operator has no party that assigns and no session, no source has failed, nothing is mailed, every record can be read,
and a service stores the uses of keys only some time after the requests.
"""
OF_PEOPLE = ("/api/v1/notification-preferences",)
"""What an operator cannot read, because it belongs to the person who asks."""


@dataclass(frozen=True)
class Operation:
    """A route of the merged OpenAPI document."""

    method: str
    path: str
    document: dict[str, Any]

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters in the path."""
        return re.findall(r"{(\w+)}", self.path)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


@dataclass(frozen=True)
class Populated:
    """The installation, its parties, and the ids of its records."""

    installation: Installation
    client: httpx.AsyncClient
    cast: Cast
    stranger_key: str
    """The key of an unrelated party, with every role except those that sign."""
    stranger_party_id: str
    onlooker_key: str
    """A key of the provider with only the role viewer."""
    auditor_key: str
    """A key of the provider's auditor."""
    known: dict[str, set[str]]
    """Name of a path parameter → the values with which it names an existing record."""

    def operations(self) -> Iterator[Operation]:
        return operations_of(self.installation)

    async def ask(self, key: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request with the key and return the answer."""
        headers = {"Authorization": f"Bearer {key}", **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)

    def body_of(self, operation: Operation) -> Any:
        """Return the example of an operation's body; None if it has no body, ``{}`` if it has no example."""
        content = operation.document.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None
        examples = [content["example"]] if "example" in content else self.schema(content["schema"]).get("examples", [])
        return examples[0] if examples else {}

    def schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema that a reference leads to."""
        if "$ref" not in schema:
            return schema
        name = schema["$ref"].rsplit("/", 1)[-1]
        found: dict[str, Any] = self.installation.face.own.openapi()["components"]["schemas"][name]
        return found


def operations_of(installation: Installation) -> Iterator[Operation]:
    """Yield every route of the merged OpenAPI document."""
    for path, item in installation.face.own.openapi()["paths"].items():
        for method in _METHODS:
            if method in item:
                yield Operation(method, path, item[method])


@asynccontextmanager
async def populated(folder: Path) -> AsyncIterator[Populated]:
    """Give the block an installation in which two parties have made everything from a party to a proposal, through the
    API.
    """
    settings = Settings(data_dir=folder, bootstrap_key=SecretStr(OPERATOR_KEY), partitions=2)
    async with open_installation(settings) as installation:
        for app in installation.apps:
            await app.start()
        transport = httpx.ASGITransport(installation.face, raise_app_exceptions=False)
        patient = _AsksAgain(transport)
        async with httpx.AsyncClient(transport=patient, base_url="http://slm", timeout=30.0) as client:
            yield await _settled(installation, client)


class _AsksAgain(httpx.AsyncBaseTransport):
    """A transport that repeats a request if a busy machine could not read the log of keys in time."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(_TIMES):
            answer = await self._inner.handle_async_request(request)
            if answer.status_code != 503 or b"/problems/access-unknown" not in await answer.aread():
                break
            await asyncio.sleep(0.25)
        return answer


async def _settled(installation: Installation, client: httpx.AsyncClient) -> Populated:
    now = SystemClock().now()
    cast, agreement = await negotiation.negotiate_and_sign(client, OPERATOR_KEY, to_text(now - 70 * DAY))
    agreement_id = agreement["agreement_id"]
    imported = await _measure(client, cast, now)
    await _name_endpoint(client, cast)
    hook_id, call_id = await _make_hook(client, cast)
    await _make_pull(client, cast)
    await _ask_for(client, cast, agreement_id, now)
    await _report_and_review(client, cast, agreement_id, now)
    await _make_writer(client, cast)
    await _record_contract(client, cast, now)
    known: dict[str, set[str]] = {"import_id": {imported}, "key": {terms.AVAILABILITY_INDICATOR}}
    known |= {"hook_id": {hook_id}, "call_id": {call_id}}
    await _explore(installation, client, known)
    stranger_party = await negotiation.post(client, OPERATOR_KEY, "/api/v1/parties", {"key": "nosy", "name": "Nosy"})
    stranger = await _key(client, stranger_party["party_id"], "nosy", PARTY_ROLES)
    onlooker = await _key(client, cast.provider_party_id, "onlooker", ["viewer"])
    auditor = await _key(client, cast.provider_party_id, "auditor", ["auditor"], ends_at=to_text(now + DAY))
    return Populated(installation, client, cast, stranger, stranger_party["party_id"], onlooker, auditor, known)


async def neighbours(world: Populated) -> dict[str, str]:
    """Create a second pair of parties with records of every kind; return role → a key with that role.

    Its tickets have other numbers than those of the first pair. Only the office that both pairs appoint belongs to
    both.
    """
    client, now = world.client, SystemClock().now()
    cast = await negotiation.gather_cast(client, OPERATOR_KEY, NEIGHBOURS)
    await negotiation.record_requirement(client, cast)
    drafted = await negotiation.draft_agreement(
        client, cast, terms.agreement_document(to_text(now - 70 * DAY)), f"neighbours{NEIGHBOURS}"
    )
    proposed = await negotiation.propose_draft(client, cast, drafted)
    countered = await negotiation.make_counter_proposal(
        client, cast, proposed, terms.counter_proposal(proposed["document"])
    )
    agreed = await negotiation.accept_counter_proposal(client, cast, countered)
    agreement = await negotiation.sign_for_both_parties(client, cast, agreed)
    await _measure(client, cast, now, f"INC1{NEIGHBOURS}")
    await _ask_for(client, cast, agreement["agreement_id"], now)
    await _report_and_review(client, cast, agreement["agreement_id"], now)
    return {
        "service_level_manager": cast.provider_manager_key,
        "integrator": cast.integrator_key,
        "provider_signatory": cast.provider_signatory_key,
        "business_signatory": cast.customer_signatory_key,
        "viewer": cast.viewer_key,
        "manager of the customer": cast.customer_manager_key,
    }


async def _measure(client: httpx.AsyncClient, cast: Cast, now: int, ticket_number: str = "INC1") -> str:
    """Send an outage, slow answers, a late ticket and a fact of the future; open an import and return its id."""
    key = cast.integrator_key
    availability = {"key": terms.AVAILABILITY_INDICATOR, "kind": "availability", "initial_state": "up"}
    latency = {"key": terms.LATENCY_INDICATOR, "kind": "value", "unit": "ms"}
    for indicator in (availability, latency):
        await negotiation.post(client, key, "/api/v1/indicators", {**indicator, "service_id": cast.service_id})
    outage = {"from": to_text(now - 3 * DAY), "to": to_text(now - 3 * DAY + DAY // 8)}
    # In the first days of a month that outage lies in the month before. This one puts the present month at risk: it
    # takes more than three quarters of the four minutes that a month allows.
    month = int(datetime.fromtimestamp(now // 1_000_000, UTC).replace(day=1, hour=0, minute=0, second=0).timestamp())
    late = {"from": to_text(max(now - 210 * SECOND, month * 1_000_000)), "to": to_text(now)}
    measurements: list[dict[str, Any]] = [
        {"indicator": terms.AVAILABILITY_INDICATOR, "outage": outage, "id": "1"},
        {"indicator": terms.AVAILABILITY_INDICATOR, "outage": late, "id": "2"},
        {"indicator": terms.LATENCY_INDICATOR, "at": to_text(now - DAY), "value": 900, "unit": "ms"},
        {"indicator": terms.LATENCY_INDICATOR, "at": to_text(now + DAY), "value": 1, "unit": "ms"},
    ]
    await negotiation.post(client, key, "/api/v1/measurements", measurements)
    ticket = {"source": "desk", "ticket": ticket_number, "type": "incident", "priority": "P1", "service": "checkout"}
    opening = {**ticket, "id": "1", "event": "opened", "at": to_text(now - 20 * DAY)}
    await negotiation.post(client, key, "/api/v1/ticket-events", [opening])
    made = await negotiation.post(client, key, "/api/v1/imports", {"sources": ["history"], "key": "history"})
    await negotiation.post(client, key, f"/api/v1/imports/{made['import_id']}/complete", {})
    return str(made["import_id"])


async def _name_endpoint(client: httpx.AsyncClient, cast: Cast) -> None:
    """Make a webhook endpoint of the provider, paused so that nothing is ever sent, with a delivery that waits."""
    body = {"title": "Bridge", "url": "https://93.184.216.34/slm", "paused": True}
    made = await negotiation.post(client, cast.provider_manager_key, "/api/v1/webhook-endpoints", body)
    await negotiation.post(
        client, cast.provider_manager_key, f"/api/v1/webhook-endpoints/{made['endpoint_id']}/test-events", {}
    )


async def _make_hook(client: httpx.AsyncClient, cast: Cast) -> tuple[str, str]:
    """Make a hook of the provider for a ticket tool, with a call in its log; return the ids of both."""
    body = {"title": "Desk", "connector": "zammad", "source": "hooked"}
    made = await negotiation.post(client, cast.provider_manager_key, "/api/v1/hooks", body)
    called = await negotiation.post(client, cast.provider_manager_key, f"{made['path']}/tests", {})
    return made["hook_id"], called["call_id"]


async def _make_pull(client: httpx.AsyncClient, cast: Cast) -> None:
    """Make a pull of the provider, paused so that no tool is ever asked."""
    body = {"title": "Desk", "connector": "servicenow", "address": "https://93.184.216.34", "paused": True}
    proof = {"authentication": {"kind": "basic", "user": "slm"}, "secret": "the password of slm"}
    await negotiation.post(client, cast.provider_manager_key, "/api/v1/pulls", {**body, **proof, "source": "pulled"})


async def _make_writer(client: httpx.AsyncClient, cast: Cast) -> None:
    """Make a ticket writer of the provider, paused so that nothing is ever sent, with a ticket that waits."""
    body = {
        "title": "Desk",
        "connector": "zammad",
        "address": "https://93.184.216.34",
        "source": "desk",
        "authentication": {"kind": "token"},
        "secret": "nobody's",
        "paused": True,
    }
    await negotiation.post(client, cast.provider_manager_key, "/api/v1/ticket-writers", body)

    async def waits() -> Any:
        return (await negotiation.get(client, cast.provider_manager_key, "/api/v1/ticket-writes"))["items"]

    await _eventually(waits)


async def _record_contract(client: httpx.AsyncClient, cast: Cast, now: int) -> None:
    """Put a contract on record in which a company that the provider's party named provides a service to that party."""
    key = cast.provider_manager_key
    company = await negotiation.post(client, key, "/api/v1/named-companies", {"key": "paper", "name": "Paper Ltd"})
    catalogued = {"key": "paper", "name": "Paper", "provider_party_id": company["party_id"]}
    supply = await negotiation.post(client, key, "/api/v1/services", catalogued)
    target = {
        "key": "up",
        "indicator": "paper.up",
        "aggregation": "availability",
        "objective": {"at_least": "99", "unit": "percent"},
        "window": {"calendar": "month"},
    }
    document = {"title": "On paper", "term": {"effective_at": to_text(now - 70 * DAY)}, "targets": [target]}
    body = {
        "key": "on-paper",
        "kind": "uc",
        "provider_party_id": company["party_id"],
        "customer_party_id": cast.provider_party_id,
        "service_id": supply["service_id"],
        "document": document,
        "contract": {"media_type": "application/pdf", "sha256": "ab" * 32},
    }
    await negotiation.post(client, key, "/api/v1/recorded-agreements", body)


async def _ask_for(client: httpx.AsyncClient, cast: Cast, agreement_id: str, now: int) -> None:
    """Create an exclusion, a delegate of the provider, and a back-test."""
    interval = {"from": to_text(now - 5 * DAY), "to": to_text(now - 5 * DAY + DAY // 24)}
    wanted = {"agreement_id": agreement_id, "kind": "force_majeure", "text": "A storm.", "interval": interval}
    await negotiation.post(client, cast.provider_manager_key, "/api/v1/exclusions", wanted)
    delegate = await negotiation.post(client, OPERATOR_KEY, "/api/v1/parties", {"key": "office", "name": "Office"})
    appointed = {"agreement_id": agreement_id, "delegate_party_id": delegate["party_id"], "reason": "They run it."}
    pair = {"party_ids": [cast.provider_party_id, delegate["party_id"]]}
    await negotiation.post(client, OPERATOR_KEY, "/api/v1/relations", pair)

    async def known() -> bool:
        path, key = "/api/v1/exclusion-delegates", cast.provider_manager_key
        return (await _asked(client, key, path, appointed)).status_code == 201

    await _eventually(known)
    draft = {
        "aggregation": "availability",
        "objective": {"at_least": "99.9", "unit": "percent"},
        "indicator": terms.AVAILABILITY_INDICATOR,
        "window": {"calendar": "day"},
    }
    await negotiation.post(client, cast.integrator_key, "/api/v1/backtests", {"terms": draft})


async def _report_and_review(client: httpx.AsyncClient, cast: Cast, agreement_id: str, now: int) -> None:
    manager = cast.provider_manager_key

    async def review() -> Any:
        found = await negotiation.get(client, manager, f"/api/v1/reviews?agreement_id={agreement_id}&reason=breach")
        return next(iter(found["items"]), None)

    found = await _eventually(review)
    path = f"/api/v1/reviews/{found['review_id']}"
    await negotiation.post(client, manager, f"{path}/lessons", {"text": "Roll back first."})
    action = {"text": "Automate it.", "owner": "Team", "expected_change": "Less of it."}
    await negotiation.post(client, manager, f"{path}/actions", {**action, "due_at": to_text(now + DAY)})
    proposal = {"target": "availability", "objective": {"at_least": "99.995"}, "reason": "We can."}
    await negotiation.post(client, manager, f"{path}/target-revision-proposals", proposal)
    await negotiation.post(client, manager, "/api/v1/reports", {"agreement_id": agreement_id})
    for listed in ("clocks", "risks", "action-plans", "breaches", "quarantine", "sources"):

        async def present(listed: str = listed) -> Any:
            return (await negotiation.get(client, manager, f"/api/v1/{listed}"))["items"]

        await _eventually(present)


async def _asked(client: httpx.AsyncClient, key: str, path: str, body: dict[str, Any]) -> httpx.Response:
    return await client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})


async def _key(client: httpx.AsyncClient, party_id: str, name: str, roles: list[str], **more: str) -> str:
    body = {"key": name, "party_id": party_id, "name": name, "roles": roles, **more}
    principal = await negotiation.post(client, OPERATOR_KEY, "/api/v1/principals", body)
    issued = await negotiation.post(client, OPERATOR_KEY, f"/api/v1/principals/{principal['principal_id']}/keys", {})
    return str(issued["key"])


async def _explore(installation: Installation, client: httpx.AsyncClient, known: dict[str, set[str]]) -> None:
    """Read every list and summary as an operator, and note the field name of each id."""
    for operation in operations_of(installation):
        asks_for_more = any(each.get("required") for each in operation.document.get("parameters", []))
        # What is not JSON, such as series for Prometheus, says the same as a list that is.
        is_json = "application/json" in operation.document["responses"].get("200", {}).get("content", {})
        if operation.method == "get" and is_json and not asks_for_more and operation.path not in OF_PEOPLE:
            answer = await negotiation.get(client, OPERATOR_KEY, operation.path)
            items = answer["items"][:20] if "items" in answer else [answer]
            assert items or operation.path in EMPTY, f"{operation} shows nothing: let {__name__} make one"
            _remember(items, known)


def _remember(value: Any, known: dict[str, set[str]]) -> None:
    if isinstance(value, list):
        for inner in value:
            _remember(inner, known)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and name.endswith("_id"):
                known.setdefault(name, set()).add(inner)
            _remember(inner, known)


async def _eventually(condition: Callable[[], Awaitable[Any]], seconds: float = 30.0) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := await condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return found
