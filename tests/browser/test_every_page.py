"""Every page of the console: accessible in light and dark, three widths, readable without script, no foreign word."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser import axe
from tests.browser.addresses import NAMES, Address, addresses
from tests.browser.conftest import Opening
from tests.browser.scenario import Scene
from tests.browser.watching import WIDTHS, open_drawer, sideways
from tests.support import real

MOST_KILOBYTES = 150
"""Script and style that a first visit of any page transfers."""


@pytest.fixture(scope="module")
async def known(scene: Scene) -> dict[str, Address]:
    return await addresses(scene)


def test_every_page_has_a_name(known: dict[str, Address]) -> None:
    assert list(known) == NAMES


async def check(page: Page) -> list[str]:
    try:
        return await axe.serious(page)
    except axe.NoAxe as cause:
        real.unavailable("axe-core", cause)


@pytest.mark.parametrize("name", NAMES)
async def test_a_page_is_accessible_in_light_and_dark_and_fits_three_widths(
    name: str, known: dict[str, Address], open_as: Opening
) -> None:
    address = known[name]
    async with open_as(address.who) as (page, watch):
        answer = await page.goto(address.path)
        assert answer is not None and answer.ok
        assert address.heading in await page.locator("h1").first.inner_text()
        assert await check(page) == []
        await page.emulate_media(color_scheme="dark")
        assert await check(page) == []
        for width, height in WIDTHS.values():
            await page.set_viewport_size({"width": width, "height": height})
            assert await sideways(page) == [], width
        assert sum(watch.transferred.values()) <= MOST_KILOBYTES * 1024, watch.transferred


async def test_the_drawer_is_accessible_in_light_and_dark_and_nothing_in_it_is_cut_off(
    known: dict[str, Address], open_as: Opening
) -> None:
    async with open_as("carl") as (page, _):
        await page.goto(known["target"].path)
        drawer = await open_drawer(page)
        assert await check(page) == []
        await page.emulate_media(color_scheme="dark")
        assert await check(page) == []
        for width, height in WIDTHS.values():
            await page.set_viewport_size({"width": width, "height": height})
            assert await drawer.evaluate("each => each.scrollWidth - each.clientWidth") <= 0, width


async def test_every_page_is_readable_without_script(known: dict[str, Address], open_as: Opening) -> None:
    people = {address.who for address in known.values()}
    for who in people:
        async with open_as(who, scripts=False, size="phone") as (page, _):
            for address in known.values():
                if address.who == who:
                    await page.goto(address.path)
                    assert address.heading in await page.locator("h1").first.inner_text(), address
                    assert len(await page.locator("main").inner_text()) >= len(address.heading), address
