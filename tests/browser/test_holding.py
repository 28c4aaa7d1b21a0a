"""A row of Today is given to somebody, and one key takes it back."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Opening


async def test_a_row_is_assigned_and_one_key_gives_it_back(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/")
        hold = page.locator(".urgency .hold").first
        row = page.locator(".urgency > li").filter(has=page.locator(".hold")).first
        await expect(hold.locator("summary")).to_have_text("Assign to somebody")
        await hold.locator("summary").click()
        await hold.get_by_label("Assign to").select_option(label="Grace Hopper")
        await hold.get_by_role("button", name="Assign").click()
        await expect(row.locator(".hold summary")).to_have_text("assigned to Grace Hopper")
        await page.keyboard.press("z")
        await expect(row.locator(".hold summary")).to_have_text("Assign to somebody")


async def test_a_breach_is_assigned_without_script(open_as: Opening) -> None:
    async with open_as("ada", scripts=False) as (page, _):
        await page.goto("/")
        await page.locator(".urgency li[data-row^='cause/'] .what a").first.click()
        await page.get_by_text("Assign to somebody").first.click()
        await page.get_by_label("Assign to").select_option(label="Ada Byron")
        await page.get_by_role("button", name="Assign").click()
        await expect(page.locator(".hold summary")).to_have_text("assigned to you")
        await page.get_by_text("assigned to you").first.click()
        await page.get_by_label("Assign to").select_option(label="nobody")
        await page.get_by_role("button", name="Assign").click()
        await expect(page.locator(".hold summary")).to_have_text("Assign to somebody")
