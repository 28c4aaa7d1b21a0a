"""Whatever changes while a tool is read: every change that is shown is read, and the reading comes to an end."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from slm_chassis.asked_waits import asked_wait, wait_after_last
from slm_chassis.clock import SECOND
from slm_events.instants import from_text
from slm_monitor.domain.pulls.dialects import Dialect, Question, ToolAnswer, UnreadableAnswer, advance
from slm_monitor.domain.pulls.jira import Jira
from slm_monitor.domain.pulls.pulls import Position
from slm_monitor.domain.pulls.schedule import LONGEST_PAUSE, next_reconciliation, pause_after
from slm_monitor.domain.pulls.servicenow import ServiceNow
from slm_monitor.domain.pulls.zammad import Zammad
from tests.support.simulated_jira import SEARCH as ISSUES
from tests.support.simulated_jira import SimulatedJira
from tests.support.simulated_servicenow import TABLE, SimulatedServiceNow
from tests.support.simulated_tool import PASSWORD, USER, SimulatedRequest, SimulatedTool
from tests.support.simulated_zammad import SEARCH as TICKETS
from tests.support.simulated_zammad import SimulatedZammad

START = from_text("2026-11-05T08:00:00Z")
BASIC = {"authorization": "Basic c2xtLnJlYWRlcjp0aGUgcGFzc3dvcmQgdGhhdCBub2JvZHkgbWF5IHNlZQ=="}
MOST_QUESTIONS = 400


def question(size: int) -> Question:
    return Question("/search", (), "", "active=true", size, from_text("2026-11-05T10:00:00Z"))


def clock(second: int) -> str:
    return f"2026-11-05 08:{second // 60:02}:{second % 60:02}"


@dataclass
class Reading:
    """A tool, and what was read of it: number → when the ticket had last changed."""

    dialect: Dialect
    tool: SimulatedTool
    path: str
    headers: dict[str, str]
    read: dict[str, int | None] = field(default_factory=dict)
    questions: int = 0

    def changes(self, since: Position, size: int) -> None:
        position, given = since, replace(question(size), path=self.path)
        while True:
            self.questions += 1
            assert self.questions < MOST_QUESTIONS, "the reading does not come to an end"
            asked = self.dialect.changed(given, position)
            request = SimulatedRequest("GET", asked.path, asked.parameters, self.headers, "")
            self.tool.before(request)
            found = self.tool.answer(request)
            assert found.status == 200, found
            headers = {name.lower(): value for name, value in found.headers.items()}
            page = self.dialect.read(ToolAnswer(found.document, headers), given, position)
            self.read |= {row.number: row.updated_at for row in page.rows}
            following = advance(self.dialect, given, position, page)
            if following is None:
                return
            position = following


def of_servicenow(tool: SimulatedServiceNow) -> Reading:
    return Reading(ServiceNow(), tool, TABLE, BASIC)


def test_the_credentials_are_those_of_the_simulation() -> None:
    assert SimulatedRequest("GET", TABLE, {}, BASIC, "").is_by(USER, PASSWORD)


@pytest.mark.parametrize("seed", range(60))
def test_tickets_that_change_while_they_are_read_are_not_skipped(seed: int) -> None:
    chance = random.Random(seed)
    tool = SimulatedServiceNow()
    for number in range(chance.randrange(1, 60)):
        # Few different seconds: mass changes put more tickets into one second than an answer holds.
        tool.open(f"INC{number:04}", clock(chance.randrange(1, chance.choice([2, 6, 60]))))
    tool.hidden = {number for number in tool.rows if chance.random() < chance.choice([0, 0.3, 0.9])}
    now = [60]

    def disturb(request: SimulatedRequest) -> None:
        if now[0] < 90 and chance.random() < 0.7:
            for number in chance.sample(sorted(tool.rows), min(len(tool.rows), chance.randrange(1, 6))):
                tool.change(number, clock(now[0]), state="2")
            # A change within a second that is just being read is found by the overlap.
            now[0] += 1

    tool.before = disturb
    reading = of_servicenow(tool)
    reading.changes(Position(START), size=chance.choice([1, 2, 3, 7]))
    wanted = {number: of_text(row["sys_updated_on"]) for number, row in tool.rows.items() if number not in tool.hidden}
    assert {number: at for number, at in reading.read.items() if number in wanted} == wanted


def of_text(shown: str) -> int:
    return from_text(shown.replace(" ", "T") + "Z")


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("of_jira", [True, False])
def test_tickets_of_others_that_change_while_they_are_read_are_not_skipped(seed: int, of_jira: bool) -> None:
    chance = random.Random(seed)
    jira, zammad = SimulatedJira(now=lambda: datetime(2026, 11, 5, 10, tzinfo=UTC)), SimulatedZammad()
    tool: SimulatedJira | SimulatedZammad = jira if of_jira else zammad
    stored: dict[str, dict[str, Any]] = jira.issues if of_jira else zammad.tickets
    step = chance.choice([0, 1, 70])

    def at(number: int) -> str:
        whole = number * step
        return f"2026-11-05T{8 + whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.000Z"

    for number in range(chance.randrange(1, 50)):
        tool.open(str(100 + number), at(number))
    changes = [0]

    def disturb(request: SimulatedRequest) -> None:
        if changes[0] < 20 and chance.random() < 0.7:
            changes[0] += 1
            tool.change(chance.choice(sorted(stored)), at(50 + changes[0]), "Open" if of_jira else "open")

    tool.before = disturb
    path, proof = (ISSUES, BASIC) if of_jira else (TICKETS, {"authorization": f"Token token={PASSWORD}"})
    reading = Reading(Jira() if of_jira else Zammad(), tool, path, proof)
    reading.changes(Position(START), size=chance.choice([1, 2, 3, 7]))
    wanted = {
        number: from_text(each["updated_at" if not of_jira else "updated"].replace(".000", ""))
        for number, each in stored.items()
    }
    assert reading.read == wanted


def test_a_mass_change_within_one_second_costs_one_question_for_each_answer() -> None:
    tool = SimulatedServiceNow()
    for number in range(1_000):
        tool.open(f"INC{number:04}", clock(5))
    reading = of_servicenow(tool)
    reading.changes(Position(START), size=100)
    assert len(reading.read) == 1_000
    assert reading.questions <= 13


@pytest.mark.parametrize("document", [None, [], {"result": 3}, {"result": ["x"]}, {"error": {"message": "no"}}])
def test_another_answer_than_that_of_the_api_is_said_to_be_one(document: object) -> None:
    with pytest.raises(UnreadableAnswer):
        ServiceNow().read(ToolAnswer(document, {}), question(10), Position(START))


def test_rows_that_the_account_may_not_see_hide_none_that_it_may() -> None:
    tool = SimulatedServiceNow()
    for number in range(300):
        tool.open(f"INC{number:04}", clock(number))
    tool.hidden = set(tool.rows) - {"INC0299"}
    reading = of_servicenow(tool)
    reading.changes(Position(START), size=10)
    assert list(reading.read) == ["INC0299"]
    assert reading.questions <= 8
    for number in range(300, 10_400):
        tool.open(f"INC{number:04}", clock(number % 3_600))
    tool.hidden = set(tool.rows)
    with pytest.raises(UnreadableAnswer, match="give the pull a filter"):
        of_servicenow(tool).changes(Position(START), size=10)


def test_a_filter_cannot_reach_beyond_its_condition() -> None:
    given = Question(TABLE, (), "priority=1^ORpriority=2", "active=true", 10, START)
    query = ServiceNow().changed(given, Position(START)).parameters["sysparm_query"]
    assert query.startswith("priority=1^ORpriority=2^sys_updated_on>=")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17),
        ({"retry-after": "Thu, 05 Nov 2026 08:02:00 GMT"}, 120),
        ({"retry-after": "Thu, 05 Nov 2026 07:00:00 GMT"}, 0),
        ({"x-ratelimit-reset": "1793865690"}, 90),
        ({"x-ratelimit-reset": "2026-11-05T08:03Z"}, 180),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 50}, None),
        ({}, None),
    ],
)
def test_a_tool_says_how_long_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    assert asked_wait(headers, START) == (None if seconds is None else seconds * SECOND)


def test_the_last_request_that_is_left_is_noticed() -> None:
    reset = {"x-ratelimit-reset": "1793865690"}
    assert wait_after_last({"x-ratelimit-remaining": "0", **reset}, START) == 90 * SECOND
    assert wait_after_last({"x-ratelimit-remaining": "1", **reset}, START) is None
    assert wait_after_last(reset, START) is None


def test_the_night_is_that_of_the_zone_also_when_clocks_change() -> None:
    def after(at: str) -> int:
        return next_reconciliation("02:30", "Europe/Berlin", from_text(at))

    assert after("2026-11-05T08:00:00Z") == from_text("2026-11-06T01:30:00Z")
    assert after("2026-07-05T00:29:59Z") == from_text("2026-07-05T00:30:00Z")
    assert after("2026-07-05T00:30:00Z") == from_text("2026-07-06T00:30:00Z")
    # 02:30 does not exist on 28 March 2027: the clocks go from 02:00 to 03:00.
    assert after("2027-03-27T12:00:00Z") == from_text("2027-03-28T01:30:00Z")


def test_pauses_grow_and_have_a_longest() -> None:
    pauses = [pause_after(failures, 1.0) for failures in range(1, 30)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (30 * SECOND, LONGEST_PAUSE)
