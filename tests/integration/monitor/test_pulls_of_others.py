"""Pulls ask simulations of Jira and Zammad, each in its own language, as they ask ServiceNow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.monitor_service import Service, migrated_database, serving
from tests.support.pull_desk import BASIC, Desk, desk
from tests.support.simulated_jira import SimulatedJira
from tests.support.simulated_tool import SimulatedAnswer, simulated
from tests.support.simulated_zammad import SimulatedZammad


@dataclass
class Case:
    """A simulated tool with its own words; ``numbers`` are the numbers of its tickets."""

    service: Service
    connector: str
    tool: Any
    authentication: dict[str, str]
    waiting: str
    ended: str

    def number(self, place: int) -> str:
        return f"SD-{1000 + place}" if self.connector.startswith("jira") else str(21000 + place)

    def open(self, place: int, second: float) -> None:
        self.tool.open(self.number(place), at(second))

    def known(self) -> dict[str, Any]:
        """Return number → fields of each ticket, as the tool stores them."""
        stored: dict[str, Any] = self.tool.issues if self.connector.startswith("jira") else self.tool.tickets
        return stored

    async def desk(self, source: str, **given: Any) -> Desk:
        fields = {"connector": self.connector, "authentication": self.authentication, **given}
        return await desk(self.service, self.tool, f"{source}-{self.connector}", **fields)


def at(second: float) -> str:
    """Return the time ``second`` seconds after eight o'clock, as both tools write it."""
    whole, thousandths = divmod(round(second * 1_000), 1_000)
    return f"2026-11-05T08:{whole // 60:02}:{whole % 60:02}.{thousandths:03}Z"


@pytest.fixture(scope="module")
async def service(postgres: object) -> AsyncIterator[Service]:
    async with serving(await migrated_database(), allowed_networks="127.0.0.0/8", pull_request_seconds=1.0) as running:
        yield running


@pytest.fixture(params=["jira-service-management", "zammad"])
async def case(service: Service, request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    tools = {
        "jira-service-management": (SimulatedJira(), BASIC, "Waiting for customer", "Resolved"),
        "zammad": (SimulatedZammad(), {"kind": "token"}, "pending reminder", "closed"),
    }
    tool, *words = tools[request.param]
    async with simulated(tool):
        yield Case(service, request.param, tool, *words)


async def test_a_ticket_is_followed_until_its_end(case: Case) -> None:
    case.open(1, 0)
    asked = await case.desk("followed")
    number = case.number(1)
    assert await asked.told(number, 1) == ["opened"]
    case.tool.change(number, at(600), case.waiting)
    assert (await asked.run())["changed"] == 1
    case.tool.change(number, at(900), case.ended)
    assert (await asked.run())["changed"] == 1
    assert (await asked.run())["changed"] == 0
    assert {"resolved", "closed"} & set(await asked.told(number, 4))
    found = await asked.ticket(number)
    assert found["ended_at"] == "2026-11-05T08:15:00.000000Z"


async def test_more_tickets_than_an_answer_holds_are_all_read(case: Case) -> None:
    for place in range(450):
        # The first 230 within one second, as after a mass change.
        case.open(place, 5 if place < 230 else place / 3)
    asked = await case.desk("many")
    runs = await asked.runs()
    assert [each["outcome"] for each in runs] == ["done", "done"]
    assert sum(each["changed"] for each in runs) == 450
    assert len(await asked.told(case.number(449), 1)) == 1
    again = await asked.run("reconciliation")
    assert (again["changed"], again["missing"]) == (0, [])


async def test_the_night_finds_what_is_gone_and_what_ended_unseen(case: Case) -> None:
    for place in range(1, 4):
        case.open(place, place)
    asked = await case.desk("night")
    await asked.told(case.number(3), 1)
    case.tool.change(case.number(1), at(1), case.ended)
    del case.known()[case.number(2)]
    case.tool.hidden.add(case.number(3))
    night = await asked.run("reconciliation")
    assert (night["changed"], night["missing"]) == (1, [case.number(2), case.number(3)])
    assert (await asked.ticket(case.number(1)))["ended_at"] is not None
    assert (await asked.ticket(case.number(2)))["ended_at"] is None


async def test_a_token_of_jira_that_has_ended_loses_nothing(service: Service) -> None:
    async with simulated(SimulatedJira()) as tool:
        asked = await desk(service, tool, "ended-token", connector="jira-service-management")
        for place in range(250):
            tool.open(f"SD-{place:03}", at(7))
        tool.ordered.extend([None, None, SimulatedAnswer(429, {}, {"Retry-After": "1"})])
        assert (await asked.run())["outcome"] == "held"
        tool.token_jql.clear()
        assert (await asked.ended("changes", {each["run_id"] for each in await asked.runs()}))["outcome"] == "failed"
        assert (await asked.run())["outcome"] == "done"
        assert sum(each["changed"] for each in await asked.runs()) == 250
