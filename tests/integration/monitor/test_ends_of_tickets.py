"""The end of a ticket ends its clocks, a reopening resumes those that it ended, and each stint has its own clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from tests.support.monitor import PROVIDER, finalized, resolved
from tests.support.monitor_service import Service

AGREEMENT = named_id(PROVIDER, "agreement", "ends")


def clock(key: str, kind: str, within: str, priority: str, **more: Any) -> dict[str, Any]:
    """A target as signed terms carry it where its author left everything out that has a default."""
    target = resolved(within, priority, clock=kind, stop=None, pause=["on_hold"], warn_at=None, **more)
    target["applies_to"]["source"] = ["ends"]
    objective = {"within": {"calendar": within}}
    return {**target, "key": key, "title": key, "objective": objective, "target_id": named_id(AGREEMENT, "target", key)}


RESPONSE, RESOLUTION = clock("resp", "response", "PT1H", "P1"), clock("resol", "resolution", "PT8H", "P1")
OWNED = clock("own", "ownership", "PT2H", "P3", start={"event": "assigned", "team": ["tier2"]})
SHARE = {
    **clock("own-share", "ownership", "PT1H", "P9"),
    "aggregation": {"compliance": "own"},
    "clock": None,
    "applies_to": None,
    "objective": {"at_least": "50", "unit": "percent"},
    "window": {"calendar": "day"},
}


SOLVED = {
    **SHARE,
    "key": "solved-share",
    "aggregation": {"compliance": "resol"},
    "target_id": named_id(AGREEMENT, "target", "solved-share"),
}


@pytest.fixture(scope="module", autouse=True)
async def agreed(service: Service) -> None:
    await service.agree(finalized(RESPONSE, RESOLUTION, OWNED, SHARE, SOLVED, agreement_id=AGREEMENT))


def event(ticket: str, name: str, at: str, **more: Any) -> dict[str, Any]:
    said = {"type": "incident", "priority": "P1"} if name == "opened" else {}
    return {"source": "ends", "ticket": ticket, "event": name, "at": f"2026-11-0{at}:00Z", **said, **more}


async def told(service: Service, *events: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Target key → the last clock of the ticket, after these events are evaluated."""
    answer = await service.provider.post("/api/v1/ticket-events", json=list(events))
    assert answer.json()["accepted"] == len(events), answer.text
    ticket = await read(service.provider, f"tickets/ends/{events[0]['ticket']}", min_position=answer.json()["position"])
    return {each["target_key"]: each for each in ticket["clocks"]}


