"""Journeys behind the compose gateway's nginx, the console in its own process, at the root and under a prefix."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, expect

from slm_events.instants import to_text
from tests.browser import watching
from tests.browser.gateways import Gateway, gateway_before
from tests.browser.journeys import Cost, Journey
from tests.browser.scenario import HOUR, MINUTE, eventually, staged
from tests.browser.watching import STREAMS, TIME_ZONE
from tests.support.mailbox import Mailbox, code_in, link_in

PREFIX = "/slm"
EMMY = "emmy@corner-shop.example"


@pytest.fixture(scope="module", params=["", PREFIX], ids=["root", "prefix"])
async def behind(
    request: pytest.FixtureRequest, undeclared: object, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """One process of services and one of the console, behind nginx."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    prefix, mailbox = str(request.param), Mailbox()
    with mailbox:
        settings = {
            "SLM_SMTP_URL": mailbox.url,
            "SLM_MAIL_FROM": "SLM <slm@example.com>",
            "SLM_CONSOLE_URL": f"https://slm.example.com{prefix}",
            "SLM_TRUSTED_PROXIES": "127.0.0.1",
        }
        async with (
            staged(folder / "services", settings) as scene,
            gateway_before(scene, folder, mailbox, prefix) as made,
        ):
            yield made


async def test_signing_in_keeps_to_the_prefix_and_the_cookie_is_the_browsers_own(
    behind: Gateway, browser: Browser
) -> None:
    async with watching.opened(browser, behind.origin) as (page, _):
        await page.goto(behind.at("/services"))
        await page.get_by_text("Sign in with a key").click()
        await page.get_by_label("Key", exact=True).fill(behind.scene.world.keys["ada"])
        await page.get_by_role("button", name="Sign in with this key").click()
        await expect(page.get_by_role("heading", name="Services")).to_be_visible()
        assert urlsplit(page.url).path == behind.at("/services")
        [cookie] = [each for each in await page.context.cookies() if each["name"] == "slm_session"]
        assert (cookie["path"], cookie["httpOnly"], cookie["sameSite"]) == (behind.prefix or "/", True, "Lax")
        # The stream is open: the one path of the API that takes the cookie.
        await expect(page.locator("#as-of")).to_have_attribute("data-state", "live")
        links: list[str] = await page.eval_on_selector_all("a[href], form[action]", _ADDRESSES)
        assert all(each.startswith((behind.at("/"), "/docs", "#")) or each == behind.prefix for each in links), links


_ADDRESSES = "all => all.map(each => each.getAttribute('href') ?? each.getAttribute('action'))"


async def test_an_outage_is_acknowledged(behind: Gateway, browser: Browser, costs: list[Cost]) -> None:
    """1b: at most three clicks from the outage to its acknowledgement, on a page that was open before."""
    scene = behind.scene
    async with behind.opened(browser, "ada") as (page, _):
        journey = Journey(page, f"1b outage acknowledged{behind.prefix and ' (prefix)'}")
        await journey.open(behind.at("/"), then="outage now")
        end = scene.now - 60 * MINUTE
        # Whatever day it is, either this month or the one before has more of it than the promise allows, not both.
        outage = {"from": to_text(end - 400 * MINUTE), "to": to_text(end)}
        await scene.world.post("monitoring", "measurements", [{"indicator": "mail.platform", "outage": outage}])
        of_mail = {"agreement_id": scene.world.agreements["mail-corner-shop"]}

        async def breached() -> bool:
            return bool((await scene.world.get("ada", "breaches", **of_mail))["items"])

        await eventually(breached)
        await page.reload()
        row = page.locator(".urgency li").filter(has_text="Staff can read mail")
        await expect(row.get_by_role("button", name="Acknowledge").first).to_be_visible()
        await journey.press(row.get_by_role("button", name="Acknowledge").first, then="Say the cause")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 3

        async def acknowledged() -> bool:
            found = (await scene.world.get("ada", "breaches", **of_mail))["items"]
            return [each["state"] for each in found] == ["acknowledged"]

        await eventually(acknowledged, 20)


