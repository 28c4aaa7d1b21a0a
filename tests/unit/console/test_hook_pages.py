"""Tools that call, in the console: the list, the guide, the secret, the mapping with its preview, and every call."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from slm_console.views.connections import hooks
from slm_console.views.connections.guides import Block, guide_blocks
from slm_console.views.connections.read_payloads import read_payload
from slm_mappings.connectors import SHIPPED, read_connectors
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import READER
from tests.unit.console.read_pages import token_in, words_of
from tests.unit.console.stub_api import StubApi, browser_of, listed

PATH = "/api/v1/hooks/h-1"
PAGE = "/connections/hooks/h-1"
PAYLOAD = '{"ticket": {"number": "21007", "state": "on <fire>"}}'
CONNECTOR: dict[str, Any] = {
    "name": "zammad", "title": "Zammad", "kind": "tickets", "source": "zammad",
    "authentication": {"kind": "hmac-sha1", "header": "X-Hub-Signature", "user": ""},
    "mapping": "kind: tickets", "examples": {},
    "guide": "1. Open **Settings**, paste\n   the `address`:\n\n   ```yaml\n   url: https://slm.example/api/v1/hooks/…\n"
             "     deep: 1\n   ```\n\n2. Change a <ticket>.\n\nNothing is counted *twice*.\n",
}  # fmt: skip
HOOK: dict[str, Any] = {
    "hook_id": "h-1", "party_id": "alder", "path": PATH, "title": "Finance desk", "connector": "zammad",
    "source": "zammad", "mapping": "kind: tickets", "authentication": CONNECTOR["authentication"], "paused": False,
    "created_at": "2026-11-26T09:00:00Z", "created_by_principal_id": "p",
    "last_call": {"call_id": "c-1", "at": "2026-11-26T09:30:00Z", "status": 422, "outcome": "refused"},
}  # fmt: skip
SECRETS = {"secrets": [{"secret_id": "s", "made_at": "2026-11-26T09:00:00Z", "ends_at": None}]}
FAULT = {"field": "payload.ticket.state", "value": "on <fire>", "remedy": "states does not list it"}
REFUSED: dict[str, Any] = {
    "call_id": "c-1", "at": "2026-11-26T09:30:00Z", "status": 422, "outcome": "refused",
    "detail": {"detail": "It does not fit", "errors": [FAULT]}, "payload": PAYLOAD,
}  # fmt: skip
UNSIGNED = {**REFUSED, "call_id": "c-2", "status": 401, "outcome": "unsigned", "payload": None,
            "detail": {"detail": "Sign the body.", "errors": []}}  # fmt: skip
READ = {
    "tickets": [{
        "number": "21007", "updated_at": "2026-11-26T08:20:00Z", "opened_at": "2026-11-26T08:00:00Z",
        "state": "pending", "state_event": "state_changed",
        "attributes": {"priority": "P1", "team": None, "desk": "<south>"},
        "instants": {"first_response": "2026-11-26T08:12:00Z", "closed": None},
    }],
    "measurements": [], "notes": ["left out: <1>"], "errors": [],
}  # fmt: skip


CLOCK = {
    "target_id": "t-1", "target_title": "P1 is <soon> resolved", "clock": "resolution", "state": "running",
    "within": {"calendar": "PT4H"}, "started_at": "2026-11-26T08:00:00Z", "deadline_at": "2026-11-26T12:00:00Z",
    "stopped_at": None, "breached_at": None, "time_left_seconds": 8_280,
}  # fmt: skip
JUDGED = {
    "as_of": "2026-11-26T09:42:00Z", "clocks": [CLOCK], "unmatched_cause": None, "unjudgeable": [],
    "inconsistent": None,
}  # fmt: skip


def the_api(*roles: str, **more: Any) -> StubApi:
    known = answers()
    me = {**known["/api/v1/me"], "roles": list(roles or ("integrator",))}
    found = {
        "/api/v1/me": me,
        "/api/v1/connectors": listed(CONNECTOR),
        "/api/v1/hooks": listed(HOOK),
        PATH: {**HOOK, **SECRETS},
        f"{PATH}/calls": {"items": [REFUSED, UNSIGNED]},
        "POST /api/v1/hooks": {**HOOK, "secret_id": "s", "secret": "shown-once"},
        f"POST {PATH}/secrets": {"hook_id": "h-1", "secret_id": "t", "secret": "shown-twice"},
        f"POST {PATH}/tests": {**READ, "call_id": "c-1"},
        "POST /api/v1/hook-previews": READ,
        "POST /api/v1/previews/ticket": JUDGED,
    }
    return StubApi({**known, **found, **more})


def test_a_guide_is_shown_as_steps_text_and_lines_to_copy() -> None:
    steps, after = guide_blocks(CONNECTOR["guide"], "https://here/api/v1/hooks/h-1")
    assert steps.kind == "steps" and len(steps.steps) == 2
    text, code = steps.steps[0]
    assert [(span.text, span.kind) for span in text.spans] == [
        ("Open ", ""), ("Settings", "strong"), (", paste the ", ""), ("address", "code"), (":", ""),
    ]  # fmt: skip
    assert code.code == "url: https://here/api/v1/hooks/h-1\n  deep: 1" and code.lines == 2
    assert [(span.text, span.kind) for span in after.spans][1] == ("twice", "em")


def _texts(blocks: list[Block]) -> str:
    said = [span.text for block in blocks for span in block.spans]
    inner = [_texts(step) for block in blocks for step in block.steps]
    return " ".join([*said, *(block.code for block in blocks), *inner])


@pytest.mark.parametrize("name", read_connectors(SHIPPED))
def test_every_guide_that_is_shipped_keeps_its_words_and_loses_its_marks(name: str) -> None:
    guide = Path(SHIPPED, name, "guide.md").read_text()
    blocks = guide_blocks(guide)
    shown = _texts(blocks)
    assert "**" not in shown and "```" not in shown
    count = len(re.findall(r"^\d+\. ", guide, re.MULTILINE))
    assert sum(len(block.steps) for block in blocks) == count
    for word in re.findall(r"[A-Za-z]{4,}", re.sub(r"```\w*", "", guide)):
        assert word in shown, word


async def test_the_list_tells_of_each_address_and_offers_each_tool() -> None:
    async with browser_of(the_api()) as browser:
        page = (await browser.get("/connections/hooks")).text
        said = words_of(page)
        assert "Finance desk Zammad takes calls" in said and "10:30 refused" in said
        assert 'href="/connections/hooks/new/zammad"' in page and "HMAC-SHA1" in said
        table = (await browser.get("/connections/hooks?format=csv")).text
        assert "Finance desk,Zammad,takes calls" in table


async def test_an_address_is_made_and_its_secret_is_shown_once() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        page = await browser.get("/connections/hooks/new/zammad")
        assert "Connect Zammad" in page.text and "Change a &lt;ticket&gt;." in page.text
        form = {"csrf_token": token_in(page.text), "title": "Finance desk", "source": "", "secret": ""}
        made = await browser.post("/connections/hooks/new/zammad", data=form)
        assert "shown-once" in made.text and "http://slm/api/v1/hooks/h-1" in words_of(made.text)
        assert "shown-once" not in (await browser.get(PAGE)).text
        empty = await browser.post(
            "/connections/hooks/new/zammad", data={**form, "title": "", "secret": "sesame-of-the-tool"}
        )
        assert empty.status_code == 422 and "sesame" not in empty.text, "no secret is sent back"
        assert (await browser.get("/connections/hooks/new/nothing")).status_code == 404
        own = {**form, "source": "desk 2", "secret": " sixteen letters "}
        await browser.post("/connections/hooks/new/zammad", data=own)
    about = {"title": "Finance desk", "connector": "zammad"}
    assert [body for _, _, body in api.sent] == [about, {**about, "source": "desk 2", "secret": " sixteen letters "}]


async def test_a_secret_is_not_sent_back_while_the_service_is_away() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(PAGE)).text), "title": "Desk", "secret": "sesame-of-the-tool"}
        api.away.add("hooks")
        for path in ("/connections/hooks/new/zammad", f"{PAGE}/secret"):
            answer = await browser.post(path, data=form)
            assert answer.status_code == 503 and "sesame" not in answer.text, path


async def test_the_page_of_an_address_shows_its_calls_and_offers_every_act() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        page = (await browser.get(PAGE)).text
        said = words_of(page)
        assert "payload.ticket.state: states does not list it" in said and "Sign the body." in said
        assert f'action="{PAGE}/calls/c-1/repeat"' in page and "calls/c-2/repeat" not in page
        form = {"csrf_token": token_in(page)}
        for act, more in (("test", {}), ("paused", {"paused": "yes"}), ("calls/c-1/repeat", {}), ("remove", {})):
            answer = await browser.post(f"{PAGE}/{act}", data={**form, **more})
            assert answer.status_code == 303, (act, answer.text)
        assert "The tool is answered" in (await browser.get(f"{PAGE}/remove")).text
        assert "shown-twice" in (await browser.post(f"{PAGE}/secret", data=form)).text
    assert [(method, path) for method, path, _ in api.sent] == [
        ("POST", f"{PATH}/tests"),
        ("PATCH", PATH),
        ("POST", f"{PATH}/calls/c-1/repeat"),
        ("DELETE", PATH),
        ("POST", f"{PATH}/secrets"),
    ]
    assert api.sent[1][2] == {"paused": True} and api.sent[4][2] == {"overlap_seconds": 86_400}


async def test_a_call_shows_what_was_sent_and_what_is_wrong() -> None:
    async with browser_of(the_api()) as browser:
        page = await browser.get(f"{PAGE}/calls/c-1")
        assert "on &lt;fire&gt;" in page.text and "states does not list it" in page.text
        assert f"{PAGE}/mapping?call=c-1" in page.text
        bare = await browser.get(f"{PAGE}/calls/c-2")
        assert "It is not kept" in bare.text and "Take it in again" not in bare.text
        assert (await browser.get(f"{PAGE}/calls/c-9")).status_code == 404


async def test_a_mapping_is_tried_on_the_last_payload_and_on_a_pasted_one() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        page = await browser.get(f"{PAGE}/mapping")
        said = words_of(page.text)
        assert "Ticket 21007" in said and "Opened 09:00" in said and "First answer 09:12" in said
        assert "Closed not yet" in said and "Priority P1" in said and "Team none" in said
        assert "<code>desk</code>" in page.text and "&lt;south&gt;" in page.text and "left out: &lt;1&gt;" in page.text
        assert "P1 is <soon> resolved resolve 13:00" in said and "2 h 18 min left" in said and "<soon>" not in page.text
        form = {"csrf_token": token_in(page.text), "tag": '"1"', "payload": "{}", "act": "try"}
        tried = await browser.post(f"{PAGE}/mapping", data={**form, "mapping": "kind: tickets\r\nsource: a\r\n"})
        assert tried.status_code == 200
        empty = await browser.post(f"{PAGE}/mapping", data={**form, "payload": " ", "mapping": "m"})
        assert empty.status_code == 422 and "Paste what the tool sends" in empty.text
    first, pasted = (each for each in api.sent if each[1] == "/api/v1/hook-previews")
    judged = next(body for _, path, body in api.sent if path == "/api/v1/previews/ticket")
    assert judged == {"source": "zammad", **READ["tickets"][0]}
    assert json.loads(first[2]["payload"]) == json.loads(PAYLOAD)
    assert pasted[2] == {"mapping": "kind: tickets\nsource: a\n", "payload": "{}"}


async def test_a_mapping_is_saved_with_the_tag_that_was_read() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        token = token_in((await browser.get(PAGE)).text)
        form = {"csrf_token": token, "tag": '"7"', "payload": "", "mapping": "kind: outages\r\n", "act": "save"}
        saved = await browser.post(f"{PAGE}/mapping", data=form)
        assert (saved.status_code, saved.headers["location"]) == (303, PAGE)
    assert api.sent == [("PATCH", PATH, {"mapping": "kind: outages\n"})] and api.matched == ['"7"']


async def test_who_may_not_change_an_address_is_offered_no_act() -> None:
    api = the_api("auditor")
    async with browser_of(api) as browser:
        for path in ("/connections/hooks", PAGE, f"{PAGE}/calls/c-1", f"{PAGE}/mapping"):
            page = (await browser.get(path)).text
            assert "Finance desk" in page
            for act in ("Connect a tool", "Send a test event", "Take it in again", "Save the mapping"):
                assert act not in page, (path, act)
    assert api.sent == [], "an auditor's request to try a mapping would be refused"


@pytest.mark.parametrize(
    ("outcome", "detail", "said"),
    [
        ("accepted", {"tickets": [{"number": "A1", "events": [{}, {}]}, {"number": "A2", "events": []}]},
         "A1: 2 changes · A2: nothing new"),
        ("accepted", {"tickets": [], "accepted": 1, "quarantined": 2}, "1 measurement · 2 set aside"),
        ("ignored", {"tickets": [], "notes": ["no record"]}, "no record"),
        ("test", {"tickets": [{"number": "A1", "state": "new"}], "measurements": []}, "A1"),
        ("test", {"tickets": [], "measurements": [], "errors": [FAULT]},
         "payload.ticket.state: states does not list it"),
        ("paused", {"detail": "The hook is paused by its party.", "errors": []}, "The hook is paused by its party."),
    ],
)  # fmt: skip
def test_what_came_of_a_call_is_said_in_one_line(outcome: str, detail: dict[str, Any], said: str) -> None:
    assert hooks.call_line(READER, {**REFUSED, "outcome": outcome, "detail": detail}, "zammad").said == said


async def test_a_call_leads_to_the_tickets_that_it_brought() -> None:
    brought = [{"number": "A/1", "events": []}, {"number": "A2", "events": [{}]}]
    taken = {**REFUSED, "outcome": "accepted", "status": 202, "detail": {"tickets": brought, "accepted": 0}}
    measured = {**taken, "call_id": "c-3", "detail": {"tickets": [], "accepted": 1}}
    tried = {**taken, "call_id": "c-4", "outcome": "test", "detail": {"tickets": [{"number": "A1", "state": "new"}]}}
    async with browser_of(the_api(**{f"{PATH}/calls": {"items": [taken, measured, tried]}})) as browser:
        page = (await browser.get(f"{PAGE}/calls/c-1")).text
        assert 'href="/tickets/zammad/A%2F1"' in page and 'href="/tickets/zammad/A2"' in page
        assert 'href="/connections/measurements">Measurements' in (await browser.get(f"{PAGE}/calls/c-3")).text
        assert "/tickets/zammad" not in (await browser.get(f"{PAGE}/calls/c-4")).text, "a test brings no ticket"


async def test_a_name_that_is_not_registered_leads_to_its_form() -> None:
    errors = [{"field": "x.indicator", "value": "a&b", "remedy": "register it first with POST /api/v1/indicators"}]
    lost = {**REFUSED, "detail": {"detail": "d", "errors": [FAULT, *errors, *errors]}}
    async with browser_of(the_api(**{f"{PATH}/calls": {"items": [lost]}})) as browser:
        page = (await browser.get(f"{PAGE}/calls/c-1")).text
    assert page.count("/connections/measurements?name=") == 1 and "?name=a%26b#register" in page


async def test_what_a_test_event_makes_is_said_beforehand() -> None:
    async with browser_of(the_api()) as browser:
        said = words_of((await browser.get(PAGE)).text)
    assert "A test event is an example of what Zammad sends." in said and "No ticket is made" in said


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        ({"clocks": [], "unmatched_cause": "no customer is known as 'X'"}, "no customer is known as 'X'"),
        ({"clocks": [{**CLOCK, "state": "cancelled"}], "unmatched_cause": None}, "No agreement is about it."),
        ({"clocks": [CLOCK], "unmatched_cause": None}, ""),
        (None, ""),
    ],
)
def test_a_ticket_without_a_clock_says_why(judged: dict[str, Any] | None, said: str) -> None:
    [ticket] = read_payload(READER, READ, [] if judged is None else [judged]).tickets
    assert ticket.why_none == said
    assert bool(ticket.clocks) == bool(judged and not said)


def test_a_clock_that_waits_has_no_due_date_and_one_that_ended_says_how() -> None:
    waiting = {**CLOCK, "state": "paused"}
    ended = {**CLOCK, "state": "completed_late", "stopped_at": "2026-11-26T12:30:00Z",
             "breached_at": "2026-11-26T12:00:00Z"}  # fmt: skip
    [ticket] = read_payload(READER, READ, [{"clocks": [waiting, ended], "unmatched_cause": None}]).tickets
    assert (ticket.clocks[0].due, ticket.clocks[0].mark) == ("–", "paused")
    assert ticket.clocks[1].mark == "breached" and ticket.clocks[1].said.startswith("late, done")


def test_only_the_first_tickets_are_judged_and_the_page_says_so() -> None:
    six = {**READ, "tickets": READ["tickets"] * 6}
    assert "Due dates are shown for the first 5 tickets." in read_payload(READER, six, [JUDGED] * 5).notes
    assert len(read_payload(READER, six, [JUDGED] * 6).notes) == len(read_payload(READER, six).notes) == 1


async def test_the_list_is_sorted_by_the_time_of_the_last_call() -> None:
    earlier = {**HOOK["last_call"], "at": "2026-11-25T23:30:00Z"}
    others = {**HOOK, "hook_id": "h-2", "title": "B", "last_call": earlier}, {**HOOK, "title": "C", "last_call": None}
    api = the_api(**{"/api/v1/hooks": listed(HOOK, *others)})
    async with browser_of(api) as browser:
        table = (await browser.get("/connections/hooks?format=csv&sort=last")).text
    assert [line.partition(",")[0] for line in table.splitlines()[1:]] == ["C", "B", "Finance desk"]


def test_an_outage_is_read_with_its_beginning_and_end() -> None:
    down = {"indicator": "checkout", "at": "2026-11-26T08:00:00Z", "state": "down"}
    ended = {"indicator": "mail", "outage": {"from": "2026-11-26T08:00:00Z", "to": "2026-11-26T08:25:00Z"}}
    read = read_payload(READER, {**READ, "tickets": [], "measurements": [down, ended]})
    assert [(each.what, each.state, bool(each.until)) for each in read.outages] == [
        ("checkout", "down", False), ("mail", "down", True),
    ]  # fmt: skip
    done = {**READ["tickets"][0], "state": "closed", "state_event": "closed"}
    [shown] = read_payload(READER, {**READ, "tickets": [done]}).tickets
    assert [each.said for each in shown.facts if each.own_value == "closed"] == [""], "a word is said once"
    [up] = read_payload(READER, {**READ, "measurements": [{**down, "state": "up"}]}).outages
    assert up.state == "up"
    assert not read.is_empty


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (("basic", "Authorization", "slm"), "user slm"),
        (("bearer", "X-Token", ""), "in the header X-Token"),
        (("hmac-sha256", "X-Sig", ""), "HMAC-SHA256"),
        (("query", "", ""), "after “?secret=”"),
    ],
)
def test_how_a_tool_proves_itself_is_said_in_words(way: tuple[str, str, str], said: str) -> None:
    assert said in hooks.way_in_words(READER, dict(zip(("kind", "header", "user"), way, strict=True)))
