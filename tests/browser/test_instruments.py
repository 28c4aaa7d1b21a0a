"""The instruments of the browser tests find the faults that they are for."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page

from tests.browser import axe
from tests.browser.conftest import Opening
from tests.browser.journeys import Cost, Journey, table
from tests.browser.watching import opened, sideways
from tests.support import real

_NOWHERE = "http://127.0.0.1:9"


async def served(page: Page, body: str, policy: str = "default-src 'self' 'unsafe-inline'") -> None:
    """Show a page of our own at the origin of the context."""

    async def answer(route: object) -> None:
        headers = {"Content-Security-Policy": policy}
        html = f"<!doctype html><html lang=en><title>t</title><body>{body}"
        await route.fulfill(body=html, content_type="text/html", headers=headers)  # type: ignore[attr-defined]

    await page.route("**/*", answer)
    await page.goto("/page")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<script>console.error('broken')</script>", "broken"),
        ("<script>throw Error('thrown')</script>", "thrown"),
        ("<img src='http://elsewhere.example/x.png'>", "foreign request: http://elsewhere.example/x.png"),
    ],
)
async def test_a_page_with_a_fault_fails_the_test(body: str, complaint: str, browser: Browser) -> None:
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        async with opened(browser, _NOWHERE) as (page, _):
            await served(page, body)


async def test_refused_content_fails_the_test(browser: Browser) -> None:
    with pytest.raises(AssertionError, match=r"(?i:content security policy)"):
        async with opened(browser, _NOWHERE) as (page, _):
            await served(page, "<script>document.title = 'run'</script>", "script-src 'none'")


async def test_a_page_wider_than_its_window_is_found(browser: Browser) -> None:
    async with opened(browser, _NOWHERE, size="phone") as (page, _):
        await served(page, "<p>narrow</p>")
        assert await sideways(page) == []
        await served(page, "<div style='width: 500px'>wide</div>")
        assert "508" in " ".join(await sideways(page))


async def test_axe_finds_pale_text_under_a_strict_policy(browser: Browser) -> None:
    async with opened(browser, _NOWHERE) as (page, _):
        await served(page, "<main><h1>Title</h1><p style='color: #ddd'>pale</p></main>", "script-src 'none'")
        try:
            found = await axe.serious(page)
        except axe.NoAxe as cause:
            real.unavailable("axe-core", cause)
        assert [line.split()[0] for line in found] == ["color-contrast"]


async def test_a_journey_counts_acts_and_time(browser: Browser) -> None:
    async with opened(browser, _NOWHERE) as (page, _):
        body = "<label>Name <input></label><button onclick='document.body.append(\"thanks\")'>Send</button>"
        await served(page, body)
        journey = Journey(page, "a form")
        await journey.type("Name", "Emmy")
        await journey.click("Send", then="thanks")
    cost = journey.cost
    assert (cost.screens, cost.clicks, cost.fields, cost.characters, len(cost.waits)) == (1, 1, 1, 4, 1)
    assert cost.human_seconds == pytest.approx(1.1 + 4 * 0.28 + 2 * 1.35)
    assert "a form" in table([cost]) and "human time" in table([Cost("x")])


async def test_the_scene_opens_as_a_person(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        answer = await page.goto("/docs")
        assert answer is not None and answer.ok