async def test_an_engineer_finds_why_and_the_customer_approves(
    behind: Gateway, browser: Browser, costs: list[Cost]
) -> None:
    """3: two clicks to the reason, a request with its effect, and the approval that both see."""
    scene, zone = behind.scene, ZoneInfo(TIME_ZONE)
    begin, end = (
        datetime.fromtimestamp((scene.now - ago) // 1_000_000, zone).strftime("%Y-%m-%d %H:%M")
        for ago in (3 * HOUR, 2 * HOUR)
    )
    ending = behind.prefix and " (prefix)"
    async with behind.opened(browser, "ada") as (page, _):
        journey = Journey(page, f"3 find why, ask{ending}")
        await journey.open(behind.at(f"/services/{scene.world.services['checkout']}"), then="Customers can pay online")
        target = page.locator("main").get_by_role("link", name="Checkout is available").last
        await journey.press(target, then="Interruptions")
        await journey.click("How is this worked out?", then="In a sentence")
        assert journey.cost.clicks <= 2
        await journey.click("Ask for time that does not count", then="Show what it changes")
        await journey.type("From", begin)
        await journey.type("Until", end)
        await journey.type("Why", "Announced on Friday.")
        await journey.click("Show what it changes", then="of downtime no longer counts")
        await journey.click("Ask the other side", then="asks that 1 h do not count")
        costs.append(journey.cost)
        path = urlsplit(page.url).path
    async with behind.opened(browser, "carl", "phone") as (page, _):
        journey = Journey(page, f"3 approve the time{ending}")
        await journey.open(path, then="asks that 1 h do not count")
        await journey.press(page.get_by_role("button", name="Approve: 1 h do not count"), then="Withdraw the approval")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 2
    async with behind.opened(browser, "ada") as (page, _):
        await page.goto(path)
        await expect(page.locator(".facts").get_by_text("does not count")).to_be_visible()


async def test_a_guest_answers_from_the_mail(behind: Gateway, browser: Browser, costs: list[Cost]) -> None:
    """6: the link of the mail, the code of the other one, one promise accepted and one refused."""
    path = behind.at(f"/agreements/{behind.scene.world.agreements['returns']}")
    async with behind.opened(browser, "carl") as (page, _):
        await page.goto(path)
        await page.get_by_role("link", name="People").click()
        await page.get_by_role("button", name="Send Emmy Noether a link by mail").click()
        await expect(page.get_by_text("A link is on its way to Emmy Noether.")).to_be_visible()
    link = urlsplit(link_in(await behind.mailbox.next_to(EMMY))).path
    assert link.startswith(behind.at("/guest/"))
    async with watching.opened(browser, behind.origin, size="phone", first_visit=True) as (page, _):
        journey = Journey(page, f"6 guest refuses one promise{behind.prefix and ' (prefix)'}")
        known = len(behind.mailbox.to(EMMY))
        await journey.open(link, then="You need no account.")
        await journey.click("Send me the code", then="Six digits")
        await journey.type("Code", code_in(await behind.mailbox.next_to(EMMY, known)))
        await journey.click("Read it", then="What is promised")
        await journey.choice("availability", "Accept")
        await journey.choice("p2-resolution", "Refuse")
        await journey.type("Why", "Four hours.", within=page.locator("#target-p2-resolution"))
        await journey.click("Send answer: 1 accepted, 1 refused", then="waits for the answer of Alder")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 6
        assert urlsplit(page.url).path == path
    await _reads_nothing_else(behind, browser, link)


async def _reads_nothing_else(behind: Gateway, browser: Browser, link: str) -> None:
    """A guest is shown no other document and no list; the code was used up, and the link alone lets nobody in."""
    others = [key for key in behind.scene.world.agreements if key != "returns"]
    async with watching.opened(browser, behind.origin, first_visit=True) as (page, watch):
        watch.expected |= {403, 404}
        known = len(behind.mailbox.to(EMMY))
        await page.goto(link)
        await page.get_by_role("button", name="Send me the code").click()
        code = code_in(await behind.mailbox.next_to(EMMY, known))
        await page.get_by_label("Code").fill(code)
        await page.get_by_role("button", name="Read it").click()
        await expect(page.get_by_text("What is promised").first).to_be_visible()
        for key in others:
            answer = await page.goto(behind.at(f"/agreements/{behind.scene.world.agreements[key]}"))
            assert answer is not None and answer.status == 404, key
        for place in ("/", "/services", "/tickets", "/maintenance", "/reviews/actions", "/customers"):
            await page.goto(behind.at(place))
            for name in ("Customers can pay online", "Staff can read mail", "INC-20417", "Harbour Savings Bank"):
                assert name not in await page.locator("main").inner_text(), (place, name)
    async with watching.opened(browser, behind.origin, first_visit=True) as (page, watch):
        watch.expected.add(403)
        await page.goto(link)
        token = await page.locator("input[name=csrf_token]").first.get_attribute("value")
        refused = await page.request.post(behind.at_origin(link), form={"csrf_token": token or "", "code": code})
        assert refused.status == 403
        assert "slm_session" not in {each["name"] for each in await page.context.cookies()}


async def test_a_meeting_is_prepared(behind: Gateway, browser: Browser, costs: list[Cost]) -> None:
    """1c: from Today to this month's reports and the meeting's page in at most three clicks."""
    async with behind.opened(browser, "ada") as (page, _):
        journey = Journey(page, f"1c meeting prepared{behind.prefix and ' (prefix)'}")
        await journey.open(behind.at("/customers"), then="Corner Shop Group")
        await journey.press(
            page.locator("main").get_by_role("link", name="Corner Shop Group").first, then="Make this month"
        )
        await journey.click("Make this month's reports", then="Reports")
        await expect(page.locator("main tbody tr").first).to_be_visible()
        await journey.press(page.get_by_role("link", name="Meetings"), then="Checkout for Corner Shop")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 3


async def test_while_a_service_is_away_its_part_says_so_and_the_rest_works(behind: Gateway, browser: Browser) -> None:
    """Pages that were read before show their last figures, greyed and with their time; forms of others go on."""
    async with behind.opened(browser, "ada") as (page, watch):
        for path in ("/", "/services"):
            await page.goto(behind.at(path))
        await expect(page.locator("main").get_by_text("Staff can read mail").first).to_be_visible()
        await behind.doors["monitor"].shut()
        try:
            watch.expected |= {502, 503}
            watch.may_be_cut = STREAMS
            for path in ("/", "/services"):
                await page.goto(behind.at(path))
                await expect(page.get_by_text("These are the figures of").first).to_be_visible()
                await expect(page.locator(".away").first).to_contain_text("Staff can read mail")
            await page.goto(behind.at(f"/services/{behind.scene.world.services['mail']}"))
            await expect(page.get_by_text("This part does not answer just now. Everything else works.")).to_be_visible()
            for path, heading in (
                ("/agreements", "Agreements"),
                ("/reviews", "Reviews"),
                ("/sessions", "Where you are"),
            ):
                answer = await page.goto(behind.at(path))
                assert answer is not None and answer.ok, path
                await expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        finally:
            await behind.doors["monitor"].open()
        await page.goto(behind.at("/services"))
        await expect(page.get_by_text("These are the figures of")).to_have_count(0)
