"""Tickets sent as their tools show them: durable, once, with clocks to write back; and lists of open ones compared."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, finalized, resolved
from tests.support.monitor_service import Service, problem

AGREEMENT = named_id(PROVIDER, "agreement", "snapshots")
P1 = {**resolved(), "target_id": named_id(PROVIDER, "target", "snapshots", "p1")}
P1["applies_to"] = {"priority": ["P1"], "source": ["tool"]}


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.agree(finalized(P1, agreement_id=AGREEMENT, agreement_key="snapshots"))


def shown(at: str, **more: Any) -> dict[str, Any]:
    opened = {"opened_at": "2026-11-05T07:00:00Z", "type": "incident", "priority": "P1"}
    return {"updated_at": f"2026-11-05T{at}:00Z", **opened, **more}


async def put(service: Service, number: str, snapshot: dict[str, Any]) -> dict[str, Any]:
    answer = await service.provider.put(f"/api/v1/tickets/tool/{number}", json=snapshot)
    assert answer.status_code == 202, answer.text
    document: dict[str, Any] = answer.json()
    return document


def names(answer: dict[str, Any]) -> list[str]:
    return [event["event"] for event in answer["events"]]


async def test_successive_snapshots_imply_each_event_once_and_the_clock_follows(service: Service) -> None:
    first = shown("07:00", state="new", team="desk")
    answers = await asyncio.gather(*(put(service, "INC/1", first) for _ in range(5)))
    assert sorted(names(answer) for answer in answers) == [[], [], [], [], ["opened"]]
    assert names(await put(service, "INC/1", shown("08:00", state="awaiting_customer"))) == ["state_changed"]
    assert names(await put(service, "INC/1", shown("09:00", state="active", team="network"))) == [
        "assigned",
        "state_changed",
    ]
    last = await put(service, "INC/1", shown("09:30", state="active", resolved_at="2026-11-05T09:25:00Z"))
    assert names(last) == ["resolved"]
    again = await put(service, "INC/1", shown("09:30", state="active", resolved_at="2026-11-05T09:25:00Z"))
    assert (again["events"], again["position"]) == ([], last["position"])
    answer = await service.provider.get("/api/v1/tickets/tool/INC/1", params={"min_position": last["position"]})
    ticket = answer.json()
    (clock,) = ticket["clocks"]
    assert (clock["state"], clock["deadline_at"]) == ("met", "2026-11-05T12:00:00.000000Z")
    assert (clock["elapsed_service_seconds"], ticket["held_by"]) == (5_100, "network")


async def previewed(service: Service, number: str, at: str, **more: Any) -> dict[str, Any]:
    attributes = {"type": "incident", "priority": more.pop("priority", "P1")}
    about = {"source": "tool", "number": number, "updated_at": f"2026-11-05T{at}:00Z", "attributes": attributes}
    answer = await service.provider.post("/api/v1/previews/ticket", json={**about, **more})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_a_ticket_that_is_only_shown_has_clocks_and_is_not_kept(service: Service) -> None:
    opened = {"opened_at": "2026-11-05T08:00:00Z"}
    new = await previewed(service, "shown-only", "08:05", state="new", **opened)
    assert [(each["state"], each["deadline_at"]) for each in new["clocks"]] == [
        ("running", "2026-11-05T12:00:00.000000Z")
    ]
    assert new["unmatched_cause"] is None
    other = await previewed(service, "shown-only", "08:05", priority="P4", **opened)
    assert other["clocks"] == [] and "priority is P4" in other["unmatched_cause"]
    done = await previewed(service, "shown-only", "08:05", state="done", state_event="resolved", **opened)
    assert [each["state"] for each in done["clocks"]] == ["met"]
    assert (await service.provider.get("/api/v1/tickets/tool/shown-only")).status_code == 404


async def test_what_is_known_of_a_ticket_counts_in_its_preview(service: Service) -> None:
    await put(service, "paused", shown("07:00", state="new"))
    last = await put(service, "paused", shown("08:00", state="awaiting_customer"))
    await service.provider.get("/api/v1/tickets/tool/paused", params={"min_position": last["position"]})
    goes_on = await previewed(service, "paused", "09:00", state="active", opened_at="2026-11-05T07:00:00Z")
    assert [each["deadline_at"] for each in goes_on["clocks"]] == ["2026-11-05T12:00:00.000000Z"]


async def test_a_preview_of_a_ticket_names_what_is_wrong(service: Service) -> None:
    about = {"source": "tool", "number": "x", "updated_at": "2026-11-05T08:00:00Z"}
    for wrong, field in (
        ({"updated_at": "soon"}, "updated_at"),
        ({"instants": {"resolved": "soon"}}, "instants.resolved"),
        ({"source": "a/b"}, "source"),
    ):
        answer = await service.provider.post("/api/v1/previews/ticket", json={**about, **wrong})
        assert problem(answer)["errors"][0]["field"] == field, (wrong, answer.text)
    assert (await service.operator.post("/api/v1/previews/ticket", json=about)).status_code == 403


async def test_a_snapshot_is_compared_with_events_that_were_sent_too(service: Service) -> None:
    opened = {
        "source": "tool",
        "ticket": "both",
        "event": "opened",
        "at": "2026-11-05T07:00:00Z",
        "priority": "P1",
        "type": "incident",
        "state": "new",
    }
    answer = await service.provider.post("/api/v1/ticket-events", json=[opened])
    position = answer.json()["position"]
    await service.provider.get("/api/v1/tickets/tool/both", params={"min_position": position})
    assert names(await put(service, "both", shown("08:00", state="new"))) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"updated_at": "2026-11-05T09:00:00"}, "updated_at"),
        ({"resolved_at": "soon"}, "resolved_at"),
        ({"updated_at": "2026-11-06T09:00:00Z"}, "at"),
        ({"priority": "P" * 300}, "priority"),
    ],
)
async def test_what_cannot_be_is_a_problem_that_names_the_field(
    service: Service, wrong: dict[str, str], field: str
) -> None:
    answer = await service.provider.put("/api/v1/tickets/tool/wrong", json=shown("08:00") | wrong)
    assert problem(answer)["errors"][0]["field"] == field


async def test_only_those_who_may_send_send_and_only_for_their_party(service: Service) -> None:
    path = "/api/v1/tickets/tool/mine"
    assert problem(await service.viewer.put(path, json=shown("08:00")))["status"] == 403
    assert problem(await service.foreigner.put(path, json=shown("08:00", owner_party_id=PROVIDER)))["status"] == 403
    answer = await service.operator.put(path, json=shown("08:00", owner_party_id=PROVIDER))
    assert answer.status_code == 202


async def test_a_list_of_open_tickets_is_held_against_ours(service: Service) -> None:
    for number in ("open", "gone", "moved"):
        position = (await put(service, f"list-{number}", shown("08:00", state="active")))["position"]
        await service.provider.get(f"/api/v1/tickets/tool/list-{number}", params={"min_position": position})
    listed = [
        {"number": "list-open", "state": "active"},
        {"number": "list-new"},
        {"number": "list-moved", "updated_at": "2026-11-05T09:00:00Z"},
    ]
    answer = await service.provider.post("/api/v1/ticket-reconciliations", json={"source": "tool", "tickets": listed})
    told = answer.json()
    assert told["missing"] == ["list-new"]
    assert [each["number"] for each in told["stale"]] == ["list-moved"]
    assert "list-gone" in [each["number"] for each in told["wrongly_open"]]
