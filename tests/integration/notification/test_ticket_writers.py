"""Ticket writers: figures reach the tool by its own API, once for each change, and nothing else ever does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from slm_chassis.clock import SECOND
from slm_notification.application.clock_hearing import SETTLE
from slm_notification.application.ticket_sending import WritingLimits
from tests.integration.notification.conftest import CUSTOMER, PROVIDER, Service
from tests.integration.notification.writing import (
    CANCELLED,
    FIELDS,
    LATER,
    MOVED,
    NOON,
    OTHER_TARGET,
    PAUSED,
    RESUMED,
    REVISED,
    SECRET,
    STARTED,
    STOPPED,
    WITHDRAWN,
    WRITERS,
    body,
    make,
    settled,
    status,
    tell,
    tell_breach,
    write,
    writes,
    zammad,
)
from tests.support.service import until
from tests.support.ticket_tool import ToolCall, ticket_tool


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"attempt_seconds": 2.0, "first_retry_seconds": 0.05}


DIALECTS: dict[str, dict[str, Any]] = {
    "zammad": {
        "number": "21007",
        "given": {"authentication": {"kind": "token"}, "fields": FIELDS},
        "authorization": f"Token token={SECRET}",
        "fields": {"slm_due_at": "2026-11-05T23:30:00.000Z", "slm_state": "running", "slm_breached": False},
        "calls": [
            ("GET", "/api/v1/tickets/search?query=number%3A%2821007%29&expand=true&limit=1"),
            ("PUT", "/api/v1/tickets/4000"),
        ],
    },
    "servicenow": {
        "number": "INC0010042",
        "given": {
            "authentication": {"kind": "basic", "user": "slm"},
            "fields": {"due_at": "due_date", "state": "u_slm_state", "breached": "u_slm_breached"},
        },
        "authorization": "Basic c2xtOnRoZS1zZWNyZXQtdGhhdC1ub2JvZHktbWF5LXNlZQ==",
        "fields": {"due_date": "2026-11-05 23:30:00", "u_slm_state": "running", "u_slm_breached": "false"},
        "calls": [
            (
                "GET",
                "/api/now/table/task?sysparm_query=numberININC0010042"
                "&sysparm_fields=sys_id%2Cnumber%2Csys_class_name&sysparm_limit=1",
            ),
            ("PATCH", "/api/now/table/incident/4000?sysparm_fields=due_date%2Cu_slm_state%2Cu_slm_breached"),
        ],
    },
    "jira-service-management": {
        "number": "SD-17",
        "given": {
            "authentication": {"kind": "basic", "user": "bot@acme.example"},
            "fields": {"due_at": "duedate", "state": "customfield_10051", "breached": "customfield_10052"},
            "time_zone": "Europe/Berlin",
        },
        "authorization": "Basic Ym90QGFjbWUuZXhhbXBsZTp0aGUtc2VjcmV0LXRoYXQtbm9ib2R5LW1heS1zZWU=",
        # Half past eleven at night in UTC is the next day in Berlin.
        "fields": {"duedate": "2026-11-06", "customfield_10051": "running", "customfield_10052": "no"},
        "calls": [("PUT", "/rest/api/2/issue/SD-17")],
    },
}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_tool_gets_what_its_api_wants(service: Service, dialect: str) -> None:
    case = DIALECTS[dialect]
    async with ticket_tool(dialect, case["authorization"], set(case["fields"])) as tool:
        tool.add(case["number"])
        await make(service, tool, **case["given"])
        await tell(service, STARTED, case["number"], deadline_at=LATER)
        await write(service)
        ticket = tool.tickets[case["number"]]
        assert {name: ticket.get(name) for name in case["fields"]} == case["fields"]
        assert [(each.method, each.target) for each in tool.calls] == case["calls"]
        [row] = await writes(service)
        assert (row["state"], row["ticket"], row["problem"]) == ("written", case["number"], "")
        # The tool's own id of the ticket is asked for once.
        await tell(service, MOVED, case["number"], deadline_at=NOON)
        await write(service)
        assert [(each.method, each.target) for each in tool.calls][len(case["calls"]) :] == case["calls"][-1:]


async def test_a_ticket_is_followed_from_start_to_end(service: Service) -> None:
    async with zammad("21007") as tool:
        await make(service, tool)

        async def shown(*expected: Any) -> None:
            await write(service)
            assert tuple(tool.tickets["21007"].get(name) for name in FIELDS.values()) == expected

        noon, later = "2026-11-05T12:00:00.000Z", "2026-11-05T23:30:00.000Z"
        await tell(service, STARTED)
        await shown(noon, "running", False)
        await tell(service, PAUSED, state="paused")
        await shown(noon, "paused", False)
        await tell(service, RESUMED, deadline_at=LATER)
        await shown(later, "running", False)
        await tell_breach(service)
        await shown(later, "breached", True)
        await tell_breach(service, WITHDRAWN)
        await shown(later, "running", False)
        await tell_breach(service, REVISED)
        await shown(later, "breached", True)
        await tell(service, STOPPED, state="completed_late", deadline_at=LATER)
        await shown(later, "completed_late", True)
        await tell(service, CANCELLED, state="cancelled", deadline_at=None)
        await shown(None, "cancelled", False)
        assert len(tool.calls) == 1 + 8


async def test_what_comes_together_is_one_request_and_what_is_the_same_none(service: Service) -> None:
    async with zammad("21007") as tool:
        await make(service, tool)
        await tell(service, STARTED)
        await tell(service, MOVED, deadline_at=LATER)
        await tell(service, STARTED, target_id=OTHER_TARGET, deadline_at=NOON, clock="response")
        await write(service)
        assert tool.changes == {"21007": 1} and tool.tickets["21007"]["slm_due_at"] == "2026-11-05T12:00:00.000Z"
        # Told again, and a later deadline moved: the ticket says the same.
        await tell(service, MOVED, deadline_at="2026-11-06T09:00:00.000000Z")
        await tell(service, "slm.monitor.clock-warned.v1", target_id=OTHER_TARGET, clock="response")
        await write(service)
        assert tool.changes == {"21007": 1}


@pytest.mark.parametrize(
    "foreign",
    [
        {"sent_by": "customer"},
        {"sent_by": None},
        {"source": "another"},
        {"provider_party_id": CUSTOMER, "customer_party_id": PROVIDER},
    ],
)
async def test_another_partys_ticket_with_the_same_number_is_left_alone(
    service: Service, foreign: dict[str, Any]
) -> None:
    async with zammad("21007") as tool:
        await make(service, tool)
        await tell(service, STARTED, **foreign)
        await write(service)
        assert tool.calls == [] and await writes(service) == []


async def test_a_breach_of_another_partys_ticket_is_not_that_of_ours(service: Service) -> None:
    async with zammad("21007") as tool:
        await make(service, tool)
        await tell(service, STARTED)
        await tell_breach(service, sent_by="customer")
        await write(service)
        assert tool.tickets["21007"]["slm_breached"] is False
        await tell_breach(service)
        await write(service)
        assert tool.tickets["21007"]["slm_breached"] is True


async def test_a_new_writer_writes_the_open_tickets_and_no_closed_one(service: Service) -> None:
    async with zammad("1", "2", "3") as tool:
        await tell(service, STARTED, "1")
        await tell(service, STARTED, "2")
        await tell(service, STOPPED, "2", state="met")
        made = await make(service, tool)
        await tell(service, STARTED, "3", state="met")  # as history that is imported
        await write(service)
        assert tool.changes == {"1": 1}
        # Other fields: everything that is open is written again.
        changed = body(tool, fields={"due_at": "slm_due_at"}, secret=None)
        path = f"{WRITERS}/{made['writer_id']}"
        answer = await service.ask("provider", "PUT", path, json=changed, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        await write(service)
        assert tool.changes == {"1": 2} and tool.calls[-1].body == {"slm_due_at": "2026-11-05T12:00:00.000Z"}


async def test_a_tool_that_is_away_gets_the_latest_and_one_request_at_a_time(service: Service) -> None:
    async with zammad("1", "2", "3") as tool:
        made = await make(service, tool)
        await tool.stop()
        for number in ("1", "2", "3"):
            await tell(service, STARTED, number)
        await write(service)
        shown = await status(service, made)
        assert shown["waiting"] == 3 and shown["failing_since"] and shown["problem"].startswith("No connection")
        for number in ("1", "2", "3"):
            await tell(service, PAUSED, number, state="paused")
            await tell(service, RESUMED, number, deadline_at=LATER)
        await tool.start()
        await until(lambda: settled(service, made))
        assert tool.changes == {"1": 1, "2": 1, "3": 1}
        assert {each["slm_due_at"] for each in tool.tickets.values()} == {"2026-11-05T23:30:00.000Z"}
        assert (await status(service, made))["problem"] == ""


async def test_a_change_back_is_written_if_the_answer_to_the_change_was_lost(service: Service) -> None:
    async with zammad("21007") as tool:
        made = await make(service, tool)
        await tell(service, STARTED)
        await write(service)

        def lost(call: ToolCall) -> int:
            tool.tickets["21007"].update(call.body)
            return 502

        tool.fault = lost
        await tell(service, MOVED, deadline_at=LATER)
        await write(service)
        assert tool.tickets["21007"]["slm_due_at"] == "2026-11-05T23:30:00.000Z"
        tool.fault = None
        await tell(service, MOVED)
        await until(lambda: settled(service, made))
        assert tool.tickets["21007"]["slm_due_at"] == "2026-11-05T12:00:00.000Z"


@pytest.mark.parametrize("code", [409, 412, 423])
async def test_a_conflict_is_tried_again(service: Service, code: int) -> None:
    async with zammad("21007") as tool:
        made = await make(service, tool)
        left = [code, code]
        tool.fault = lambda call: left.pop() if left and call.method == "PUT" else None
        await tell(service, STARTED)
        await until(lambda: settled(service, made))
        assert tool.changes == {"21007": 1} and (await status(service, made))["failing_since"] is None


async def test_a_tool_that_has_had_enough_is_left_alone_as_long_as_it_asks(service: Service) -> None:
    numbers = [str(each) for each in range(30)]
    async with zammad(*numbers, limit_seconds=2.0) as tool:
        made = await make(service, tool)
        for number in numbers:
            await tell(service, STARTED, number)
        tool.fault = lambda call: 429 if call.method == "PUT" else None
        await write(service)
        # What was on its way together has come, and nothing for the other tickets.
        refused = sum(each.status == 429 for each in tool.calls)
        assert 1 <= refused <= WritingLimits().parallel and len(tool.calls) == 1 + refused
        tool.fault = None
        await until(lambda: settled(service, made), 20.0)
        # The next one waits for as long as the tool asked; the first pause after a failure is a fortieth of that.
        assert tool.called_at[1 + refused] - tool.called_at[refused] >= 1.8
        assert tool.changes == dict.fromkeys(numbers, 1) and len(tool.calls) == 1 + refused + len(numbers)


async def test_what_the_tool_refuses_is_given_up_until_it_changes(service: Service) -> None:
    async with zammad("21007") as tool:
        made = await make(service, tool)
        tool.fault = lambda call: 403 if call.method == "PUT" else None
        await tell(service, STARTED)
        await write(service)
        [row] = await writes(service, state="failed")
        assert (row["status"], "may not change" in row["problem"]) == (403, True)
        assert (await status(service, made))["failed"] == 1
        await write(service)
        assert len(tool.calls) == 2
        tool.fault = None
        again = await service.ask("provider", "POST", f"{WRITERS}/{made['writer_id']}/rewrites")
        assert (again.status_code, again.json()["tickets"]) == (202, 1)
        await write(service)
        assert tool.changes == {"21007": 1}


async def test_a_ticket_that_the_tool_does_not_show_is_looked_for_a_few_times(service: Service) -> None:
    async with zammad() as tool:
        await make(service, tool)
        await tell(service, STARTED)

        async def given_up() -> bool:
            await write(service)
            return bool(await writes(service, state="failed"))

        await until(given_up)
        assert [each.method for each in tool.calls] == ["GET"] * 4
        assert (await writes(service))[0]["status"] == 404
        # A number that no ticket of the tool can have is not even asked for: it could be another query.
        await tell(service, STARTED, "1) OR (state:new")
        await write(service)
        assert len(tool.calls) == 4 and len(await writes(service, state="failed")) == 2


async def test_a_field_that_the_tool_ignores_is_told(service: Service) -> None:
    async with zammad("21007") as tool:
        tool.known = {"slm_due_at"}
        await make(service, tool)
        await tell(service, STARTED)
        await write(service)
        [row] = await writes(service)
        assert row["state"] == "failed" and "no field slm_state, slm_breached" in row["problem"]


async def test_a_loop_is_braked(service: Service) -> None:
    async with zammad("21007") as tool:
        await make(service, tool)
        for step in range(40):
            await tell(service, MOVED, deadline_at=f"2026-11-05T12:{step:02}:00.000000Z")
            await write(service)
        # Neither is it written when the short wait for further changes is over.
        await asyncio.sleep(1.2 * SETTLE / SECOND)
        await write(service)
        assert tool.changes == {"21007": 30}
        [row] = await writes(service)
        assert (row["state"], "within an hour" in row["problem"]) == ("waiting", True)
        assert row["figures"]["due_at"] == "2026-11-05T12:39:00.000000Z"


async def test_a_number_that_the_search_refuses_hinders_no_other(service: Service) -> None:
    numbers = ("1", "2", "3-x", "4")
    async with zammad(*numbers) as tool:
        made = await make(service, tool)
        tool.fault = lambda call: 422 if call.method == "GET" and "3-x" in call.target else None
        for number in numbers:
            await tell(service, STARTED, number)
        await until(lambda: settled(service, made))
        assert tool.changes == {"1": 1, "2": 1, "4": 1}
        [row] = await writes(service, state="failed")
        assert (row["ticket"], row["status"]) == ("3-x", 422)
        assert (await status(service, made))["failing_since"] is None
