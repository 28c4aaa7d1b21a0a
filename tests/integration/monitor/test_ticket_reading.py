"""Reads of tickets: clocks as of now with the time left, lists by the time left, and explanations of clocks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, finalized, resolved
from tests.support.monitor_service import Service, problem

AGREEMENT = named_id(PROVIDER, "agreement", "reading tickets")


def named(target: dict[str, Any]) -> dict[str, Any]:
    return {**target, "target_id": named_id(PROVIDER, "target", "reading tickets", target["key"])}


P1, P2 = named(resolved(title="P1 in four hours")), named(resolved("PT8H", "P2"))
UPDATE = named({**resolved("PT1H", clock="update"), "key": "updates"})
for _target in (P1, P2, UPDATE):
    _target["applies_to"] = {**_target["applies_to"], "source": ["reading"]}


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.agree(finalized(P1, P2, UPDATE, agreement_id=AGREEMENT, agreement_key="reading tickets"))


def event(ticket: str, name: str, at: str, **more: Any) -> dict[str, Any]:
    named = {"type": "incident", "priority": "P1"} if name == "opened" else {}
    return {"source": "reading", "ticket": ticket, "event": name, "at": f"2026-11-05T{at}:00Z", **named, **more}


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


async def test_a_ticket_carries_its_clocks_with_time_left_and_holder(service: Service) -> None:
    position = await sent(
        service,
        event("whole", "opened", "06:30", attributes={"team": "desk"}),
        event("whole", "assigned", "07:00", attributes={"team": "network"}),
        event("whole", "state_changed", "08:00", state="awaiting_customer"),
        event("whole", "state_changed", "09:00", state="active"),
        event("whole", "agent_replied", "07:30"),
        event("whole", "customer_replied", "09:00"),
    )
    ticket = await read(service.provider, "tickets/reading/whole", min_position=position)
    (clock,) = [each for each in ticket["clocks"] if each["clock"] == "resolution"]
    assert (clock["state"], clock["deadline_at"]) == ("running", "2026-11-05T11:30:00.000000Z")
    assert 5_000 < clock["time_left_seconds"] <= 5_400
    assert clock["time_left_seconds"] + clock["elapsed_service_seconds"] in (14_399, 14_400)
    assert [each["reached"] for each in clock["warnings"]] == [True, False, False]
    assert [each["by"] for each in clock["held"]] == ["desk", "network"]
    assert (ticket["held_by"], ticket["state"], len(ticket["events"])) == ("network", "active", 6)
    assert ticket["exchanges"][0]["answered"] == 1


async def test_tickets_at_risk_come_by_the_time_left_page_by_page(service: Service) -> None:
    opened = [event(f"risk-{n}", "opened", at) for n, at in enumerate(("07:40", "07:00", "07:20", "09:59"))]
    position = await sent(service, *opened, event("risk-2", "resolved", "08:00"))
    found: list[str] = []
    page = await read(
        service.customer, "tickets", at_risk=True, target_id=P1["target_id"], limit=1, min_position=position
    )
    found += [each["number"] for each in page["items"]]
    while page["next"]:
        page = await read(
            service.customer, "tickets", at_risk=True, target_id=P1["target_id"], limit=1, cursor=page["next"]
        )
        found += [each["number"] for each in page["items"]]
    assert [number for number in found if number.startswith("risk-")] == ["risk-1", "risk-0"]
    assert (await read(service.foreigner, "tickets", at_risk=True))["items"] == []


async def test_lists_tell_unmatched_open_and_other_tickets_apart(service: Service) -> None:
    position = await sent(
        service,
        event("list-p9", "opened", "07:00", priority="P9"),
        event("list-open", "opened", "07:00"),
        event("list-ended", "opened", "07:00", priority="P2"),
        event("list-ended", "resolved", "07:30"),
    )

    async def numbers(**params: Any) -> list[str]:
        page = await read(service.provider, "tickets", source="reading", min_position=position, **params)
        return [each["number"] for each in page["items"] if each["number"].startswith("list-")]

    assert await numbers() == ["list-ended", "list-open", "list-p9"]
    assert await numbers(open=False) == ["list-ended"]
    assert await numbers(priority="P1") == ["list-open"]
    p9 = await read(service.provider, "tickets/reading/list-p9")
    assert [each["clock"] for each in p9["clocks"]] == []
    assert await numbers(unmatched=True) == ["list-p9"]


async def test_a_clock_says_why_it_stands_as_it_does(service: Service) -> None:
    position = await sent(
        service,
        event("why", "opened", "04:00", priority="P2", id="e1"),
        event("why", "state_changed", "05:00", state="awaiting_customer", id="e2"),
        event("why", "state_changed", "05:30", state="active", id="e3"),
        event("why", "resolved", "09:00", id="e4"),
    )
    asked = {"source": "reading", "number": "why", "target": P2["key"]}
    told = await read(service.customer, "clocks/explain", **asked, min_position=position)
    assert [(each["kind"], each["length"], each["event_id"]) for each in told["intervals"]] == [
        ("open", "PT1H", "e1"),
        ("paused", "PT30M", "e2"),
        ("open", "PT3H30M", "e3"),
    ]
    assert told["passed_over"] == [{"target_key": P1["key"], "cause": "priority is P2, not P1"}]
    assert (told["verdict"], told["sums"]["open"], told["deadline_at"]) == (
        "met",
        "PT4H30M",
        "2026-11-05T12:30:00.000000Z",
    )
    assert (told["agreement_version"], told["terms"]["objective"]) == (1, P2["objective"])
    answer = await service.customer.get("/api/v1/clocks/explain", params={**asked, "format": "text"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert "2026-11-05 05:00:00  2026-11-05 05:30:00  paused" in answer.text
    assert "[e2]" in answer.text and "passed over: p1-resolution" in answer.text
    assert problem(await service.foreigner.get("/api/v1/clocks/explain", params=asked))["status"] == 404
    for other in ({"target": "none"}, {"number": "none"}, {"source": "none"}):
        assert problem(await service.provider.get("/api/v1/clocks/explain", params=asked | other))["status"] == 404
