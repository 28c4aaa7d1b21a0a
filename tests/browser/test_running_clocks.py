"""Clocks on a page are counted on in the browser: steadily, without going back when the page is read again."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Opening

MINUTE = 60_000


async def minutes_in(cell: Locator) -> int:
    """Return the first number of minutes in a cell's text."""
    text = await cell.inner_text()
    hours, minutes = re.search(r"(\d+) h", text), re.search(r"(\d+) min", text)
    return 60 * int(hours[1] if hours else 0) + int(minutes[1] if minutes else 0)


async def minutes_later(page: Page, cell: Locator, count: int) -> list[int]:
    """Return the minutes that a cell shows now and at the end of each of the next minutes."""
    shown = [await minutes_in(cell)]
    for _ in range(count):
        await page.clock.fast_forward(MINUTE)
        await page.wait_for_timeout(50)
        shown.append(await minutes_in(cell))
    return shown


async def test_a_countdown_goes_down_each_minute_and_never_back(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.clock.install()
        await page.goto("/")
        row = page.locator("[data-row='ticket/desk/INC-20417']")
        shown = await minutes_later(page, row.locator("[data-until]"), 3)
        assert shown == sorted(shown, reverse=True) and shown[0] - shown[-1] in (3, 4), shown
        # The page was read again meanwhile, as of an instant that is minutes behind this browser's clock.
        await page.clock.fast_forward(31_000)
        await page.wait_for_timeout(1_500)
        assert await minutes_in(row.locator("[data-until]")) <= shown[-1]
        next_deadline = page.locator(".sentence-line [data-until]")
        assert await minutes_in(next_deadline) == await minutes_in(row.locator("[data-until]"))


async def test_how_long_something_is_down_goes_up(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.clock.install()
        await page.goto("/")
        shown = await minutes_later(page, page.locator(".urgency [data-since]").first, 2)
        assert shown == sorted(shown) and shown[-1] - shown[0] in (2, 3), shown


async def test_a_clock_that_goes_on_is_not_tinted_as_a_change(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.clock.install()
        await page.goto("/")
        await page.evaluate(
            "() => { window.tinted = []; new MutationObserver(all => all.forEach(each => window.tinted.push("
            "each.target.className))).observe(document.getElementById('main'), "
            "{subtree: true, attributes: true, attributeFilter: ['class']}); }"
        )
        await page.clock.fast_forward(31_000)
        await page.wait_for_timeout(1_500)
        tinted = await page.evaluate(
            "() => window.tinted.filter(each => each.includes('left') && each.includes('changed'))"
        )
        assert tinted == []


async def test_each_number_on_top_leads_to_its_rows_without_script(open_as: Opening) -> None:
    async with open_as("ada", scripts=False) as (page, _):
        await page.goto("/")
        numbers = await page.locator(".sentence-line a").count()
        assert numbers > 1
        for number in range(numbers):
            link = page.locator(".sentence-line a").nth(number)
            text = await link.inner_text()
            counted = re.match(r"\d+", text)
            await link.click()
            rows = page.locator(".urgency > li")
            await expect(rows).to_have_count(int(counted[0]) if counted else 1)
            await page.goto("/")
