"""A table in a browser: filtered by the keyboard, sorted by a header, downloaded as it is shown."""

from __future__ import annotations

import csv
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from slm_events.instants import to_text
from tests.browser.conftest import Opening
from tests.browser.scenario import DAY, Scene


async def test_a_list_is_filtered_sorted_and_downloaded(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        # The scene has few agreements: the filter is offered above more than eight rows, or while one is set.
        await page.goto("/agreements?q=for")
        await page.keyboard.press("/")
        await page.keyboard.press("Control+a")
        await page.keyboard.type("corner")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url("/agreements?q=corner")
        rows = page.locator("tr[data-row]")
        shown = await rows.count()
        assert shown > 1
        await page.locator("thead a").first.click()
        await expect(page.locator("th").first).to_have_attribute("aria-sort", "ascending")
        async with page.expect_download() as started:
            await page.get_by_role("link", name="Download CSV").click()
        text = Path(await (await started.value).path()).read_text("utf-8")
        titles = await rows.locator("a.title").all_inner_texts()
    read = list(csv.DictReader(text.splitlines()))
    assert [each["Agreement"] for each in read] == titles and len(read) == shown


async def test_a_tap_on_a_row_opens_what_it_is_about(scene: Scene, open_as: Opening) -> None:
    async with open_as("ada", size="phone") as (page, _):
        await page.goto(f"/services/{scene.world.services['checkout']}")
        row = page.locator("tr[data-row^='target/']").first
        target = str(await row.get_attribute("data-row"))
        await row.locator("td").nth(1).click()
        await expect(page).to_have_url(f"/targets/{target.removeprefix('target/')}")
        await page.go_back()
        await row.locator("[data-drawer]").click()
        await expect(page.locator("dialog.drawer")).to_be_visible()


async def test_a_table_is_filtered_and_downloaded_without_script(open_as: Opening) -> None:
    async with open_as("ada", scripts=False) as (page, _):
        # Few services are looked over at once: the filter is offered for more than eight rows, or while one is set.
        await page.goto("/services?q=customers")
        await page.get_by_label("Show only rows with this text").fill("mail")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.locator("tr[data-row]")).to_have_count(1)
        assert (
            await page.get_by_role("link", name="Download CSV").get_attribute("href") == "/services?q=mail&format=csv"
        )


LISTS = (
    "/agreements",
    "/connections",
    "/connections/measurements",
    "/customers",
    "/maintenance",
    "/reviews",
    "/reviews/actions",
    "/reviews/lessons",
    "/reviews/meetings",
    "/services",
    "/tickets",
)
"""Every page that is a list of one kind of thing."""


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_is_sorted_filtered_and_downloaded_as_it_is_shown(
    scene: Scene, open_as: Opening, path: str
) -> None:
    await reviewed(scene)
    async with open_as("ada") as (page, _):
        await page.goto(path)
        shown = await page.locator("#main tbody tr[data-row]").count()
        assert shown, path
        whole = await downloaded(page, f"{path}?format=csv")
        assert len(whole) - 1 == shown
        for sorts in await page.locator("#main thead a").evaluate_all("all => all.map(each => each.href)"):
            answer = await page.request.get(sorts)
            assert answer.ok, sorts
            assert len(await downloaded(page, f"{sorts}&format=csv")) == len(whole), sorts
        word = next(cell for cell in whole[1] if len(cell) > 3)[:40]
        filtered = await downloaded(page, f"{path}?{urlencode({'q': word, 'format': 'csv'})}")
        assert 1 < len(filtered) <= len(whole)
        assert all(any(word.casefold() in cell.casefold() for cell in line) for line in filtered[1:])


async def reviewed(scene: Scene) -> None:
    """Record an action, a lesson and a report, unless that was done before, so that no list is empty."""
    world = scene.world
    if (await world.get("ada", "actions"))["items"]:
        return
    reviews = (await world.get("ada", "reviews"))["items"]
    path = next(f"reviews/{each['review_id']}" for each in reviews if each["state"] == "open")
    action = {"text": "Move the certificate's renewal", "owner": "Checkout team", "expected_change": "No expiry"}
    await world.post("ada", f"{path}/actions", {**action, "due_at": to_text(scene.now + 9 * DAY)})
    await world.post("ada", f"{path}/lessons", {"text": "Certificates end on Sundays."})
    await world.post("ada", "reports", {"agreement_id": world.agreements["checkout-corner-shop"]})


async def test_the_audit_trail_is_downloaded_as_it_is_filtered(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/settings/audit-trail?kind=agreement")
        link = page.get_by_role("link", name="Download CSV")
        lines = await downloaded(page, str(await link.get_attribute("href")))
        everything = await downloaded(page, "/settings/audit-trail?format=csv")
    assert 1 < len(lines) < len(everything)
    assert lines[0][:3] == ["When", "When, in UTC", "Who"] and lines[1][1].endswith("Z")


async def downloaded(page: Page, address: str) -> list[list[str]]:
    """Return the lines of a table's download, its header first."""
    answer = await page.request.get(address)
    assert answer.ok and answer.headers["content-type"].startswith("text/csv"), address
    return list(csv.reader((await answer.text()).splitlines()))
