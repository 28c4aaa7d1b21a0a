"""Pulls on a real database ask a simulated ServiceNow: nothing is lost, doubled, shown to others or asked too soon."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from slm_events.instants import from_text
from slm_monitor.application.pulls.taking import ReadTickets, TicketReader
from slm_monitor.domain.pulls.pulls import Pull
from tests.support.monitor_service import Service, migrated_database, problem, serving
from tests.support.pull_desk import BASIC, PULLS, Document, desk
from tests.support.simulated_servicenow import SimulatedServiceNow
from tests.support.simulated_tool import PASSWORD, USER, SimulatedAnswer, simulated


@pytest.fixture(scope="module")
async def service(postgres: object) -> AsyncIterator[Service]:
    async with serving(await migrated_database(), allowed_networks="127.0.0.0/8", pull_request_seconds=1.0) as running:
        yield running


@pytest.fixture
async def tool() -> AsyncIterator[SimulatedServiceNow]:
    async with simulated(SimulatedServiceNow()) as running:
        yield running


async def test_a_ticket_is_followed_and_asking_again_changes_nothing(
    service: Service, tool: SimulatedServiceNow
) -> None:
    tool.open("INC1", "2026-11-05 08:00:00")
    asked = await desk(service, tool, "followed")
    assert await asked.told("INC1", 1) == ["opened"]
    tool.change("INC1", "2026-11-05 08:30:00", state="3", hold_reason="1")
    assert (await asked.run())["changed"] == 1
    tool.change("INC1", "2026-11-05 09:15:00", state="6")
    assert (await asked.run())["changed"] == 1
    again = await asked.run()
    assert (again["outcome"], again["tickets"], again["changed"]) == ("done", 1, 0)
    found = await asked.ticket("INC1")
    assert sorted(await asked.told("INC1", 4)) == ["opened", "resolved", "state_changed", "state_changed"]
    assert (found["state"], found["priority"], found["held_by"]) == ("resolved", "P2", "Messaging")
    assert (await asked.state())["read_until"] == "2026-11-05T09:13:00.000000Z"


async def test_two_changes_within_one_second_are_both_seen(service: Service, tool: SimulatedServiceNow) -> None:
    tool.open("INC1", "2026-11-05 08:00:00")
    asked = await desk(service, tool, "same-second")
    for state in ("2", "3"):
        tool.change("INC1", "2026-11-05 08:30:00", state=state)
        assert (await asked.run())["changed"] == 1
    assert await asked.told("INC1", 3) == ["opened", "state_changed", "state_changed"]


async def test_a_tool_that_asks_to_wait_is_not_asked_and_then_where_it_stopped(
    service: Service, tool: SimulatedServiceNow
) -> None:
    asked = await desk(service, tool, "waits")
    for number in range(250):
        tool.open(f"INC{number:03}", f"2026-11-05 08:{number // 60:02}:{number % 60:02}")
    tool.asked.clear()
    tool.ordered.extend([None, SimulatedAnswer(429, {}, {"Retry-After": "3"})])
    held = await asked.run()
    assert (held["outcome"], held["requests"], held["tickets"]) == ("held", 2, 100)
    assert (await asked.state())["waits_for_tool"] is True
    # Nobody can hurry it: the tool refuses whoever asks too soon, and some then refuse for longer.
    await service.provider.post(f"{asked.path}/runs", json={})
    before = len(tool.asked)
    await asyncio.sleep(1.5)
    assert len(tool.asked) == before == 2
    ended = await asked.ended("changes", {each["run_id"] for each in await asked.runs()})
    assert (ended["outcome"], ended["requests"]) == ("done", 2)
    assert "2026-11-05 08:01:39" in tool.asked[2].parameters["sysparm_query"]
    assert (await asked.state())["waits_for_tool"] is False


async def test_the_last_request_that_a_tool_allows_is_the_last(service: Service, tool: SimulatedServiceNow) -> None:
    asked = await desk(service, tool, "counts")
    for number in range(150):
        tool.open(f"INC{number:03}", f"2026-11-05 08:{number // 60:02}:{number % 60:02}")
    first = tool.select("sys_updated_on>=2026-11-05 07:00:00^ORDERBYsys_updated_on^ORDERBYsys_id")[:100]
    rows = [{name: {"value": value, "display_value": value} for name, value in row.items()} for row in first]
    limits = {"X-Total-Count": "150", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2"}
    tool.ordered.append(SimulatedAnswer(200, {"result": rows}, limits))
    held = await asked.run()
    assert (held["outcome"], held["requests"], held["tickets"]) == ("held", 1, 100)
    ended = await asked.ended("changes", {each["run_id"] for each in await asked.runs()})
    assert (ended["outcome"], ended["tickets"]) == ("done", 51)


async def test_a_tool_that_fails_or_is_away_is_asked_less_and_less(service: Service, tool: SimulatedServiceNow) -> None:
    asked = await desk(service, tool, "away")
    tool.ordered.append(SimulatedAnswer(500, {"error": "x"}))
    failed = await asked.run()
    assert (failed["outcome"], failed["problem"]) == ("failed", "The tool failed (status 500).")
    await tool.stop()
    assert (await asked.run())["problem"].startswith("No connection")
    state = await asked.state()
    now = (await asked.runs())[0]["ended_at"]
    assert state["failures"] == 2
    assert 45 <= (from_text(state["due_at"]) - from_text(now)) / 1e6 <= 73
    tool.open("INC1", "2026-11-05 08:00:00")
    await tool.start()
    assert (await asked.run())["outcome"] == "done"
    assert ((await asked.state())["failures"], (await asked.state())["problem"]) == (0, "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (SimulatedAnswer(401, {}), "does not accept the account"),
        (SimulatedAnswer(302, {}, {"Location": "http://127.0.0.1/"}), "redirects are not followed"),
        (SimulatedAnswer(200, {"html": "log in"}), "no list `result`"),
        (SimulatedAnswer(200, {"result": [{"number": {"value": "1"}}] * 100}, {"X-Total-Count": "900"}), "no `sys_id`"),
        (SimulatedAnswer(200, {"result": [{"sys_id": {"value": "1"}}] * 101}), "more tickets than were asked for"),
        (SimulatedAnswer(400, {}), "does not accept the question"),
        (SimulatedAnswer(503, {}, {"Retry-After": "2"}), "The tool failed (status 503)"),
    ],
)
async def test_an_answer_that_is_none_says_what_it_was(
    service: Service, tool: SimulatedServiceNow, answer: SimulatedAnswer, said: str
) -> None:
    asked = await desk(service, tool, f"odd-{answer.status}-{len(str(answer.document))}")
    tool.ordered.append(answer)
    run = await asked.run()
    assert run["outcome"] == "failed"
    assert said in run["problem"]
    # A party has at most twenty pulls.
    assert (await service.provider.delete(asked.path)).status_code == 204


async def test_a_token_is_asked_for_once_and_again_when_it_has_ended(
    service: Service, tool: SimulatedServiceNow
) -> None:
    tool.open("INC1", "2026-11-05 08:00:00")
    asked = await desk(service, tool, "tokens", authentication={"kind": "oauth", "user": "client"})
    assert tool.tokens_given == 1
    tool.tokens.clear()
    assert (await asked.run())["outcome"] == "done"
    assert tool.tokens_given == 2
    changed = await asked.change(secret="another", authentication={"kind": "oauth", "user": "client"})
    assert changed.status_code == 200
    assert "no token for this client" in (await asked.run())["problem"]


async def test_one_ticket_that_cannot_be_read_stops_no_other_and_is_read_once_the_mapping_is_mended(
    service: Service, tool: SimulatedServiceNow
) -> None:
    asked = await desk(service, tool, "unread")
    tool.open("INC1", "2026-11-05 08:00:00", state="42")
    tool.open("INC\0", "2026-11-05 08:00:00", short_description="a\0b")
    tool.open("INC\ud800", "2026-11-05 08:00:00", short_description="\udfff", contact_type="\0")
    tool.open("INC" + "1" * 4_000, "2026-11-05 08:00:00")
    for number in range(2, 5):
        tool.open(f"INC{number}", f"2026-11-05 08:{number}0:00")
    run = await asked.run()
    assert (run["outcome"], run["refused"], run["changed"]) == ("done", 4, 3), (
        run["tickets"],
        [each["field"][:40] + each["remedy"] for each in run["errors"]],
    )
    error = run["errors"][0]
    assert (error["field"].split(".")[0], error["value"]) == ("INC1", "42")
    mapping = (await service.provider.get(asked.path)).json()["mapping"]
    mended = mapping.replace('  "8": {state', '  "42": {state: triage}\n  "8": {state')
    assert (await asked.change(mapping=mended)).status_code == 200
    assert (await asked.run())["refused"] == 3
    assert (await asked.ticket("INC1"))["state"] == "triage"


async def test_the_night_notices_what_changed_unseen_and_what_is_not_there_any_more(
    service: Service, tool: SimulatedServiceNow
) -> None:
    for number, minute in ((1, 1), (2, 2), (3, 3), (4, 30)):
        tool.open(f"INC{number}", f"2026-11-05 08:{minute:02}:00")
    # Older than all changes that are read: only the reconciliation finds it.
    tool.open("INC0", "2026-11-01 08:00:00", state="2")
    asked = await desk(service, tool, "night", cancels_missing=True)
    assert (await asked.ticket("INC0"))["state"] == "in-progress"
    await asked.told("INC4", 1)
    # Closed without a change that could be seen, as by a script of an administrator.
    tool.rows["INC1"] |= {"state": "7", "closed_at": "2026-11-05 08:01:30"}
    tool.rows["INC2"] |= {"priority": "1"}
    del tool.rows["INC3"]
    tool.hidden.add("INC4")
    assert (await asked.run())["changed"] == 0
    night = await asked.run("reconciliation")
    assert (night["outcome"], night["changed"], night["missing"]) == ("done", 2, ["INC3", "INC4"])
    assert ((await asked.state())["missing"], (await asked.ticket("INC3"))["ended_at"]) == (2, None)
    assert (await asked.told("INC1", 3))[-1] == "closed"
    assert (await asked.told("INC2", 2))[-1] == "priority_changed"
    # Shown again the next night, it was not deleted.
    tool.hidden.clear()
    assert (await asked.run("reconciliation"))["missing"] == ["INC3"]
    assert (await asked.told("INC3", 2))[-1] == "cancelled"
    assert (await asked.run("reconciliation"))["missing"] == []
    assert len(await asked.told("INC3", 2)) == 2


async def test_an_account_that_sees_nothing_any_more_cancels_nothing(
    service: Service, tool: SimulatedServiceNow
) -> None:
    for number in range(30):
        tool.open(f"INC{number:02}", "2026-11-05 08:00:00")
    asked = await desk(service, tool, "blind", cancels_missing=True)
    await asked.told("INC29", 1)
    tool.hidden = set(tool.rows)
    for _ in range(2):
        night = await asked.run("reconciliation")
        assert (len(night["missing"]), night["changed"]) == (30, 0)
        assert "may the account see them all" in night["problem"]
    assert (await asked.ticket("INC00"))["ended_at"] is None


async def test_two_replicas_ask_one_at_a_time_and_double_nothing(service: Service) -> None:
    async with AsyncExitStack() as stack:
        tool = await stack.enter_async_context(simulated(SimulatedServiceNow(pause=0.05)))
        again = {"allowed_networks": "127.0.0.0/8", "pull_request_seconds": 1.0}
        await stack.enter_async_context(serving(service.database_url, service.log, service.clock, **again))
        for number in range(450):
            tool.open(f"INC{number:03}", f"2026-11-05 08:{number // 60:02}:{number % 60:02}")
        asked = await desk(service, tool, "replicas")
        for _ in range(3):
            for number in range(0, 450, 3):
                tool.rows[f"INC{number:03}"]["priority"] = "1"
            await asked.run()
            await asked.run("reconciliation")
        assert tool.at_once == 1
        assert await asked.told("INC449", 1) == ["opened"]


async def test_the_secret_is_in_no_answer_and_goes_to_no_other_address(
    service: Service, tool: SimulatedServiceNow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = await desk(service, tool, "secret")
    tool.ordered.append(SimulatedAnswer(500, {}))
    await asked.run()
    for path in (PULLS, asked.path, f"{asked.path}/runs"):
        assert PASSWORD not in (await service.provider.get(path)).text
    async with simulated(SimulatedServiceNow()) as other:
        for fields in ({"address": other.address}, {"path": "/other"}, {"authentication": {"kind": "bearer"}}):
            refused = problem(await asked.change(**fields))
            assert refused["errors"][0]["field"] == "secret"
        assert (await asked.change(address=other.address, secret="a new one")).status_code == 200
        assert (await asked.run())["outcome"] == "failed"
        assert not any(each.is_by(USER, PASSWORD) for each in other.asked)
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"address": "http://10.0.0.1"}, "address"),
        ({"address": "https://169.254.169.254"}, "address"),
        ({"address": "https://[::ffff:10.0.0.1]"}, "address"),
        ({"address": "https://2130706433"}, "address"),
        ({"address": "https://user@example.com"}, "address"),
        ({"address": "https://example.com/?a=b"}, "address"),
        ({"address": "ftp://example.com"}, "address"),
        ({"connector": "none"}, "connector"),
        ({"mapping": "kind: outages"}, "mapping"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"reconcile_at": "25:00"}, "reconcile_at"),
        ({"filter": "active=true^ORDERBYnumber"}, "filter"),
        ({"filter": "a=1^NQb=2"}, "filter"),
        ({"path": "/a?b"}, "path"),
        ({"authentication": {"kind": "token"}}, "authentication.kind"),
        ({"authentication": {"kind": "basic"}}, "authentication.user"),
        ({"since": "yesterday"}, "since"),
        ({"every_seconds": 5}, "every_seconds"),
    ],
)
async def test_a_field_that_is_not_valid_is_named(service: Service, fields: Document, named: str) -> None:
    body = {"title": "T", "connector": "servicenow", "address": "http://127.0.0.1:1", "authentication": BASIC}
    answer = await service.provider.post(PULLS, json={**body, "secret": "x", "source": "invalid", **fields})
    refused = problem(answer)
    assert answer.status_code == 422
    assert refused["errors"][0]["field"].startswith(named)


async def test_a_pull_belongs_to_its_party(service: Service, tool: SimulatedServiceNow) -> None:
    asked = await desk(service, tool, "owned")
    twice = {"title": "T", "connector": "servicenow", "address": tool.address, "authentication": BASIC, "secret": "x"}
    refused = problem(await service.provider.post(PULLS, json={**twice, "source": "owned"}))
    assert refused["errors"][0]["field"] == "source"
    assert (await service.customer.post(PULLS, json={**twice, "source": "owned", "paused": True})).status_code == 201
    assert (await service.viewer.post(PULLS, json=twice)).status_code == 403
    assert (await service.operator.post(PULLS, json=twice)).status_code == 403
    for method, path in (("GET", ""), ("GET", "/runs"), ("POST", "/runs"), ("PATCH", ""), ("DELETE", "")):
        more = {"json": {}} if method in ("POST", "PATCH") else {}
        answer = await service.foreigner.request(method, asked.path + path, headers={"If-Match": "*"}, **more)  # type: ignore[arg-type]
        assert answer.status_code == 404, (method, path)
    assert (await service.foreigner.get(PULLS)).json()["items"] == []


async def test_a_paused_pull_asks_nothing_and_a_removed_one_is_gone(
    service: Service, tool: SimulatedServiceNow
) -> None:
    asked = await desk(service, tool, "paused")
    assert (await asked.change(paused=True)).status_code == 200
    before = len(tool.asked)
    await service.provider.post(f"{asked.path}/runs", json={})
    await asyncio.sleep(1.5)
    assert len(tool.asked) == before
    assert (await asked.change(paused=False)).json()["paused"] is False
    stale = await service.provider.patch(asked.path, json={"title": "x"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await service.provider.delete(asked.path)).status_code == 204
    assert (await service.provider.get(asked.path)).status_code == 404


async def test_a_pull_that_is_paused_in_the_middle_of_a_run_stops(service: Service, tool: SimulatedServiceNow) -> None:
    asked = await desk(service, tool, "stopped")
    for number in range(800):
        tool.open(f"INC{number:03}", f"2026-11-05 08:{number // 60:02}:{number % 60:02}")
    tool.pause, before = 0.5, len(tool.asked)
    await service.provider.post(f"{asked.path}/runs", json={})
    async with asyncio.timeout(10):
        while len(tool.asked) < before + 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await asked.change(paused=True)).status_code == 200
    assert (await asked.runs())[0]["outcome"] == "interrupted"
    read_until = (await asked.state())["read_until"]
    await asyncio.sleep(2)
    assert len(tool.asked) <= before + 3
    assert (await asked.state())["read_until"] == read_until
    assert (await asked.runs())[0]["tickets"] < 300


async def test_tickets_and_the_place_after_them_are_stored_together_or_not_at_all(
    service: Service, tool: SimulatedServiceNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await desk(service, tool, "together")
    for number in range(150):
        # Closed: what the pull lost of these, no reconciliation would bring.
        at = f"2026-11-05 08:{number // 60:02}:{number % 60:02}"
        tool.open(f"INC{number:03}", at, state="7", closed_at=at)
    take = TicketReader.take
    taken: list[int] = []

    async def break_off(self: TicketReader, pull: Pull, found: ReadTickets) -> None:
        taken.append(len(found.tickets))
        if len(taken) == 1:
            half = ReadTickets(found.tickets[:50])
            await take(self, pull, half)
            raise ConnectionResetError("the database went away in the middle")
        await take(self, pull, found)

    monkeypatch.setattr(TicketReader, "take", break_off)
    before = {each["run_id"] for each in await asked.runs()}
    place = (await asked.state())["read_until"]
    await service.provider.post(f"{asked.path}/runs", json={})
    async with asyncio.timeout(10):
        while not taken:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    assert (await asked.state())["read_until"] == place
    interrupted = await asked.ended("changes", before)
    assert (interrupted["outcome"], interrupted["tickets"]) == ("interrupted", 0)
    again = await asked.ended("changes", {*before, interrupted["run_id"]})
    # The last ticket of the first answer is read twice: the second answer begins with its second.
    assert (again["outcome"], again["tickets"]) == ("done", 151)
    for number in (0, 49, 50, 99, 100, 149):
        told = await asked.told(f"INC{number:03}", 2)
        assert len(told) == len(set(told)), told


@asynccontextmanager
async def strict() -> AsyncIterator[Service]:
    async with serving(await migrated_database()) as running:
        yield running


async def test_addresses_inside_the_operators_network_are_refused_unless_allowed(tool: SimulatedServiceNow) -> None:
    async with strict() as service:
        body = {"title": "T", "connector": "servicenow", "authentication": BASIC, "secret": "x"}
        refused = problem(await service.provider.post(PULLS, json={**body, "address": tool.address}))
        remedy = refused["errors"][0]["remedy"]
        assert remedy.startswith("the host is inside a private, local or special network;")
        assert "SLM_MONITOR_ALLOWED_NETWORKS" in remedy
        assert tool.asked == []
