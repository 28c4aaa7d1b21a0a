"""Lists in the order of urgency, and searched by text, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from slm_chassis.identity import named_id
from slm_events.instants import to_text
from tests.support.monitor import CUSTOMER, HOUR, PROVIDER, available, finalized, resolved
from tests.support.monitor_service import Service

AGREEMENT = named_id(PROVIDER, "agreement", "sorted")
HIDDEN = named_id(PROVIDER, "agreement", "sorted-hidden")
HOURS_DOWN = {"calm": 0, "worried": 4, "lost": 8, "eager": 5}


def target(key: str, space: str = "sorted") -> dict[str, Any]:
    return {
        **available("99", warn_at={"budget_consumed": ["50"]}),
        "key": key,
        "title": f"The {key} one",
        "target_id": named_id(PROVIDER, "target", space, key),
        "indicator": {"owner_party_id": PROVIDER, "key": f"sorted.{key}"},
    }


@pytest.fixture(scope="module", autouse=True)
async def played(service: Service) -> None:
    for key in HOURS_DOWN:
        await service.register(f"sorted.{key}", "availability")
    clock = {**resolved(service_hours="24x7"), "target_id": named_id(PROVIDER, "target", "sorted", "clock")}
    await service.agree(finalized(*map(target, HOURS_DOWN), clock, agreement_id=AGREEMENT, agreement_key="sorted"))
    hidden = [target(key, "sorted-hidden") for key in HOURS_DOWN]
    await service.agree(finalized(*hidden, agreement_id=HIDDEN, agreement_key="sorted-hidden", customer_sees={}))
    now = service.clock.now()
    await service.measure(
        *({"indicator": f"sorted.{key}", "at": "2026-11-01T00:00:00Z", "state": "up"} for key in HOURS_DOWN),
        *(
            {"indicator": f"sorted.{key}", "outage": {"from": to_text(now - (9 * HOUR)), "to": to_text(end)}}
            for key, hours in HOURS_DOWN.items()
            if (end := now - (9 - hours) * HOUR) > now - 9 * HOUR
        ),
    )
    opened = {
        "event": "opened",
        "type": "incident",
        "customer": CUSTOMER,
        "source": "sorted",
        "at": to_text(now - HOUR),
    }
    tickets = [
        {**opened, "ticket": number, "priority": "P1", "at": to_text(now - HOUR)}
        for number in ("ACME-1", "ACME-2", "OTHER_1")
    ]
    sent = await service.provider.post("/api/v1/ticket-events", json=tickets)
    await service.provider.get("/api/v1/targets", params={"min_position": sent.json()["position"]})


async def keys_of(client: Any, **params: Any) -> list[str]:
    """The keys of all pages of a list of targets, two at a time."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get("/api/v1/targets", params={"limit": 2, **params, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [each["key"] for each in page["items"] if each["key"] in HOURS_DOWN]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_the_most_urgent_target_comes_first_on_every_page(service: Service) -> None:
    found = await keys_of(service.provider, sort="urgency", agreement_id=AGREEMENT)
    assert found[0] == "lost" and found[-1] == "calm"
    assert sorted(found) == sorted(HOURS_DOWN)


async def test_the_least_budget_left_comes_first(service: Service) -> None:
    found = await keys_of(service.provider, sort="budget", agreement_id=AGREEMENT)
    assert found == ["lost", "eager", "worried", "calm"]


async def test_the_order_tells_a_customer_nothing_of_hidden_warnings(service: Service) -> None:
    shown = await keys_of(service.provider, sort="urgency", agreement_id=HIDDEN)
    assert shown[0] == "lost" and shown[-1] == "calm"
    found = await keys_of(service.customer, sort="time_left", agreement_id=HIDDEN)
    ids = {key: named_id(PROVIDER, "target", "sorted-hidden", key) for key in HOURS_DOWN}
    assert found == sorted(HOURS_DOWN, key=lambda key: ids[key]), "all are equally near, so their ids decide"


async def test_targets_are_found_by_a_part_of_their_title(service: Service) -> None:
    assert await keys_of(service.provider, q="WORRIED", agreement_id=AGREEMENT) == ["worried"]
    assert await keys_of(service.provider, q="WORRIED", sort="budget", agreement_id=AGREEMENT) == ["worried"]


async def test_tickets_are_found_by_a_part_of_their_number(service: Service) -> None:
    async def numbers(q: str, client: Any) -> list[str]:
        answer = await client.get("/api/v1/tickets", params={"q": q, "source": "sorted"})
        return [each["number"] for each in answer.json()["items"]]

    assert await numbers("acme", service.provider) == ["ACME-1", "ACME-2"]
    assert await numbers("R_1", service.provider) == ["OTHER_1"], "an underscore is no wildcard"
    assert await numbers("acme", service.foreigner) == []


def state_of(target: Mapping[str, Any]) -> str:
    if target["window"] is None:
        return "met" if target["tickets"] and sum(target["tickets"]["states"].values()) else "no_data"
    return str(target["window"]["verdict"])


async def test_targets_are_counted_by_company_as_each_caller_is_shown_them(service: Service) -> None:
    counted_by: dict[str, list[dict[str, Any]]] = {}
    for name in ("provider", "customer", "foreigner", "operator"):
        client = getattr(service, name)
        listed = (await client.get("/api/v1/targets", params={"limit": 1000})).json()["items"]
        counted = counted_by[name] = (await client.get("/api/v1/summary/parties")).json()["items"]
        wanted = Counter(
            (each["provider_party_id"], each["customer_party_id"], count)
            for each in listed
            if each["instance_of"] or not each["terms"].get("group_by")
            for count in ("targets", state_of(each))
        )
        found = {
            (each["provider_party_id"], each["customer_party_id"], count): each[count]
            for each in counted
            for count in ("targets", "breached", "at_risk", "no_data")
        }
        assert {key: number for key, number in found.items() if number} == {
            key: number for key, number in wanted.items() if key[2] != "met"
        }
    ((provider,), (customer,)) = counted_by["provider"], counted_by["customer"]
    assert provider["at_risk"] > customer["at_risk"], "an agreement hides its warnings from the customer"
    assert counted_by["foreigner"] == []


async def test_targets_with_a_company_are_listed(service: Service) -> None:
    assert sorted(await keys_of(service.provider, party_id=CUSTOMER)) == sorted([*HOURS_DOWN, *HOURS_DOWN])
    assert sorted(await keys_of(service.provider, party_id=CUSTOMER, sort="urgency")) == sorted([*HOURS_DOWN] * 2)
    assert await keys_of(service.provider, party_id="nobody") == []
    assert await keys_of(service.foreigner, party_id=CUSTOMER) == []