async def read(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def windows_of(service: Service, target: dict[str, Any], holds: Callable[[Any], bool]) -> dict[str, Any]:
    """A target's windows by their ids, once something holds of them; as they are after ten seconds if it does not."""
    for _ in range(100):
        page = await read(service.customer, f"targets/{target['target_id']}/windows")
        windows = {each["window_id"]: each for each in page["items"]}
        if holds(windows):
            break
        await asyncio.sleep(0.1)
    return windows


async def preview(service: Service, events: list[dict[str, Any]], **target: Any) -> dict[str, Any]:
    objective = {"within": target.pop("within")}
    answer = await service.provider.post(
        "/api/v1/previews/clock", json={"targets": [{"objective": objective, **target}], "events": events}
    )
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_a_response_that_was_given_stays_given_when_the_ticket_is_reopened(service: Service) -> None:
    found = await told(
        service,
        event("reopened", "opened", "4T09:00"),
        event("reopened", "first_response", "4T09:20"),
        event("reopened", "resolved", "4T09:40"),
        event("reopened", "reopened", "5T09:00"),
    )
    assert (found["resp"]["state"], found["resp"]["stopped_at"]) == ("met", "2026-11-04T09:20:00.000000Z")
    assert (found["resol"]["state"], found["resol"]["deadline_at"]) == ("running", "2026-11-05T16:20:00.000000Z")
    page = await read(service.provider, "breaches", agreement_id=AGREEMENT)
    assert [each["window_id"] for each in page["items"] if each["window_id"] == "ends/reopened"] == []


async def test_a_response_that_the_resolution_ended_runs_again_until_it_is_given(service: Service) -> None:
    steps = [
        event("unanswered", "opened", "5T08:30"),
        event("unanswered", "resolved", "5T08:40"),
        event("unanswered", "reopened", "5T09:20"),
    ]
    found = await told(service, *steps)
    assert (found["resp"]["state"], found["resp"]["deadline_at"]) == ("running", "2026-11-05T10:10:00.000000Z")
    found = await told(service, event("unanswered", "first_response", "5T09:30"))
    assert (found["resp"]["state"], found["resp"]["stopped_at"]) == ("met", "2026-11-05T09:30:00.000000Z")


@pytest.mark.parametrize("end", ["resolved", "fulfilled", "closed"])
async def test_whatever_ends_a_ticket_ends_its_clocks(service: Service, end: str) -> None:
    number = f"ended-by-{end}"
    found = await told(service, event(number, "opened", "4T09:00"), event(number, end, "4T09:30"))
    assert {each["target_key"]: (each["state"], each["stopped_at"]) for each in found.values()} == {
        "resp": ("met", "2026-11-04T09:30:00.000000Z"),
        "resol": ("met", "2026-11-04T09:30:00.000000Z"),
    }


@pytest.mark.parametrize("state", ["closed", "Resolved"])
async def test_a_ticket_opened_in_an_ended_state_has_no_running_clock(service: Service, state: str) -> None:
    number = f"opened-{state}"
    found = await told(service, event(number, "opened", "4T09:00", state=state))
    assert {each["state"] for each in found.values()} == {"met"}
    ticket = await read(service.provider, f"tickets/ends/{number}")
    assert (ticket["ended_at"], ticket["state"]) == ("2026-11-04T09:00:00.000000Z", state)


async def test_closing_ends_a_clock_whose_written_stop_never_came(service: Service) -> None:
    events = [
        {"event": "opened", "at": "2026-11-04T09:00:00Z", "type": "incident"},
        {"event": "resolved", "at": "2026-11-04T09:10:00Z"},
        {"event": "closed", "at": "2026-11-04T09:30:00Z"},
    ]
    answer = await preview(service, events, clock="response", stop="first_response", within={"calendar": "PT1H"})
    assert [(each["verdict"], each["stopped_at"]) for each in answer["clocks"]] == [
        ("met", "2026-11-04T09:30:00.000000Z")
    ]


async def test_a_message_to_a_ticket_that_has_ended_starts_no_clock(service: Service) -> None:
    events = [
        {"event": "opened", "at": "2026-11-04T09:00:00Z", "type": "incident"},
        {"event": "resolved", "at": "2026-11-04T09:10:00Z"},
        {"event": "customer_replied", "at": "2026-11-04T09:30:00Z"},
    ]
    answer = await preview(service, events, clock="update", within={"calendar": "PT1H"})
    assert [each["verdict"] for each in answer["clocks"]] == ["met"]
    reopened = [*events, {"event": "reopened", "at": "2026-11-04T10:00:00Z"}]
    answer = await preview(service, reopened, clock="update", within={"calendar": "PT1H"})
    assert [each["state"] for each in answer["clocks"]][-1] == "running"


async def test_a_snapshot_that_says_open_again_reopens_the_ticket(service: Service) -> None:
    path = "/api/v1/tickets/ends/snapped"
    base = {"opened_at": "2026-11-05T08:00:00Z", "type": "incident", "priority": "P1"}
    for more in (
        {"updated_at": "2026-11-05T08:10:00Z", "state": "in_progress", "first_response_at": "2026-11-05T08:05:00Z"},
        {"updated_at": "2026-11-05T08:30:00Z", "resolved_at": "2026-11-05T08:30:00Z"},
        {"updated_at": "2026-11-05T09:00:00Z", "state": "in_progress"},
    ):
        answer = await service.provider.put(path, json={**base, **more})
        assert answer.status_code == 202, answer.text
    ticket = await read(service.provider, "tickets/ends/snapped", min_position=answer.json()["position"])
    found = {each["target_key"]: each for each in ticket["clocks"]}
    assert (found["resol"]["state"], found["resol"]["deadline_at"]) == ("running", "2026-11-05T16:30:00.000000Z")
    assert (found["resp"]["state"], ticket["state"], ticket["ended_at"]) == ("met", "in_progress", None)


async def test_every_assignment_to_the_team_is_a_clock_of_its_own(service: Service) -> None:
    number = "stints"
    steps = [event(number, "opened", "4T08:00", priority="P3")]
    for at, team in (("08:10", "tier1"), ("09:00", "tier2"), ("10:00", "tier1"), ("11:00", "tier2")):
        steps.append(event(number, "assigned", f"4T{at}", attributes={"team": team}))
    steps.append(event(number, "assigned", "4T11:30", attributes={"team": "tier2", "assignee": "Ada"}))
    await told(service, *steps, event(number, "resolved", "4T14:00"))
    ticket = await read(service.provider, f"tickets/ends/{number}")
    assert [
        (each["started_at"][11:16], each["state"], each["stopped_at"][11:16], each["ordinal"])
        for each in ticket["clocks"]
    ] == [("09:00", "met", "10:00", 0), ("11:00", "completed_late", "14:00", 1)]
    (breach,) = [
        each
        for each in (await read(service.provider, "breaches", agreement_id=AGREEMENT))["items"]
        if each["window_id"] == f"ends/{number}"
    ]
    assert (breach["certain_at"], breach["ordinal"]) == ("2026-11-04T13:00:00.000000Z", 1)


async def test_a_ticket_counts_once_and_is_missed_if_one_stint_was(service: Service) -> None:
    def stint(number: str, team: str, at: str) -> dict[str, Any]:
        return event(number, "assigned", at, attributes={"team": team})

    for number, second_end in (("kept", "3T12:00"), ("late", "3T14:00")):
        await told(
            service,
            event(number, "opened", "2T08:00", priority="P3"),
            stint(number, "tier2", "2T09:00"),
            stint(number, "tier1", "2T10:00"),
            stint(number, "tier2", "3T11:00"),
            event(number, "resolved", second_end),
        )
    windows = await windows_of(service, SHARE, lambda found: found.get("2026-11-03", {}).get("total") == 2)
    assert windows.get("2026-11-03", {}).get("total") == 2
    assert (windows["2026-11-03"]["good"], windows["2026-11-03"]["total"]) == (1, 2)
    assert windows.get("2026-11-02", {"total": 0})["total"] == 0
    tickets = (await read(service.provider, f"targets/{OWNED['target_id']}"))["tickets"]
    assert (tickets["judged"], tickets["met"], tickets["states"]) == (3, 1, {"completed_late": 2, "met": 1})


@pytest.mark.parametrize("early", ["first_response", "assigned", "resolved", "closed"])
async def test_a_ticket_with_events_before_its_opening_is_not_evaluated(service: Service, early: str) -> None:
    number = f"inconsistent-{early}"
    position = (
        await service.provider.post(
            "/api/v1/ticket-events",
            json=[
                event(number, "opened", "1T09:00"),
                event(number, early, "1T08:59"),
            ],
        )
    ).json()["position"]
    for client in (service.provider, service.customer):
        ticket = await read(client, f"tickets/ends/{number}", min_position=position)
        assert ticket["clocks"] == []
        assert early in ticket.get("inconsistent", "") and "before its opening" in ticket["inconsistent"]
        page = await read(client, "tickets", source="ends", inconsistent=True)
        assert number in {each["number"] for each in page["items"]}
    assert number not in (await service.customer.get("/api/v1/clocks")).text


async def test_the_breach_of_an_inconsistent_ticket_is_withdrawn_with_that_cause(service: Service) -> None:
    number = "refuted"
    await told(service, event(number, "opened", "1T09:00", id="o"))
    path = f"targets/{RESOLUTION['target_id']}"
    before = (await read(service.provider, path))["tickets"]
    position = (
        await service.provider.post("/api/v1/ticket-events", json=[event(number, "resolved", "1T08:00")])
    ).json()["position"]
    ticket = await read(service.provider, f"tickets/ends/{number}", min_position=position)
    assert ticket["clocks"] == []
    page = await read(service.provider, "breaches", agreement_id=AGREEMENT, limit=200)
    standing = {each["standing"] for each in page["items"] if each["window_id"] == f"ends/{number}"}
    assert standing == {False}
    after = (await read(service.provider, path))["tickets"]
    assert (after["judged"], after["inconsistent"]) == (before["judged"] - 1, before["inconsistent"] + 1)


async def test_a_window_says_how_many_of_its_tickets_are_in_no_figure(service: Service) -> None:
    day = "2T20:00"
    await told(service, event("in-figure", "opened", day), event("in-figure", "resolved", "2T20:10"))
    await told(service, event("in-none", "opened", day), event("in-none", "resolved", "2T19:59"))

    def says_so(found: dict[str, Any]) -> bool:
        return bool(found.get("2026-11-02", {}).get("detail", {}).get("inconsistent_tickets"))

    windows = await windows_of(service, SOLVED, says_so)
    detail = windows["2026-11-02"]["detail"]
    assert detail.get("inconsistent_tickets") == 1
    assert (detail["inconsistent_tickets"], detail["coverage_percent"]) == (1, "50/1")
    path = f"targets/{SOLVED['target_id']}/explain"
    assert (await read(service.customer, path, window="2026-11-02"))["derivation"]["sums"]["inconsistent"] == 1


async def test_waiting_after_the_deadline_is_left_out_of_the_net_elapsed_time(service: Service) -> None:
    number = "late-waiting"
    found = await told(
        service,
        event(number, "opened", "3T00:00"),
        event(number, "state_changed", "3T01:00", state="on_hold"),
        event(number, "state_changed", "3T02:00", state="active"),
        event(number, "state_changed", "3T10:00", state="on_hold"),
        event(number, "state_changed", "3T13:00", state="active"),
        event(number, "resolved", "3T14:00"),
    )
    resolution = found["resol"]
    assert (resolution["deadline_at"], resolution["state"]) == ("2026-11-03T09:00:00.000000Z", "completed_late")
    assert resolution["elapsed_calendar_seconds"] == 13 * 3600
    assert resolution.get("net_calendar_seconds") == 10 * 3600


async def test_a_preview_says_that_a_start_stops_its_clock(service: Service) -> None:
    opened = [{"event": "opened", "at": "2026-11-04T09:00:00Z", "type": "incident"}]
    answer = await preview(service, opened, clock="response", start="first_response", within={"calendar": "PT1H"})
    assert answer["clocks"] == []
    assert [(each["field"], each["severity"]) for each in answer.get("findings", [])] == [("targets[0].start", "slip")]
    owned = {"start": {"event": "assigned", "team": ["tier2"]}, "within": {"calendar": "PT2H"}}
    assert (await preview(service, opened, clock="ownership", **owned))["findings"] == []
