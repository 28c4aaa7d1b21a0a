"""Pages while a service is away: its part says so, nothing false is claimed, and what was typed can be sent again."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest

from slm_console.api_client import OWNERS
from tests.unit.console.alder_answers import answers
from tests.unit.console.negotiated import agreement
from tests.unit.console.stub_api import StubApi, browser_of
from tests.unit.console.test_agreement_pages import known

MONITOR = {resource for resource, context in OWNERS.items() if context == "monitor"}
AGREEMENT = {resource for resource, context in OWNERS.items() if context == "agreement"}
LISTS = (
    "/", "/services", "/tickets", "/tickets/not-judged", "/customers", "/suppliers", "/agreements", "/maintenance",
    "/reviews", "/reviews/meetings", "/reviews/actions", "/reviews/lessons", "/sessions", "/settings/people",
    "/settings/guest-links", "/settings/mails", "/settings/audit-trail", "/connections",
    "/connections/measurements", "/connections/aside", "/connections/imports", "/connections/keys", "/search?q=check",
)  # fmt: skip
"""Pages whose subject is a list, which is empty where nobody answers."""
SUBJECTS = ("/targets/t-checkout", "/targets/t-checkout/worked-out", "/breaches/b-orders", "/causes/c-mail",
            "/maintenance/e-1")  # fmt: skip


def token_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def hidden_in(page: httpx.Response) -> dict[str, str]:
    """The fields of the form that keeps what was typed."""
    form = re.search(r"<form[^>]* data-kept>.*?</form>", page.text, re.DOTALL)
    assert form is not None, page.text
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[0])
    return {unescape(name): unescape(value) for name, value in fields}


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_that_nobody_answers_is_not_called_empty(path: str) -> None:
    async with browser_of(StubApi({"/api/v1/me": answers()["/api/v1/me"]}, away=set(OWNERS) - {"me"})) as browser:
        page = await browser.get(path)
    assert page.status_code == 200
    assert "not answer just now" in page.text
    assert not re.search(r'class="empty[ "]', page.text)


@pytest.mark.parametrize("path", SUBJECTS)
async def test_what_a_page_is_about_is_shown_as_it_was_last(path: str) -> None:
    api = StubApi(answers())
    async with browser_of(api) as browser:
        before = await browser.get(path)
        api.away = MONITOR
        page = await browser.get(path)
    assert page.status_code == before.status_code == 200
    assert "Figures, tickets and measurements do not answer just now." in page.text
    assert "What is shown of them is of 10:42" in page.text and "data-whole" in page.text
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", before.text, re.DOTALL)
    assert heading is not None and heading[1] in page.text


@pytest.mark.parametrize("path", ["/services/checkout", "/services/checkout/maintenance"])
async def test_figures_of_a_service_are_shown_without_the_catalogue(path: str) -> None:
    api = StubApi(answers())
    async with browser_of(api) as browser:
        await browser.get("/tickets")
        api.away = AGREEMENT
        page = await browser.get(path)
    assert page.status_code == 200 and "Customers can pay online" in page.text
    assert "Agreements, companies and people do not answer just now." in page.text


async def test_a_page_says_of_every_part_that_it_is_away_once() -> None:
    api = StubApi(answers())
    async with browser_of(api) as browser:
        await browser.get("/")
        api.away = MONITOR | AGREEMENT - {"me"}
        page = await browser.get("/")
    assert page.text.count("These are the figures of 10:42") == 1
    assert page.text.count("Agreements, companies and people do not answer just now.") == 1
    assert page.text.count("not answer just now") == 2


async def test_a_company_of_a_service_that_is_away_is_not_called_unknown() -> None:
    async with browser_of(StubApi(answers(), away={"agreements"})) as browser:
        assert (await browser.get("/customers/corner-shop")).status_code == 503


async def test_time_that_does_not_count_is_asked_for_without_the_agreements_title() -> None:
    api = StubApi(answers(), away={"agreements"})
    async with browser_of(api) as browser:
        page = await browser.get("/maintenance/new?target=t-checkout")
    assert page.status_code == 200 and "its title is not known just now" in page.text


async def test_a_page_that_cannot_be_shown_leads_to_the_others() -> None:
    async with browser_of(StubApi(answers(), away=MONITOR)) as browser:
        page = await browser.get("/targets/t-checkout")
    assert page.status_code == 503 and page.headers["retry-after"]
    assert 'class="rail"' in page.text and 'href="/agreements"' in page.text and "data-again" in page.text
    assert 'href="/targets/t-checkout">Try again' in page.text


async def test_what_was_typed_is_kept_and_sent_again() -> None:
    api = StubApi(answers())
    why, done = "A <failed> disk & a fan.", "Two disks."
    async with browser_of(api) as browser:
        token = token_in(await browser.get("/breaches/b-orders"))
        api.away = MONITOR
        form = {"csrf_token": token, "root_cause": why, "corrective_action": done}
        page = await browser.post("/breaches/b-orders/root-cause", data=form)
        assert page.status_code == 503
        assert "A &lt;failed&gt; disk &amp; a fan." in page.text and "data-again" not in page.text
        assert "It is not known whether what you sent arrived" in page.text
        api.away = set()
        again = await browser.post("/breaches/b-orders/root-cause", data=hidden_in(page))
    assert (again.status_code, again.headers["location"]) == (303, "/breaches/b-orders")
    assert api.sent == [
        ("POST", "/api/v1/breaches/b-orders/root-cause", {"root_cause": why, "corrective_action": done})
    ]


async def test_a_service_that_cannot_be_reached_has_changed_nothing() -> None:
    nobody = "http://127.0.0.1:9"
    async with browser_of(StubApi(answers()), monitor_url=nobody) as browser:
        form = {"csrf_token": token_in(await browser.get("/agreements")), "root_cause": "A disk."}
        page = await browser.post("/causes/c-mail/root-cause", data=form)
    assert page.status_code == 503 and "What you sent did not arrive: nothing was changed." in page.text


async def test_a_secret_is_not_repeated_on_a_page() -> None:
    api = StubApi(answers(), away=AGREEMENT)
    async with browser_of(api) as browser:
        browser.cookies.delete("slm_session")
        api.away = set()
        token = token_in(await browser.get("/sign-in"))
        nobody = {"csrf_token": token, "email": "grace@alder.example", "password": "correct horse battery"}
    async with browser_of(api, agreement_url="http://127.0.0.1:9") as away:
        away.cookies.delete("slm_session")
        away.cookies.update(browser.cookies)
        page = await away.post("/sign-in", data=nobody)
    assert page.status_code == 503
    assert "Go back in the browser" in page.text and "correct horse" not in page.text and "data-kept" not in page.text


async def test_a_form_of_another_session_is_not_shown() -> None:
    async with browser_of(StubApi(answers(), away=MONITOR)) as browser:
        form = {"csrf_token": "0" * 64, "root_cause": "Not mine."}
        page = await browser.post("/causes/c-mail/root-cause", data=form)
    assert page.status_code == 403 and "Not mine." not in page.text


async def test_a_page_waits_once_for_a_service_that_is_stuck() -> None:
    api = StubApi(answers())
    async with browser_of(api, api_seconds=0.2) as browser:
        await browser.get("/targets/t-checkout")
        api.stuck, api.paths = MONITOR, []
        page = await browser.get("/targets/t-checkout")
    assert page.status_code == 200 and "What is shown of them is of 10:42" in page.text
    assert [path for path in api.paths if path.split("/")[3] in MONITOR] == ["/api/v1/targets/t-checkout"]


async def test_a_file_has_no_old_figures() -> None:
    api = StubApi(answers())
    async with browser_of(api) as browser:
        assert (await browser.get("/services?format=csv")).status_code == 200
        api.away = MONITOR
        assert (await browser.get("/services?format=csv")).status_code == 503


async def test_a_reader_can_sign_out_while_the_service_is_away() -> None:
    api = StubApi(answers())
    async with browser_of(api) as browser:
        token = token_in(await browser.get("/"))
        api.away = AGREEMENT
        answer = await browser.post("/sign-out", data={"csrf_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert 'slm_session=""' in answer.headers["set-cookie"]


def drafting() -> StubApi:
    """The API with one agreement that its reader is drafting."""
    api = known()
    path = "/api/v1/agreements/agreement-1"
    found = agreement("draft", needs=[], versions=[{"version": 1, "state": "draft"}])
    api.answers[path] = {**found, "document": api.answers[path]["document"]}
    api.answers |= {f"POST {path}/check": {"is_valid": True, "points": [], "findings": []}}
    return api


async def test_the_editor_says_that_the_check_is_away_and_keeps_what_was_typed() -> None:
    api, path = drafting(), "/agreements/agreement-1/edit"
    async with browser_of(api) as browser:
        opened = await browser.get(path)
        assert opened.status_code == 200 and "Nothing to correct." in opened.text
        text = "title: Checkout for everybody"
        form = {"csrf_token": token_in(opened), "view": "text", "text": text, "base": "abc", "tag": ""}
        api.away = {"/api/v1/agreements/agreement-1/check"}
        checked = await browser.post(path, data={**form, "do": "check"})
        assert checked.status_code == 200 and "The check does not answer just now." in checked.text
        api.away = {"agreements"}
        for act in ("check", "save", "propose"):
            page = await browser.post(path, data={**form, "do": act})
            assert text in page.text and "The check does not answer just now." in page.text, act
            assert page.status_code == (200 if act == "check" else 503), act
    assert "This part does not answer just now, and may have kept it all the same." in page.text
