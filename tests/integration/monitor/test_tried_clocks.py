"""Complaints of other tools' users about clocks of tickets, each asked of the clock preview with the right answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cases.tried import tried
from tests.support.monitor_service import Service


async def clocks(service: Service, targets: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]) -> Any:
    """(target, verdict, start, stop, deadline) of each clock; times as ``DDTHH:MM``."""
    asked = {"targets": [dict(each) for each in targets], "events": [dict(each) for each in events]}
    answer = await service.provider.post("/api/v1/previews/clock", json=asked)
    assert answer.status_code == 200, answer.text
    return [
        (each["target"], each["verdict"], *(_short(each[name]) for name in ("started_at", "stopped_at", "deadline_at")))
        for each in answer.json()["clocks"]
    ]


def _short(instant: str | None) -> str | None:
    return None if instant is None else instant[8:16]


async def test_a_reopened_ticket_keeps_its_response_and_moves_its_resolution(service: Service) -> None:
    case = tried("B02")["input"]
    assert await clocks(service, case["targets"], case["events"]) == [
        ("resp", "met", "23T09:00", "23T09:20", "23T10:00"),
        ("resol", "met", "23T09:00", "24T16:00", "24T16:20"),
    ]


async def test_a_ticket_that_is_simply_solved_has_answered_in_time(service: Service) -> None:
    case = tried("B03")["input"]
    assert await clocks(service, [case["target"]], case["events"]) == [
        ("resp", "met", "23T09:00", "23T09:30", "23T10:00")
    ]


async def test_each_stint_of_a_team_is_judged_by_itself(service: Service) -> None:
    case = tried("B04")["input"]
    assert await clocks(service, [case["target"]], case["events"]) == [
        ("own", "met", "23T09:00", "23T10:00", "23T11:00"),
        ("own", "breached", "23T11:00", "23T14:00", "23T13:00"),
    ]


async def test_a_ticket_created_on_hold_waits_a_closed_one_has_no_clock(service: Service) -> None:
    case = tried("B05")["input"]
    assert await clocks(service, [case["target"]], case["a"]) == [("r", "met", "23T09:00", "23T12:30", "23T13:00")]
    assert await clocks(service, [case["target"]], case["b"]) == [("r", "met", "23T09:00", "23T09:00", "23T10:00")]


async def test_a_response_clock_may_begin_with_the_customers_first_message(service: Service) -> None:
    case = tried("B24")["input"]
    written = dict(case["target"])
    target = {"key": "first", "objective": {"within": written.pop("within")}, **written}
    opened, *others = case["events"]
    events = [{**opened, "type": "incident"}, *others]
    assert await clocks(service, [target], events) == [("first", "met", "23T11:00", "23T11:20", "23T12:00")]
