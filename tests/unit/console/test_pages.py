"""The pages over canned answers: what they say, what they send, and what stays when a service is away."""

from __future__ import annotations

import re

import pytest

from tests.unit.console.alder_answers import answers
from tests.unit.console.stub_api import StubApi, browser_of, listed

PAGES = (
    "/", "/services", "/services/checkout", "/services/checkout/maintenance", "/targets/t-checkout",
    "/targets/t-checkout/worked-out", "/breaches/b-orders", "/causes/c-mail", "/maintenance/e-1", "/maintenance/new",
    "/maintenance", "/search?q=check", "/scope",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "en-XA"])
async def test_a_page_is_readable_without_script_or_inline_code(path: str, language: str) -> None:
    async with browser_of(StubApi(answers())) as browser:
        browser.cookies.set("slm_language", language)
        page = await browser.get(path)
    assert page.status_code == 200, page.text
    assert "<h1" in page.text and page.text.count("<main") == 1
    assert not re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page.text)
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", page.text, re.DOTALL)
    assert forms and all('name="csrf_token"' in form for form in forms)
    # A block inside a paragraph would end it: the browser would show another page than the template says.
    assert not re.findall(r"<p(?:\s[^>]*)?>(?:(?!</p>).)*<(?:form|div|table|ul|ol|dl)\b", page.text, re.DOTALL)


async def test_a_service_that_is_away_leaves_the_rest_of_the_page_and_its_last_figures() -> None:
    api = StubApi(answers())
    async with browser_of(api) as browser:
        await browser.get("/")
        api.away = {"summary", "causes"}
        page = await browser.get("/")
        assert page.status_code == 200
        assert "These are the figures of 10:42" in page.text and "Staff can read mail" in page.text
        api.away = {"targets"}
        assert (await browser.get("/targets/t-checkout")).status_code == 503
        assert (await browser.get("/services")).status_code == 200


async def test_the_last_figures_of_one_key_are_not_shown_to_another() -> None:
    api = StubApi(answers())
    async with browser_of(api) as browser:
        await browser.get("/")
        api.away = {"summary"}
        browser.cookies.set("slm_session", "slm_other")
        page = await browser.get("/")
    assert page.status_code == 303, "the services that answer refuse the key"


async def test_a_report_is_shown_as_report_svc_renders_it_with_the_way_back_it_was_asked_for() -> None:
    page = "/api/v1/reports/r-1/page"
    api = StubApi({**answers(), page: "as it is <body>"})
    async with browser_of(api) as browser:
        shown = await browser.get("/reviews/reports/r-1")
    assert shown.status_code == 200 and shown.json() == "as it is <body>"
    assert (page, "back=%2Freviews&back_text=Reviews") in api.asked


async def test_one_act_acknowledges_a_cause_and_comes_back() -> None:
    api = StubApi(answers())
    async with browser_of(api) as browser:
        page = await browser.get("/")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None and 'action="/causes/c-mail/acknowledge"' in page.text
        form = {"csrf_token": token[1], "next": "/"}
        answer = await browser.post("/causes/c-mail/acknowledge", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        both = {**form, "row": ["cause/c-mail", "breach/b-orders"]}
        assert (await browser.post("/acknowledge", data=both)).status_code == 303
    paths = [path for _, path, _ in api.sent]
    assert paths == ["/api/v1/causes/c-mail/acknowledge"] * 2 + ["/api/v1/breaches/b-orders/acknowledge"]


async def test_a_cause_needs_both_sentences_and_keeps_what_was_typed() -> None:
    api = StubApi(answers())
    async with browser_of(api) as browser:
        token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get("/breaches/b-orders")).text)
        assert token is not None
        form = {"csrf_token": token[1], "root_cause": "A failed <disk>.", "corrective_action": ""}
        page = await browser.post("/breaches/b-orders/root-cause", data=form)
    assert page.status_code == 422 and "A failed &lt;disk&gt;." in page.text and not api.sent


async def test_times_are_the_readers_and_utc_is_in_the_title() -> None:
    async with browser_of(StubApi(answers())) as browser:
        page = await browser.get("/targets/t-checkout/worked-out")
    assert 'title="4 Nov 2026 11:00:00 Zurich · 4 Nov 2026 10:00:00 UTC">4 Nov 11:00' in page.text


