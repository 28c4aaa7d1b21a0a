"""Who holds what and what is snoozed: shown, changed and taken back; and one ticket is listed once."""

from __future__ import annotations

import re

from tests.unit.console.alder_answers import CAUSE, SUMMARY, answers
from tests.unit.console.stub_api import StubApi, browser_of, listed


def sentence_in(page: str) -> str:
    """Return the text of the page's first heading."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>", "", found[1].replace("&nbsp;", " ")).strip()


async def test_what_is_snoozed_is_not_counted_in_the_sentence() -> None:
    kept = {"kind": "cause", "item_id": "c-mail", "is_snoozed": True, "assigned_to": None}
    risk = {**kept, "kind": "risk", "item_id": "r-1"}
    known = answers()
    async with browser_of(StubApi(known)) as browser:
        page = (await browser.get("/")).text
    assert sentence_in(page) == (
        "1 outage now · 2 breached and unanswered · 1 at risk · 1 request to decide · 1 source silent"
        " · 1 ticket due within 4 h · 1 proposal to answer · next deadline in 41 min"
    )
    async with browser_of(StubApi({**known, "/api/v1/assignments": listed(kept, risk)})) as browser:
        page = (await browser.get("/")).text
        assert sentence_in(page).startswith("1 breached and unanswered · 1 request to decide")
        assert 'data-row="risk/' not in page and "2 hidden until they change" in page
        assert "1 outage now" in sentence_in((await browser.get("/?snoozed=shown")).text)


async def test_a_ticket_is_listed_once_with_its_breach() -> None:
    ticket = {"source": "desk", "number": "INC-20417"}
    breach = {**SUMMARY["breaches"][0], "breach_id": "b-ticket", "ticket": ticket}
    known = {**answers(), "/api/v1/summary": {**SUMMARY, "breaches": [breach]}}
    over = {**CAUSE, "cause_id": "c-t", "end_at": "2026-11-26T09:30:00Z", "urgency": "unacknowledged"}
    for causes in ([], [{**over, "breach_ids": ["b-ticket"]}]):
        async with browser_of(StubApi({**known, "/api/v1/causes": listed(*causes)})) as browser:
            page = (await browser.get("/")).text
        rows = re.findall(r'data-row="([^"/]+)/', page)
        assert "ticket" not in rows and ("cause" if causes else "breach") in rows
        assert "41 min to the deadline" in page, "its row says how long there is"


async def test_a_row_is_assigned_and_given_back() -> None:
    person = {"person_id": "p-1", "name": "Grace Hopper"}
    held = {"kind": "breach", "item_id": "b-orders", "is_snoozed": False, "assigned_to": "p-1"}
    api = StubApi({**answers(), "/api/v1/people": listed(person), "/api/v1/assignments": listed(held)})
    async with browser_of(api) as browser:
        for path in ("/", "/breaches/b-orders"):
            assert "assigned to Grace Hopper" in (await browser.get(path)).text
        for path in ("/", "/causes/c-mail"):
            page = (await browser.get(path)).text
            assert 'value="cause/c-mail"' in page and "Assign to somebody" in page
        assert 'value="risk/r-1"' in (await browser.get("/")).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        form = {"csrf_token": token[1], "next": "/", "row": "risk/r-1", "assigned_to": "p-1", "before": ""}
        for path in ("/assign", "/assign/undo"):
            assert (await browser.post(path, data=form)).status_code == 303
        assert (await browser.post("/assign", data={**form, "row": "person/p-1"})).status_code == 404
    kept = "/api/v1/risks/r-1/assign"
    assert api.sent == [("POST", kept, {"assigned_to": "p-1"}), ("POST", kept, {"assigned_to": None})]


async def test_what_the_reader_holds_comes_first_in_its_group_and_says_so() -> None:
    first, second = (
        {**SUMMARY["breaches"][0], "breach_id": name, "certain_at": f"2026-11-26T0{hour}:12:00Z"}
        for name, hour in (("b-late", 8), ("b-early", 7))
    )
    person = {"person_id": "p-1", "name": "Grace Hopper"}
    held = {"kind": "breach", "item_id": "b-early", "is_snoozed": False, "assigned_to": "p-1"}
    known = {**answers(), "/api/v1/summary": {**SUMMARY, "breaches": [first, second]}, "/api/v1/people": listed(person)}
    known["/api/v1/me"] = {**known["/api/v1/me"], "person": person}

    async def breaches(**more: object) -> tuple[list[str], str]:
        async with browser_of(StubApi({**known, **more})) as browser:
            page = (await browser.get("/")).text
        return re.findall(r'data-row="breach/([^"]+)"', page), page

    shown, page = await breaches()
    assert shown == ["b-late", "b-early"] and "assigned to you" not in page
    shown, page = await breaches(**{"/api/v1/assignments": listed(held)})
    assert shown == ["b-early", "b-late"] and "assigned to you" in page and "assigned to Grace Hopper" not in page
    assert page.index("cause/c-mail") < page.index("b-early"), "what is more urgent stays before"
    shown, _ = await breaches(**{"/api/v1/assignments": listed({**held, "assigned_to": "p-2"})})
    assert shown == ["b-late", "b-early"]


async def test_only_who_may_assign_is_offered_it() -> None:
    known = answers()
    known["/api/v1/me"] = {**known["/api/v1/me"], "roles": ["viewer"]}
    known["/api/v1/people"] = listed({"person_id": "p-1", "name": "Grace Hopper"})
    async with browser_of(StubApi(known)) as browser:
        for path in ("/", "/breaches/b-orders", "/causes/c-mail"):
            assert 'action="/assign"' not in (await browser.get(path)).text


async def test_a_row_of_a_cause_says_that_the_reader_holds_a_part_of_it_and_comes_first() -> None:
    person = {"person_id": "p-1", "name": "Grace Hopper"}
    held = {"kind": "risk", "item_id": "r-portal", "is_snoozed": False, "assigned_to": "p-1"}
    second = {**CAUSE, "cause_id": "c-portal", "breaches": 1, "breach_ids": ["b-portal"], "risk_ids": ["r-portal"]}
    known = {**answers(), "/api/v1/causes": listed(CAUSE, second), "/api/v1/people": listed(person)}
    known["/api/v1/me"] = {**known["/api/v1/me"], "person": person}

    async def rows(**more: object) -> tuple[list[str], str]:
        async with browser_of(StubApi({**known, **more})) as browser:
            page = (await browser.get("/")).text
        return re.findall(r'data-row="cause/(c-[^"]+)"', page), page

    # Without an assignment the cause with more breaches comes first.
    found, page = await rows()
    assert found == ["c-mail", "c-portal"] and "part of it assigned to you" not in page
    found, page = await rows(**{"/api/v1/assignments": listed(held)})
    assert found == ["c-portal", "c-mail"] and page.count("part of it assigned to you") == 1


async def test_who_acknowledged_and_when_stands_in_the_row_and_on_the_pages() -> None:
    taken = {**CAUSE, "breach_states": {**CAUSE["breach_states"], "open": 0, "acknowledged": 4},
             "acknowledged_at": "2026-11-26T09:40:00Z", "acknowledged_by_name": "Ada Byron"}  # fmt: skip
    partly = {**taken, "breach_states": {**taken["breach_states"], "open": 1}}
    said = "acknowledged by Ada Byron 10:40"
    for cause, is_said in ((taken, True), (partly, False), (CAUSE, False)):
        known = {**answers(), "/api/v1/causes": listed(cause), "/api/v1/causes/c-mail": cause}
        async with browser_of(StubApi(known)) as browser:
            for path in ("/", "/causes/c-mail"):
                assert (said in (await browser.get(path)).text) is is_said, path
            assert "acknowledged by Grace Hopper 21 Oct 15:20" in (await browser.get("/breaches/b-orders")).text


async def test_a_ticket_is_not_held_by_two_at_once() -> None:
    """The desk says who holds a ticket; to whom the company assigns its row is another thing, and named differently."""
    over = {**CAUSE, "breaches": 0, "breach_ids": [], "risk_ids": ["r-t"], "end_at": "2026-11-26T09:30:00Z",
            "urgency": "at_risk"}  # fmt: skip
    risk = {**SUMMARY["risks"][0], "risk_id": "r-t", "ticket": {"source": "desk", "number": "INC-20417"}}
    person = {"person_id": "p-1", "name": "Grace Hopper"}
    known = {**answers(), "/api/v1/causes": listed(over), "/api/v1/people": listed(person),
             "/api/v1/summary": {**SUMMARY, "risks": [risk]}}  # fmt: skip
    async with browser_of(StubApi(known)) as browser:
        page = (await browser.get("/")).text
    row = page[page.index('data-row="ticket/desk/INC-20417"') :].partition("</li>")[0]
    assert "held by Application desk" in row and "Assign to somebody" in row and "held by nobody" not in row
