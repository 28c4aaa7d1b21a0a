"""A manager lets an auditor in by clicking, reads what the auditor did, and shows the door again."""

from __future__ import annotations

import re

from playwright.async_api import Browser, expect

from tests.browser.conftest import Opening
from tests.browser.journeys import Cost, Journey
from tests.browser.scenario import Scene
from tests.browser.test_joining import PASSWORD, link_on
from tests.browser.watching import opened


async def test_an_auditor_comes_in_reads_the_trail_and_is_deactivated(
    scene: Scene, browser: Browser, open_as: Opening, costs: list[Cost]
) -> None:
    async with open_as("ada") as (page, _):
        journey = Journey(page, "settings: invite an auditor")
        await journey.open("/", then="Settings")
        await journey.click("Settings", then="Short name")
        await page.get_by_role("link", name="People", exact=True).click()
        await expect(page.get_by_text("People and systems")).to_be_visible()
        await page.get_by_role("link", name="Invite", exact=True).click()
        await page.get_by_label("Name", exact=True).fill("Lise Meitner")
        await page.get_by_label("Their mail address").fill("lise@auditors.example")
        await page.get_by_label("What they do here").select_option("auditor")
        await page.get_by_label("Until").fill("31 Mar 2099")
        await page.get_by_role("button", name="Invite the colleague").click()
        link = await link_on(page)
    async with opened(browser, scene.url) as (page, watch):
        await page.goto(link)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Accept and sign in").click()
        await expect(page).to_have_title(re.compile("Today"))
        await page.goto("/settings/audit-trail")
        await expect(page.get_by_role("row").filter(has_text="Lise Meitner").first).to_be_visible()
        await page.get_by_label("About").select_option("session")
        await page.get_by_role("button", name="Filter", exact=True).click()
        row = page.get_by_role("row").filter(has_text="signed in").first
        await expect(row).to_contain_text("mail address and password")
        await row.get_by_role("link").click()
        await expect(page.get_by_role("heading", name="Lise Meitner")).to_be_visible()
        async with open_as("ada") as (managers, _):
            await managers.goto("/settings/people")
            await managers.get_by_role("button", name="Deactivate Lise Meitner").click()
            await expect(managers.get_by_role("row").filter(has_text="Lise Meitner")).to_contain_text("out since")
        watch.expected.add(401)
        await page.goto("/settings/people")
        await expect(page).to_have_title(re.compile("Sign in"))
        watch.expected.add(403)
        await page.get_by_label("Mail address").fill("lise@auditors.example")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(page.get_by_text("do not fit together")).to_be_visible()


async def test_an_invitation_is_withdrawn_and_colours_are_chosen(scene: Scene, open_as: Opening) -> None:
    await scene.world.post("ada", "invitations", {"alias": "Paylane"})
    async with open_as("ada") as (page, _):
        await page.goto("/settings/people")
        await page.get_by_role("button", name="Make a new link for Paylane").click()
        await expect(page.get_by_text("Pass this link on.")).to_be_visible()
        await page.get_by_role("button", name="Withdraw the invitation of Paylane").click()
        await expect(page.get_by_text("Paylane")).to_have_count(0)
        await page.goto("/settings/preferences")
        await page.get_by_label("Colours").select_option("dark")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
