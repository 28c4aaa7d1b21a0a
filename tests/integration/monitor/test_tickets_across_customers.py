"""Whose ticket it is: each agreement judges tickets of its own service and customer, and shows them to nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from slm_events.agreement import PartyRegistered, ServiceCatalogued
from tests.support.api import announce, enrolled
from tests.support.monitor import CUSTOMER, PROVIDER, finalized, resolved
from tests.support.monitor_service import FOREIGNER, Service, publish

TEAM, TEAM_KEY = "party-of-the-network-team", "slm_team"
ALPHA, BETA, INTERNAL = (named_id(PROVIDER, "agreement", key) for key in ("alpha", "beta", "network"))
SERVICE_A, SERVICE_B = "service-alpha", "service-beta"


def agreed(agreement_id: str, service: str, **more: Any) -> Any:
    target = {**resolved(), "target_id": named_id(agreement_id, "target", "p1"), "service_id": service}
    return finalized(
        target,
        agreement_id=agreement_id,
        agreement_key=agreement_id,
        service_id=service,
        service_key=f"key-of-{service}",
        **more,
    )


@pytest.fixture(scope="module", autouse=True)
async def two_customers_and_a_team(service: Service) -> None:
    await announce(service.log, enrolled(TEAM_KEY, "integrator", party_id=TEAM))
    await service.agree(agreed(ALPHA, SERVICE_A))
    await service.agree(agreed(BETA, SERVICE_B, customer_party_id=FOREIGNER))
    sides = {"provider_party_id": TEAM, "customer_party_id": PROVIDER}
    internal = agreed(INTERNAL, "service-network", kind="ola", **sides)
    internal.targets[0]["applies_to"] = {"type": "incident", "team": ["network"]}
    await publish(service.log, internal)
    await until(service, service.client(TEAM_KEY), f"targets?agreement_id={INTERNAL}", lambda page: page["items"])


async def until(service: Service, client: httpx.AsyncClient, path: str, holds: Any) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            document: dict[str, Any] = (await client.get(f"/api/v1/{path}")).json()
            if holds(document) and not await service.waits_in_the_inbox():
                return document
            await asyncio.sleep(0.05)


async def opened(service: Service, ticket: str, at: str = "05:00", /, **said: Any) -> str:
    """Open an incident as the provider's desk does; returns the position to read it from."""
    event = {
        "source": "desk",
        "ticket": ticket,
        "event": "opened",
        "at": f"2026-11-05T{at}:00Z",
        "id": "o",
        "type": "incident",
        "priority": "P1",
    }
    return await sent(service, {**event, **said})


async def sent(service: Service, *events: dict[str, Any]) -> str:
    answer = await service.provider.post("/api/v1/ticket-events", json=list(events))
    assert answer.json()["accepted"] == len(events), answer.text
    position: str = answer.json()["position"]
    return position


async def read(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def status(client: httpx.AsyncClient, path: str) -> int:
    return (await client.get(f"/api/v1/{path}")).status_code


async def test_a_ticket_of_another_customers_service_is_not_judged_and_not_seen(service: Service) -> None:
    position = await opened(service, "of-beta", service=SERVICE_B)
    known = await read(service.provider, "tickets/desk/of-beta", min_position=position)
    assert [each["agreement_id"] for each in known["clocks"]] == [BETA]
    assert await status(service.customer, "tickets/desk/of-beta") == 404
    assert await status(service.customer, "clocks/explain?source=desk&number=of-beta&target=p1-resolution") == 404
    for path in ("tickets", "clocks", "tickets?at_risk=true", "breaches"):
        answer = await service.customer.get(f"/api/v1/{path}")
        assert "of-beta" not in answer.text, path
    assert await status(service.foreigner, "tickets/desk/of-beta") == 200
    breached = await read(service.foreigner, "breaches", agreement_id=BETA)
    assert [each["window_id"] for each in breached["items"]] == ["desk/of-beta"]


async def test_a_ticket_that_names_neither_is_unmatched_where_there_are_two_customers(service: Service) -> None:
    position = await opened(service, "of-nobody")
    page = await read(service.provider, "tickets", unmatched=True, min_position=position)
    (listed,) = [each for each in page["items"] if each["number"] == "of-nobody"]
    assert "names no customer" in listed.get("unmatched_cause", "")
    known = await read(service.provider, "tickets/desk/of-nobody")
    assert (known["clocks"], known["unmatched"]) == ([], True)
    assert known["unmatched_cause"] == listed["unmatched_cause"]
    assert await status(service.customer, "tickets/desk/of-nobody") == 404


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"service": "no-such-service"}, "a service known as 'no-such-service'"),
        ({"customer": "no-such-customer"}, "a customer known as 'no-such-customer'"),
        ({"customer": CUSTOMER, "service": SERVICE_B}, f"about a service known as '{SERVICE_B}'"),
        ({"customer": [CUSTOMER, FOREIGNER]}, "names 2 customers"),
    ],
)
async def test_a_name_that_nobody_knows_makes_a_ticket_unmatched(
    service: Service, said: dict[str, Any], because: str
) -> None:
    number = "-".join(["unknown", *said, str(len(str(said)))])
    position = await opened(service, number, attributes=said)
    known = await read(service.provider, f"tickets/desk/{number}", min_position=position)
    assert known["clocks"] == []
    assert because in known.get("unmatched_cause", "")


