"""From an empty installation to a signed agreement: the first start, invitations, both companies in their browsers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.journeys import Cost, Journey
from tests.browser.people import World
from tests.browser.scenario import empty
from tests.browser.watching import opened
from tests.support.processes import Running

PASSWORD = "eleven green bottles"
MOST_CLICKS, MOST_FIELDS = 12, 6


@dataclass
class Start:
    """An installation in which nobody is registered, and the path of the link that its start printed."""

    running: Running
    world: World
    link: str


@pytest.fixture(scope="module")
async def start(undeclared: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Start]:
    async with empty(tmp_path_factory.mktemp("start")) as (running, world):
        found = await world.post("operator", "installation/links", {})
        yield Start(running, world, str(found["link"]))


async def sign_in(page: Page, email: str) -> None:
    await page.goto("/sign-in")
    await page.get_by_label("Mail address").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page).to_have_title(re.compile("Today"))


async def link_on(page: Page) -> str:
    """The path of the link that a page shows once."""
    text = await page.locator("code").inner_text()
    return re.sub(r"^https?://[^/]+", "", text)


async def test_a_company_comes_in_writes_three_promises_and_both_sides_sign(
    start: Start, browser: Browser, costs: list[Cost]
) -> None:
    """Everything by clicking. Whoever brings a company in names who signs for it."""
    url = start.running.url
    async with opened(browser, url) as (page, _):
        journey = Journey(page, "1 first start")
        await journey.open(start.link, then="Welcome. Who are you?")
        await journey.type("Your company", "Alder Managed Services")
        await journey.type("Your name", "Ada Byron")
        await journey.type("Your mail address", "ada@alder.example")
        await journey.type("Password", PASSWORD)
        await journey.type("Who signs", "Grace Hopper")
        await journey.type("Their mail address", "grace@alder.example")
        await journey.click("Begin", then="One link to pass on")
        graces = await link_on(page)
        costs.append(journey.cost)
        journey = Journey(page, "1a invite, write three promises")
        await journey.open("/customers", then="No customer yet")
        await journey.click("Invite a company", then="Another company")
        await journey.type("What you call it", "Corner Shop Group")
        await journey.type("Mail address", "carl@shop.example")
        await journey.click("Invite the company", then="Pass this link on.")
        shops = await link_on(page)
        async with opened(browser, url, size="phone") as (phone, _):
            joining = Journey(phone, "1a join as the customer (phone)")
            await joining.open(shops, then="You are invited")
            await joining.sees("Ada Byron of Alder Managed Services invites Corner Shop Group.")
            await joining.type("Your name", "Carl Friedrich")
            await joining.type("Password", PASSWORD)
            await joining.type("Who signs", "Emmy Noether")
            await joining.type("Their mail address", "emmy@shop.example")
            await joining.click("Accept and sign in", then="One link to pass on")
            emmys = await link_on(phone)
            costs.append(joining.cost)
        await journey.open("/agreements/new", then="What is promised")
        await journey.type("Name of the service", "Checkout")
        await journey.type("What it is for", "Customers can pay online")
        await journey.click("Keep as draft and go on writing", then="Add a promise")
        await journey.click("Propose to Corner Shop Group", then="waits for the answer of Corner Shop Group")
        costs.append(journey.cost)
        assert journey.cost.clicks <= MOST_CLICKS and journey.cost.fields <= MOST_FIELDS
        path = re.sub(r"^https?://[^/]+", "", page.url)
    await _customer_changes_one(start, browser, costs, path)
    async with opened(browser, url) as (page, _):
        await sign_in(page, "ada@alder.example")
        await page.goto(path)
        await page.get_by_role("button", name="Accept all 3 promises").click()
        await expect(page.get_by_text("agreed, waits for the signature").first).to_be_visible()
    async with opened(browser, url) as (page, _):
        await page.goto(graces)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Accept and sign in").click()
        await expect(page).to_have_title(re.compile("Today"))
        await sign(page, path, "Grace Hopper", "Alder Managed Services", costs, "The need is known to both.")
    async with opened(browser, url, size="phone") as (page, _):
        await page.goto(emmys)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Accept and sign in").click()
        await expect(page).to_have_title(re.compile("Today"))
        await sign(page, path, "Emmy Noether", "Corner Shop Group", costs)
        await expect(page.get_by_text("Both sides have signed.")).to_be_visible()
    _each_side_in_bounds(costs)


def _each_side_in_bounds(costs: list[Cost]) -> None:
    """All acts of a side together: inviting, writing or changing, signing; joining is the customer's."""
    sides = (
        ("1a invite, write three promises", "1a sign (Grace Hopper)"),
        ("1a join as the customer (phone)", "1a change one promise (phone)", "1a sign (Emmy Noether)"),
    )
    for names in sides:
        acts = [cost for cost in costs if cost.name in names]
        assert len(acts) == len(names)
        assert sum(cost.clicks for cost in acts) <= MOST_CLICKS, names
        assert sum(cost.fields for cost in acts) <= MOST_FIELDS, names