async def test_markup_in_a_name_is_text() -> None:
    known = answers()
    known["/api/v1/services"]["items"][0] = {**known["/api/v1/services"]["items"][0], "outcome": "<img src=x>"}
    known["/api/v1/services/checkout"] = known["/api/v1/services"]["items"][0]
    async with browser_of(StubApi(known)) as browser:
        for path in ("/", "/services/checkout", "/search?q=img"):
            assert "<img src=x>" not in (await browser.get(path)).text


async def test_a_snoozed_row_leaves_today_and_a_link_shows_it() -> None:
    api = StubApi(
        {
            **answers(),
            "/api/v1/assignments": listed(
                {"kind": "cause", "item_id": "c-mail", "is_snoozed": True, "assigned_to": None}
            ),
        }
    )
    async with browser_of(api) as browser:
        page = await browser.get("/")
        assert 'data-row="cause/c-mail"' not in page.text and "1 hidden until it changes" in page.text
        assert 'data-row="cause/c-mail"' in (await browser.get("/?snoozed=shown")).text
        cause = await browser.get("/causes/c-mail")
        token = re.search(r'name="csrf_token" value="([^"]+)"', cause.text)
        assert token is not None and "Show it on Today again" in cause.text
        form = {"csrf_token": token[1], "next": "/", "row": "breach/b-orders"}
        for path in ("/snooze", "/snooze/undo"):
            assert (await browser.post(path, data=form)).status_code == 303
    snoozed = "/api/v1/breaches/b-orders/snooze"
    assert api.sent == [("POST", snoozed, {"until_change": True}), ("POST", snoozed, {})]


async def test_today_sends_one_request_to_each_service() -> None:
    given = answers()
    lists = {name: given[f"/api/v1/{name}"] for name in ("me", "parties", "services")}
    given["/api/v1/agreement-summary"] |= {**lists, "people": listed()}
    given["/api/v1/summary"] = {
        **given["/api/v1/summary"],
        "causes": given.pop("/api/v1/causes"),
        "assignments": listed(),
    }
    api = StubApi(given)
    async with browser_of(api) as browser:
        page = await browser.get("/")
        assert sorted(path for path, _ in api.asked) == ["/api/v1/agreement-summary", "/api/v1/summary"]
        assert "Staff can read mail" in page.text and "Grace Hopper" in page.text
        # What was included stands in for the lists on other pages, too.
        api.away = {"me", "parties", "services"}
        assert "Staff can read mail" in (await browser.get("/services")).text
        # A list that goes on beyond its first page is read whole.
        api.away = set()
        given["/api/v1/agreement-summary"]["parties"] = {**listed(), "next": "more"}
        api.asked.clear()
        await browser.get("/")
    assert [path for path, _ in api.asked if path == "/api/v1/parties"] == ["/api/v1/parties"]


@pytest.mark.parametrize(
    ("path", "figure"),
    [
        ("/targets/t-checkout", r'<dt>November 2026 so far</dt>.*99\.886.%</a> <span class="fine">so far</span>'),
        ("/services/checkout", r'99\.886.%</a> <span class="fine">so far</span>'),
        ("/targets/t-checkout/worked-out", r'<p class="figure">99\.886.% <span class="fine">so far</span>'),
    ],
)
async def test_a_figure_of_a_period_that_is_not_over_says_so(path: str, figure: str) -> None:
    async with browser_of(StubApi(answers())) as browser:
        assert re.search(figure, (await browser.get(path)).text, re.DOTALL)


async def test_a_figure_says_when_its_promise_was_broken_not_since_when() -> None:
    path = "/api/v1/targets/t-checkout/explain"
    broken = {**answers()[path], "verdict": "breached", "breached_at": "2026-11-09T09:57:00Z"}
    async with browser_of(StubApi({**answers(), path: broken})) as browser:
        page = (await browser.get("/targets/t-checkout/worked-out")).text
    assert "promise broken 9 Nov 10:57" in page and "since 9 Nov" not in page