@pytest.mark.parametrize("said", [{"service": "key-of-service-alpha"}, {"customer": CUSTOMER}])
async def test_a_ticket_is_matched_by_its_services_or_customers_key(service: Service, said: dict[str, str]) -> None:
    number = f"named-by-{'-'.join(said)}"
    position = await opened(service, number, attributes=said)
    known = await read(service.provider, f"tickets/desk/{number}", min_position=position)
    assert [each["agreement_id"] for each in known["clocks"]] == [ALPHA]


async def test_late_external_references_name_a_service_and_a_customer_too(service: Service) -> None:
    await opened(service, "cmdb", service="CI-77", attributes={"customer": "ACME-1"})
    for event in (
        PartyRegistered(party_id=CUSTOMER, key="a", name="A", external_refs=[{"system": "crm", "id": "ACME-1"}]),
        ServiceCatalogued(
            service_id=SERVICE_A,
            key="alpha",
            name="Alpha",
            provider_party_id=PROVIDER,
            external_refs=[{"system": "cmdb", "id": "CI-77", "url": None}],
        ),
    ):
        await publish(service.log, event)
    known = await until(service, service.provider, "tickets/desk/cmdb", lambda ticket: ticket.get("clocks"))
    assert [each["agreement_id"] for each in known["clocks"]] == [ALPHA]
    assert await status(service.customer, "tickets/desk/cmdb") == 200
    assert await status(service.foreigner, "tickets/desk/cmdb") == 404


async def test_a_ticket_that_moves_to_another_customer_is_no_longer_visible(service: Service) -> None:
    await opened(service, "mistaken", service=SERVICE_A)
    event = {
        "source": "desk",
        "ticket": "mistaken",
        "event": "state_changed",
        "at": "2026-11-05T05:10:00Z",
        "id": "m",
        "service": SERVICE_B,
    }
    position = await sent(service, event)
    known = await read(service.provider, "tickets/desk/mistaken", min_position=position)
    assert [(each["agreement_id"], each["state"]) for each in known["clocks"]] == [
        (ALPHA, "cancelled"),
        (BETA, "breached"),
    ]
    assert await status(service.customer, "tickets/desk/mistaken") == 404
    assert await status(service.foreigner, "tickets/desk/mistaken") == 200


async def test_a_team_sees_of_its_tickets_neither_customer_nor_text_nor_person(service: Service) -> None:
    said = {"team": "network", "assignee": "Ada", "x_text": "secret", "customer": CUSTOMER}
    position = await opened(service, "for-the-team", "05:30", service=SERVICE_A, attributes=said)
    client = service.client(TEAM_KEY)
    seen = await read(client, "tickets/desk/for-the-team", min_position=position)
    assert [each["agreement_id"] for each in seen["clocks"]] == [INTERNAL]
    assert (seen["number"], seen["priority"], seen["held_by"]) == ("for-the-team", "P1", "network")
    assert (seen["type"], seen["events"]) == (None, [])
    explained = await client.get("/api/v1/clocks/explain?source=desk&number=for-the-team&target=p1-resolution")
    listed = await client.get("/api/v1/tickets")
    breaches = await client.get("/api/v1/breaches")
    for answer in (explained, listed, breaches):
        assert answer.status_code == 200
        for hidden in ("Ada", "secret", CUSTOMER, SERVICE_A):
            assert hidden not in answer.text, (answer.url, hidden)
    assert "for-the-team" in listed.text and "for-the-team" in breaches.text
    whole = await read(service.customer, "tickets/desk/for-the-team")
    assert [each["agreement_id"] for each in whole["clocks"]] == [ALPHA]
    assert whole["type"] == "incident"


async def test_a_team_does_not_see_tickets_of_other_teams(service: Service) -> None:
    position = await opened(service, "for-others", service=SERVICE_A, attributes={"team": "desk"})
    await read(service.provider, "tickets/desk/for-others", min_position=position)
    assert await status(service.client(TEAM_KEY), "tickets/desk/for-others") == 404
