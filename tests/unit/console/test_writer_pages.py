"""Ticket writers in the console: the list, the form, the secret that no page shows, the test, and every act."""

from __future__ import annotations

from typing import Any

import pytest

from slm_mappings.connectors import SHIPPED, read_connectors
from slm_notification.api.ticket_tools import _tool_json
from tests.unit.console.alder_answers import answers
from tests.unit.console.read_pages import token_in, words_of
from tests.unit.console.stub_api import StubApi, browser_of, listed

PATH, PAGE = "/api/v1/ticket-writers/w-1", "/connections/writers/w-1"
TOOLS = [_tool_json(each) for each in read_connectors(SHIPPED).values() if each.writing is not None]
PROGRESS: dict[str, Any] = {
    "waiting": 3, "written": 140, "failed": 1, "failing_since": None,
    "problem": "", "next_attempt_at": None, "last_written_at": "2026-11-26T09:40:00Z",
}  # fmt: skip
WRITER: dict[str, Any] = {
    "writer_id": "w-1", "party_id": "alder", "title": "Finance desk", "connector": "zammad", "source": "zammad",
    "address": "https://desk.example", "authentication": {"kind": "token", "user": ""}, "clocks": ["resolution"],
    "fields": {"due_at": "slm_due_at", "state": "slm_state", "breached": None}, "time_zone": "UTC", "state": "active",
    "state_reason": "", "state_at": "2026-11-26T09:00:00Z", **PROGRESS, "created_at": "2026-11-26T09:00:00Z",
    "created_by_principal_id": "p",
}  # fmt: skip
WRITE: dict[str, Any] = {
    "writer_id": "w-1", "source": "zammad", "ticket": "21007", "state": "failed", "attempts": 1, "status": 422,
    "figures": {"due_at": "2026-11-26T12:00:00Z", "state": "running", "breached": False}, "problem": "no such <field>",
    "changed_at": "2026-11-26T09:40:00Z", "last_attempt_at": "2026-11-26T09:40:01Z", "next_attempt_at": None,
    "written_at": None, "excerpt": "",
}  # fmt: skip
DONE: dict[str, Any] = {
    "writer_id": "w-1", "ticket": "21007", "values": {"slm_state": "test", "slm_due_at": None}, "sample": True,
    "succeeded": True, "status": 200, "problem": "", "excerpt": "",
}  # fmt: skip


def the_api(*roles: str, **more: Any) -> StubApi:
    known = answers()
    me = {**known["/api/v1/me"], "roles": list(roles or ("integrator",))}
    hook = {"connector": "zammad", "source": "finance"}
    found = {
        "/api/v1/me": me, "/api/v1/ticket-tools": listed(*TOOLS), "/api/v1/ticket-writers": listed(WRITER),
        "/api/v1/hooks": listed(hook), "/api/v1/pulls": listed(), "/api/v1/ticket-writes": listed(WRITE),
        PATH: WRITER, "POST /api/v1/ticket-writers": WRITER, f"POST {PATH}/tests": DONE,
    }  # fmt: skip
    return StubApi({**known, **found, **more})


async def test_the_list_tells_state_and_counts_and_offers_every_tool() -> None:
    async with browser_of(the_api()) as browser:
        page = (await browser.get("/connections/writers")).text
        assert "Finance desk Zammad writes every change 140 3 1" in words_of(page)
        for tool in TOOLS:
            assert f'href="/connections/writers/new/{tool["name"]}"' in page


async def test_its_page_tells_what_is_written_and_what_was_given_up() -> None:
    async with browser_of(the_api()) as browser:
        page = (await browser.get(PAGE)).text
        said = words_of(page)
    assert "slm_due_at Due date The soonest deadline" in said and "slm_breached" not in page.split("<table")[1]
    assert 'href="/tickets/zammad/21007"' in page and "given up" in said and "no such &lt;field&gt;" in page
    assert "Clocks that count resolution" in said


@pytest.mark.parametrize("name", [each["name"] for each in TOOLS])
async def test_a_writer_is_made_by_the_form_and_its_secret_is_shown_nowhere(name: str) -> None:
    api, here = the_api(), f"/connections/writers/new/{name}"
    async with browser_of(api) as browser:
        page = (await browser.get(here)).text
        form = {"csrf_token": token_in(page), "title": "Desk", "address": "https://desk.example/", "way": "basic"}
        form |= {"user": "me", "secret": " hush ", "source": "finance", "due_at": "due", "zone": "UTC"}
        missing = await browser.post(here, data={**form, "title": ""})
        assert missing.status_code == 422 and "hush" not in missing.text and "Write it again" in missing.text
        assert (await browser.post(here, data=form)).headers["location"] == PAGE
    [(method, _, body)] = api.sent
    assert method == "POST" and body["secret"] == " hush " and body["paused"] and body["address"][-1] == "e"
    assert body["fields"] == {"due_at": "due", "state": None, "breached": None} and body["connector"] == name
    assert name != "zammad" or 'value="finance"' in page, "the source of its hook is proposed"


async def test_what_the_api_refuses_stands_beside_its_field() -> None:
    api, here = the_api(), "/connections/writers/new/zammad"
    errors = [{"field": "fields.state", "value": "x y", "remedy": "no blanks"}]
    errors += [{"field": "authentication.user", "value": "", "remedy": "name the user"}]
    problem = {"type": "/problems/invalid-request", "title": "T", "status": 422, "detail": "d", "errors": errors}
    api.refused["POST /api/v1/ticket-writers"] = problem
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(here)).text), "title": "x", "address": "https://a.example"}
        page = await browser.post(here, data={**form, "secret": "hush", "source": "s", "state": "x y"})
    assert page.status_code == 422 and 'id="state-error">no blanks' in page.text
    assert 'id="user-error">name the user' in page.text and "hush" not in page.text


async def test_it_is_tried_paused_rewritten_changed_and_removed() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        token = token_in((await browser.get(PAGE)).text)
        tried = await browser.post(f"{PAGE}/test", data={"csrf_token": token, "ticket": "21007"})
        assert "slm_state test slm_due_at empty No clock of this ticket" in words_of(tried.text)
        for path, fields in (("/rewrites", {}), ("/paused", {"paused": "yes"})):
            assert (await browser.post(f"{PAGE}{path}", data={"csrf_token": token, **fields})).status_code == 303
        form = {"csrf_token": token_in((await browser.get(f"{PAGE}/change")).text), "tag": '"7"', "title": "Other"}
        form |= {"address": "https://desk.example", "way": "token", "source": "zammad", "due_at": "due"}
        assert (await browser.post(f"{PAGE}/change", data=form)).status_code == 303
        assert "Nothing more is written" in (await browser.get(f"{PAGE}/remove")).text
        assert (await browser.post(f"{PAGE}/remove", data={"csrf_token": token})).status_code == 303
    assert [method for method, _, _ in api.sent] == ["POST", "POST", "PUT", "PUT", "DELETE"]
    paused, changed = api.sent[2][2], api.sent[3][2]
    assert paused["paused"] and "waiting" not in paused and "secret" not in paused and not changed["paused"]
    assert changed["title"] == "Other" and api.matched == ['"7"', '"7"']


async def test_who_only_reads_finds_no_act_and_no_form() -> None:
    async with browser_of(the_api("viewer")) as browser:
        for path in ("/connections/writers", PAGE, "/connections/writers/new/zammad"):
            page = (await browser.get(path)).text
            assert (
                "Make the writer" not in page
                and "Write all again" not in page
                and 'href="/connections/writers/new/' not in page
            ), path
        assert (await browser.get(f"{PAGE}/change")).headers["location"] == PAGE