async def _customer_changes_one(start: Start, browser: Browser, costs: list[Cost], path: str) -> None:
    async with opened(browser, start.running.url, size="phone") as (page, _):
        await sign_in(page, "carl@shop.example")
        journey = Journey(page, "1a change one promise (phone)")
        await journey.open("/agreements", then="Needs you")
        await journey.click("Answer", then="What is promised")
        await journey.choice("availability", "Accept")
        await journey.choice("p1-response", "Accept")
        await journey.choice("p1-resolution", "Change")
        await journey.type("Instead", "2 h", within=page.locator("#target-p1-resolution"))
        await journey.click("Send answer: 2 accepted, 1 changed", then="waits for the answer of Alder")
        costs.append(journey.cost)
        assert journey.cost.clicks <= MOST_CLICKS and journey.cost.fields <= MOST_FIELDS


async def sign(page: Page, path: str, name: str, company: str, costs: list[Cost], why: str = "") -> None:
    """Sign. The first who signs gives a reason for what the check doubts; the next one reads it."""
    journey = Journey(page, f"1a sign ({name})")
    await journey.open(path, then="What is promised")
    await journey.click("Read and sign", then=f"Sign for {company}")
    if why:
        await journey.type("Why you sign all the same", why)
    else:
        await journey.sees("Grace Hopper: “The need is known to both.”")
    await journey.type("Your name", name)
    await journey.click(f"Sign for {company}", then="What was signed")
    costs.append(journey.cost)


async def test_a_used_link_lets_nobody_in(start: Start, browser: Browser) -> None:
    async with opened(browser, start.running.url) as (page, watch):
        watch.expected.update({403, 422})
        for path in ("/invitations/slm_never", "/sign-in/slm_never"):
            await page.goto(path)
            if await page.get_by_label("Password").count():
                await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button").last.click()
            await expect(page.get_by_text("This link was used already, or it has ended.")).to_be_visible()


async def test_a_wrong_password_is_answered_like_an_unknown_address(start: Start, browser: Browser) -> None:
    async with opened(browser, start.running.url) as (page, watch):
        watch.expected.add(403)
        for email in ("ada@alder.example", "nobody@alder.example"):
            await page.goto("/sign-in")
            await page.get_by_label("Mail address").fill(email)
            await page.get_by_label("Password").fill("not the right one")
            await page.get_by_role("button", name="Sign in", exact=True).click()
            await expect(page.get_by_text("Mail address and password do not fit together.")).to_be_visible()


async def test_signing_out_ends_the_session_everywhere(start: Start, browser: Browser) -> None:
    async with opened(browser, start.running.url) as (page, _):
        await sign_in(page, "ada@alder.example")
        [cookie] = [each for each in await page.context.cookies() if each["name"] == "slm_session"]
        assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        start.world.keys["gone"] = cookie["value"]
        with pytest.raises(AssertionError, match="401"):
            await start.world.get("gone", "me")
