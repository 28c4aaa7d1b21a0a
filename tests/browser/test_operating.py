"""Journeys of who runs and owns a service: an outage acknowledged, a cause found, time that does not count, a look."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.async_api import Page, expect

from tests.browser.conftest import Opening
from tests.browser.journeys import Cost, Journey
from tests.browser.scenario import MINUTE, Scene
from tests.browser.watching import TIME_ZONE, WIDTHS

BOTTOM_BAR = 52


async def is_above_the_fold(page: Page, text: str) -> bool:
    """Whether a text is to be seen without scrolling, above the bar at the bottom."""
    box = await page.locator("main").get_by_text(text).filter(visible=True).first.bounding_box()
    return box is not None and box["y"] + box["height"] <= WIDTHS["phone"][1] - BOTTOM_BAR


async def test_an_owner_with_a_phone_sees_whether_customers_can_pay(
    scene: Scene, open_as: Opening, costs: list[Cost]
) -> None:
    """No click after the link: can customers pay now, what was lost, what was promised."""
    async with open_as("carl", size="phone") as (page, _):
        journey = Journey(page, "5 owner looks (phone)")
        await journey.open(f"/services/{scene.world.services['checkout']}", then="Customers can pay online")
        await journey.sees("Lost this month", "What is promised", "Checkout is available")
        costs.append(journey.cost)
        assert journey.cost.clicks == 0
        for text in ("Customers can pay online", "Now", "Lost this month"):
            assert await is_above_the_fold(page, text), text


async def test_a_breach_is_acknowledged_from_a_message_at_night(
    scene: Scene, open_as: Opening, costs: list[Cost]
) -> None:
    """Three taps at most from the link of a message: what, since when, acknowledge."""
    found = await scene.world.get("ada", "breaches", agreement_id=scene.world.agreements["checkout-corner-shop"])
    breach = next(each for each in found["items"] if each["ticket"] is None)
    async with open_as("ada", size="phone") as (page, _):
        journey = Journey(page, "7 acknowledge at night (phone)")
        await journey.open(f"/breaches/{breach['breach_id']}", then="Checkout is available")
        await journey.sees("What was missed", "promise broken")
        await journey.click("Acknowledge", then="Ada Byron")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 3
    after = await scene.world.get("carl", f"breaches/{breach['breach_id']}")
    assert after["state"] == "acknowledged"


async def test_an_engineer_finds_why_and_the_customer_approves_the_time(
    scene: Scene, open_as: Opening, costs: list[Cost]
) -> None:
    zone = ZoneInfo(TIME_ZONE)
    begin, end = (
        datetime.fromtimestamp((scene.now - ago) // 1_000_000, zone).strftime("%d.%m. %H:%M")
        for ago in (35 * MINUTE, 5 * MINUTE)
    )
    async with open_as("ada") as (page, _):
        journey = Journey(page, "3 find why, ask")
        await journey.open(f"/services/{scene.world.services['mail']}", then="Staff can read mail")
        await journey.press(
            page.locator("main").get_by_role("link", name="Staff can read mail").last, then="Interruptions"
        )
        await journey.click("How is this worked out?", then="In a sentence")
        assert journey.cost.clicks <= 2
        await journey.click("Ask for time that does not count", then="Show what it changes")
        await journey.type("From", begin)
        await journey.type("Until", end)
        await journey.type("Why", "Announced on Friday.")
        await journey.click("Show what it changes", then="30 min of downtime no longer counts")
        await journey.click("Ask the other side", then="asks that 30 min do not count")
        costs.append(journey.cost)
        path = page.url.partition(scene.url)[2]
    async with open_as("carl", size="phone") as (page, _):
        journey = Journey(page, "3 approve the time (phone)")
        await journey.open(path, then="asks that 30 min do not count")
        await journey.press(page.get_by_role("button", name="Approve: 30 min do not count"), then="does not count")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 2
    async with open_as("ada") as (page, _):
        await page.goto(path)
        await expect(page.locator(".facts").get_by_text("does not count")).to_be_visible()


async def test_each_company_acts_on_time_that_does_not_count_by_clicking(scene: Scene, open_as: Opening) -> None:
    """Refused with a reason; asked for again, every week; approved, seen in the calendar, and revoked with a reason."""
    agreement = scene.world.agreements["mail-corner-shop"]
    for text, repeats in (("A quick look", False), ("New disks", True)):
        async with open_as("ada") as (page, _):
            await page.goto(f"/maintenance/new?agreement={agreement}")
            await page.get_by_label("From").fill("2027-01-04 02:00")
            await page.get_by_label("Until").fill("2027-01-04 04:00")
            if repeats:
                await page.get_by_label("Repeats").select_option(label="every week")
                await page.get_by_label("How many times").fill("3")
            await page.get_by_label("Why").fill(text)
            await page.get_by_role("button", name="Show what it changes").click()
            await expect(page.get_by_text("it changes no figure now")).to_be_visible()
            await page.get_by_role("button", name="Ask the other side").click()
            await expect(page.get_by_text("waits for Corner Shop Group")).to_be_visible()
            await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
        async with open_as("carl") as (page, watch):
            await page.goto("/maintenance")
            await page.get_by_role("row").filter(has_text=text).get_by_role("link", name="Decide").click()
            if repeats:
                await page.get_by_role("button", name="Approve: 6 h do not count").click()
                await expect(page.locator(".facts").get_by_text("does not count")).to_be_visible()
                continue
            watch.expected.add(422)
            await page.get_by_role("button", name="Refuse: it counts").click()
            await expect(page.get_by_text("Say why; the other side reads it.")).to_be_visible()
            await page.get_by_label("A word to the other side").fill("Not in January.")
            await page.get_by_role("button", name="Refuse: it counts").click()
            await expect(page.get_by_text("Not in January.")).to_be_visible()
    async with open_as("ada") as (page, _):
        await page.goto(f"/services/{scene.world.services['mail']}/maintenance?month=2027-01")
        for day in ("Monday 4 January", "Monday 11 January", "Monday 18 January"):
            await expect(page.get_by_role("cell", name=day).get_by_text("New disks")).to_be_visible()
        await expect(page.get_by_role("cell").get_by_text("A quick look")).to_have_count(1)
        await page.get_by_role("cell", name="Monday 11 January").get_by_role("link").click()
        await page.get_by_text("Withdraw the approval").click()
        await page.get_by_label("Why?").fill("The disks came without cables.")
        await page.get_by_role("button", name="Withdraw: 6 h count again").click()
        await expect(page.get_by_text("The disks came without cables.")).to_be_visible()
        await page.goto("/maintenance?month=2027-01&state=approved")
        await expect(page.get_by_role("link").filter(has_text="New disks")).to_have_count(0)
