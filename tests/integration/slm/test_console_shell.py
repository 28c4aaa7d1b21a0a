"""The console in one process: sign-in, headers, forged forms, the way back after signing in, and a path prefix."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from slm_chassis.clock import SystemClock
from slm_console import bootstrap
from slm_console.settings import ConsoleSettings
from slm_console.web.guard import POLICY
from slm_console.web.visit import SERVICES
from tests.support.populated import OPERATOR_KEY, Populated


@pytest.fixture
async def browser(world: Populated) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(world.installation.face)
    async with httpx.AsyncClient(transport=transport, base_url="http://slm") as client:
        yield client


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def sign_in(browser: httpx.AsyncClient, key: str = OPERATOR_KEY, back: str = "/") -> httpx.Response:
    form = {"csrf_token": token_of(await browser.get("/sign-in")), "key": key, "next": back}
    return await browser.post("/sign-in", data=form)


async def test_a_page_without_a_session_leads_to_sign_in_and_back(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/services?with=7")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/services%3Fwith%3D7")
    assert (await sign_in(browser, back="/services?with=7")).headers["location"] == "/services?with=7"
    assert (await browser.get("/services")).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    ["//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "javascript:alert(1)", "/\t/x"],
)
async def test_sign_in_leads_to_no_other_site(browser: httpx.AsyncClient, wanted: str) -> None:
    assert (await sign_in(browser, back=wanted)).headers["location"] == "/"


async def test_a_session_that_ended_is_signed_out(browser: httpx.AsyncClient) -> None:
    browser.cookies.set("slm_session", "slm_unknown")
    answer = await browser.get("/")
    assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    assert 'slm_session=""' in answer.headers["set-cookie"]


async def test_the_session_cookie_cannot_be_read_by_scripts_or_sent_by_others(browser: httpx.AsyncClient) -> None:
    cookie = (await sign_in(browser)).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Secure" not in cookie


async def test_a_form_without_the_token_of_its_session_changes_nothing(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    genuine = token_of(await browser.get("/"))
    for token in ("", "0" * 64, genuine[:-1]):
        assert (await browser.post("/sign-out", data={"csrf_token": token})).status_code == 403
    other = httpx.AsyncClient(transport=browser._transport, base_url="http://slm", cookies={"slm_session": "slm_other"})
    assert (await other.post("/sign-out", data={"csrf_token": genuine})).status_code == 403
    hostile = {"sec-fetch-site": "cross-site"}
    assert (await browser.post("/sign-out", data={"csrf_token": genuine}, headers=hostile)).status_code == 403
    assert (await browser.post("/sign-out", data={"csrf_token": genuine})).status_code == 303


async def test_every_page_has_the_strict_policy_and_no_inline_script_or_style(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    for path in ("/", "/services", "/sign-in", "/nothing-here"):
        page = await browser.get(path)
        assert page.headers["content-security-policy"] == POLICY
        assert not re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page.text), path
        assert not re.findall(r'(?:src|href|action)="(?!/|#)', page.text), path


async def test_a_page_that_does_not_exist_is_a_page(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/nothing-here")
    assert page.status_code == 404 and "There is no such page" in page.text


async def test_a_path_prefix_is_in_every_address(world: Populated) -> None:
    console = bootstrap.build(ConsoleSettings(prefix="/console"), SystemClock())
    SERVICES.find(console).lend({app.context: app.http for app in world.installation.apps})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(console), base_url="http://slm") as client:
        assert (await client.get("/services")).status_code == 404
        answer = await client.get("/console/services")
        assert answer.headers["location"] == "/console/sign-in?next=/services"
        form = {"csrf_token": token_of(await client.get("/console/sign-in")), "key": OPERATOR_KEY, "next": "/services"}
        signed = await client.post("/console/sign-in", data=form)
        assert signed.headers["location"] == "/console/services" and "Path=/console" in signed.headers["set-cookie"]
        page = await client.get("/console/services")
    assert page.status_code == 200
    assert not re.findall(r'(?:src|href|action)="(?!/console/|/console"|#)', page.text)


async def test_the_pseudo_language_replaces_every_text(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/sign-in?lang=en-XA")
    assert "[Sígñ íñ" in page.text and ">Sign in<" not in page.text


async def test_every_page_of_what_is_judged_is_made_of_the_real_answers(
    browser: httpx.AsyncClient, world: Populated
) -> None:
    key = world.cast.provider_manager_key
    await sign_in(browser, key)
    pages = ["/", "/services", "/search?q=check", "/scope", "/maintenance/new"]
    for path, name, forms in (
        ("services", "service_id", ("/services/{}", "/services/{}/maintenance")),
        ("targets", "target_id", ("/targets/{}", "/targets/{}/worked-out", "/targets/{}/worked-out.txt")),
        ("breaches", "breach_id", ("/breaches/{}",)),
        ("causes", "cause_id", ("/causes/{}",)),
        ("exclusions", "exclusion_id", ("/maintenance/{}",)),
    ):
        items = (await world.ask(key, "GET", f"/api/v1/{path}?limit=100")).json()["items"]
        assert items, path
        pages += [form.format(item[name]) for item in items[:6] for form in forms]
    answers = {page: (await browser.get(page)).status_code for page in pages}
    # A clock has no figure of its own to explain.
    wrong = {page: status for page, status in answers.items() if status != 200 and "worked-out" not in page}
    assert wrong == {}
    assert 200 in {status for page, status in answers.items() if page.endswith("worked-out")}


async def test_things_of_others_are_not_found(browser: httpx.AsyncClient, world: Populated) -> None:
    await sign_in(browser, world.stranger_key)
    for path, name, form in (("targets", "target_id", "/targets/{}"), ("breaches", "breach_id", "/breaches/{}")):
        [item, *_] = (await world.ask(world.cast.provider_manager_key, "GET", f"/api/v1/{path}")).json()["items"]
        assert (await browser.get(form.format(item[name]))).status_code == 404
