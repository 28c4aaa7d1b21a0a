"""Signing in with a real OpenID provider in a real browser: the button, its pages, and the page that was asked for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import axe
from tests.browser.people import World, company, person
from tests.browser.watching import WIDTHS, opened, sideways
from tests.support import openid_provider, real
from tests.support.openid_provider import NoProvider, RealProvider
from tests.support.processes import free_port, started

READY_SECONDS = 120.0


@dataclass
class Pair:
    """An installation with Ada on record, and the provider at which she has an account."""

    url: str
    provider: RealProvider


@pytest.fixture(scope="module")
async def pair(undeclared: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder = tmp_path_factory.mktemp("openid")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    try:
        with openid_provider.running(folder, f"{url}/openid/callback") as provider:
            async with started(["slm", "up"], folder / "output", port, _settings(folder, port, url, provider)) as slm:
                await slm.ready(READY_SECONDS)
                await _record_ada(url, (folder / "data" / "operator-key").read_text().strip())
                yield Pair(url, provider)
                await slm.stop()
    except NoProvider as missing:
        real.unavailable("a real OpenID provider", missing)


def _settings(folder: Path, port: int, url: str, provider: RealProvider) -> dict[str, str]:
    secret = folder / "secret"
    secret.write_text(openid_provider.SECRET)
    return {
        "SLM_DATA_DIR": str(folder / "data"),
        "SLM_PORT": str(port),
        "SLM_CONSOLE_URL": url,
        "SLM_OIDC_ISSUER": provider.issuer,
        "SLM_OIDC_CLIENT_ID": "slm",
        "SLM_OIDC_CLIENT_SECRET_FILE": str(secret),
        "SLM_OIDC_NAME": "Alder",
        # Three seconds are for people; this machine may be busy.
        "SLM_OIDC_SECONDS": "20",
        "SLM_CONSOLE_API_SECONDS": "25",
    }


async def _record_ada(url: str, operator_key: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        world = World(client, operator_key)
        await company(world, "alder", "Alder Managed Services")
        await person(world, "alder", "Ada Byron", "service_level_manager")
        found = await world.get("operator", "people")
        ada = found["items"][0]
        answer = await client.put(
            f"/api/v1/people/{ada['person_id']}",
            json={"name": ada["name"], "email": "ada@example.com"},
            headers={"Authorization": f"Bearer {operator_key}", "If-Match": "*"},
        )
        assert answer.status_code == 200, answer.text


async def _go_through(page: Page, account: str) -> None:
    await page.get_by_role("link", name="Sign in with Alder").click()
    await page.locator("input[name=login]").fill(account)
    await page.locator("input[name=password]").fill("any")
    await page.locator("button[type=submit]").click()
    await page.get_by_role("button", name=re.compile("Continue|Authorize")).click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_person_signs_in_with_the_company_account(pair: Pair, browser: Browser, scripts: bool) -> None:
    async with opened(browser, pair.url, scripts=scripts) as (page, watch):
        await page.goto("/sessions")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await _go_through(page, "ada")
        await expect(page).to_have_url(re.compile(r"/sessions$"))
        await expect(page.get_by_text("signed in with the account of their company").first).to_be_visible()
        cookies = {each["name"] for each in await page.context.cookies() if "slm_" in each["name"]}
        assert "slm_session" in cookies and "slm_openid" not in cookies
        # The provider's pages are another site; nothing else may have been refused or asked for.
        watch.found = [each for each in watch.found if pair.provider.issuer not in each and "fonts.g" not in each]


async def test_somebody_unknown_reads_why_and_can_go_on(pair: Pair, browser: Browser) -> None:
    async with opened(browser, pair.url) as (page, watch):
        await page.goto("/sign-in")
        await _go_through(page, "mallory")
        await expect(page.get_by_role("alert")).to_contain_text("Your account is not known here")
        await expect(page.get_by_label("Password")).to_be_visible()
        watch.found.clear()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_the_page_with_the_button_fits_and_is_accessible(pair: Pair, browser: Browser, dark: bool) -> None:
    for size in WIDTHS:
        async with opened(browser, pair.url, size=size, dark=dark) as (page, _):
            await page.goto("/sign-in")
            await expect(page.get_by_role("link", name="Sign in with Alder")).to_be_visible()
            assert await sideways(page) == [], size
            try:
                assert await axe.serious(page) == [], size
            except axe.NoAxe as cause:
                real.unavailable("axe-core", cause)
