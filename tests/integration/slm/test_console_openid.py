"""Signing in with a real OpenID provider in the console: the way there and back, and what stops somebody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from slm.demo import negotiation
from slm_console import bootstrap
from slm_console.settings import ConsoleSettings
from slm_console.web.visit import SERVICES
from tests.support import openid_provider
from tests.support.agreement import OPERATOR_KEY, AgreementUnderTest
from tests.support.openid_log_ins import opened
from tests.support.openid_provider import NoProvider, RealProvider
from tests.support.real import unavailable


@pytest.fixture
def tables_of() -> str:
    return "slm_agreement"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProvider]:
    try:
        with openid_provider.running(tmp_path_factory.mktemp("oidc")) as running:
            yield running
    except NoProvider as missing:
        unavailable("a real OpenID provider", missing)


@pytest.fixture
async def service(database_url: str, provider: RealProvider) -> AsyncIterator[AgreementUnderTest]:
    service = await opened(database_url, **openid_provider.settings(provider.issuer))
    await negotiation.gather_cast(service.client, OPERATOR_KEY)
    yield service
    await service.close()


def _browser(service: AgreementUnderTest, scheme: str = "https", **settings: Any) -> httpx.AsyncClient:
    console = bootstrap.build(ConsoleSettings(api_seconds=25.0, **settings), service.clock)
    SERVICES.find(console).lend({"agreement": service.app.http})
    return httpx.AsyncClient(transport=httpx.ASGITransport(console), base_url=f"{scheme}://slm.example")


async def _there_and_back(
    browser: httpx.AsyncClient, provider: RealProvider, account: str, start: str = "/openid/start"
) -> httpx.Response:
    there = await browser.get(start)
    assert there.status_code == 303, there.text
    back = await provider.log_in(there.headers["location"], account)
    return await browser.get("/openid/callback", params=back)


async def test_the_button_leads_to_the_provider_and_back_to_the_page(
    service: AgreementUnderTest, provider: RealProvider
) -> None:
    async with _browser(service) as browser:
        page = await browser.get("/sign-in?next=/sessions%3Fa%3D1%26b%3D2")
        assert "Sign in with Acme Login" in page.text
        button = re.search(r'href="(/openid/start[^"]*)"', page.text)
        assert button is not None
        there = await browser.get(button[1].replace("&amp;", "&"))
        cookie = there.headers["set-cookie"]
        for part in ("slm_openid=", "HttpOnly", "Secure", "SameSite=lax", "Path=/openid", "Max-Age=600"):
            assert part in cookie
        assert there.headers["location"].startswith(f"{provider.issuer}/auth?")
        assert browser.cookies["slm_openid"].split(".")[0] not in there.headers["location"]
        back = await provider.log_in(there.headers["location"], "grace")
        answer = await browser.get("/openid/callback", params=back)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sessions?a=1&b=2")
        assert "slm_openid" not in browser.cookies and "slm_session" in browser.cookies
        sessions = await browser.get("/sessions")
        assert "signed in with the account of their company" in sessions.text
        again = await browser.get("/openid/callback", params=back)
        assert again.status_code == 403 and "Please try again" in again.text


async def test_a_browser_that_began_no_log_in_completes_none(
    service: AgreementUnderTest, provider: RealProvider
) -> None:
    """An attacker lets somebody open the address that completes the attacker's own log-in."""
    async with _browser(service) as attacker, _browser(service) as victim:
        there = await attacker.get("/openid/start")
        back = await provider.log_in(there.headers["location"], "grace")
        for _ in range(2):
            answer = await victim.get("/openid/callback", params=back)
            assert answer.status_code == 403 and "begun in another browser" in answer.text
            assert "slm_session" not in victim.cookies
            await victim.get("/openid/start")
        # What the victim sent with a secret of its own has used the log-in up.
        assert (await attacker.get("/openid/callback", params=back)).status_code == 403


async def test_another_site_begins_no_log_in(service: AgreementUnderTest) -> None:
    async with _browser(service) as browser:
        answer = await browser.get("/openid/start", headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 200 and "Sign in with Acme Login" in answer.text


async def test_a_log_in_leads_to_no_other_site(service: AgreementUnderTest, provider: RealProvider) -> None:
    for wanted in ("//evil.example", "/%5Cevil.example", "https://evil.example", "javascript:alert(1)"):
        async with _browser(service) as browser:
            answer = await _there_and_back(browser, provider, "grace", f"/openid/start?next={wanted}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
    async with _browser(service) as browser:
        there = await browser.get("/openid/start")
        secret = browser.cookies["slm_openid"].split(".")[0]
        back = await provider.log_in(there.headers["location"], "grace")
        cookie = {"cookie": f"slm_openid={secret}.%2F%2Fevil.example"}
        browser.cookies.clear()
        answer = await browser.get("/openid/callback", params=back, headers=cookie)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_every_refusal_is_said_in_plain_words(service: AgreementUnderTest, provider: RealProvider) -> None:
    async with _browser(service) as browser:
        answer = await _there_and_back(browser, provider, "nobody")
        assert answer.status_code == 403 and "Your account is not known here" in answer.text
        answer = await browser.get("/openid/callback?error=access_denied&error_description=<b>x</b>&state=x")
        assert answer.status_code == 403 and "you stopped" in answer.text and "<b>x" not in answer.text
        there = await browser.get("/openid/start")
        back = await provider.log_in(there.headers["location"], "grace")
        answer = await browser.get("/openid/callback", params={**back, "code": "wrong"})
        assert answer.status_code == 403 and "could not be trusted" in answer.text
        provider.stop()
        answer = await browser.get("/openid/start")
        assert answer.status_code == 403 and "does not answer just now" in answer.text
        assert "Password" in answer.text and "slm_session" not in browser.cookies
        provider.start()


async def test_under_a_path_prefix_the_way_is_the_same(service: AgreementUnderTest, provider: RealProvider) -> None:
    async with _browser(service, prefix="/console") as browser:
        page = await browser.get("/console/sign-in")
        assert 'href="/console/openid/start?next=/"' in page.text
        there = await browser.get("/console/openid/start?next=/services")
        assert "Path=/console/openid" in there.headers["set-cookie"]
        back = await provider.log_in(there.headers["location"], "grace")
        answer = await browser.get("/console/openid/callback", params=back)
        assert answer.headers["location"] == "/console/services"


async def test_without_a_provider_the_page_has_no_button(database_url: str) -> None:
    service = await opened(database_url)
    try:
        async with _browser(service) as browser:
            assert "/openid/" not in (await browser.get("/sign-in")).text
            assert (await browser.get("/openid/start")).status_code == 403
    finally:
        await service.close()
