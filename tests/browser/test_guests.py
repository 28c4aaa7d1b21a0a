"""The other side without an account: a mailed link and a code, one promise refused, the next version signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from slm_chassis.clock import SystemClock
from tests.browser.conftest import Opening
from tests.browser.desks import two_companies
from tests.browser.journeys import Cost, Journey
from tests.browser.people import World
from tests.browser.scenario import Scene, availability, document, draft, empty, move, resolution
from tests.browser.watching import opened
from tests.support.mailbox import Mailbox, code_in, link_in

MOST_TAPS = 6
EMMY = "emmy@corner-shop.example"
REASON = "Four hours, as for everything else."


@pytest.fixture(scope="module")
async def mailed(
    undeclared: object, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Scene, Mailbox, str]]:
    """An installation that sends mails, and the path of an agreement that waits for Corner Shop's answer."""
    with Mailbox() as mailbox:
        settings = {
            "SLM_SMTP_URL": mailbox.url,
            "SLM_MAIL_FROM": "SLM <slm@example.com>",
            "SLM_CONSOLE_URL": "https://slm.example.com",
            # A busy machine answers late; what is tested is what a guest has to do.
            "SLM_CONSOLE_API_SECONDS": "30",
        }
        async with empty(tmp_path_factory.mktemp("guests"), settings) as (running, world):
            scene = Scene(running, world, SystemClock().now())
            yield scene, mailbox, await _proposed(scene)


async def _proposed(scene: Scene) -> str:
    world = scene.world
    await two_companies(world)
    checkout = {"key": "checkout", "name": "Checkout", "outcome": "Customers can pay online"}
    service_id = world.services["checkout"] = (await world.post("ada", "services", checkout))["service_id"]
    need = {"key": "always", "service_id": service_id, "text": "Customers can pay whenever the shop is open."}
    await world.post("carl", "requirements", need)
    about = {"key": "shop.checkout", "kind": "availability", "initial_state": "up", "service_id": service_id}
    await world.post("ada", "indicators", about)
    targets = [availability("shop.checkout", "Checkout is available", "99.5"), resolution("P2", "PT8H")]
    emmys = (await world.get("carl", "people"))["items"]
    emmy = next(each["person_id"] for each in emmys if each["name"] == "Emmy Noether")
    terms = document("Checkout for Corner Shop", scene.now, targets, signatories={"customer": [emmy]})
    await draft(world, "checkout", "corner-shop", "checkout", terms)
    await move(world, "ada", "checkout", "propose")
    return f"/agreements/{world.agreements['checkout']}"


async def test_a_guest_refuses_one_promise_and_signs_the_next_version(
    mailed: tuple[Scene, Mailbox, str], browser: Browser, costs: list[Cost]
) -> None:
    scene, mailbox, path = mailed
    await _send_link(scene, browser, "carl", path)
    link = urlsplit(link_in(await mailbox.next_to(EMMY))).path
    async with opened(browser, scene.url, size="phone", first_visit=True) as (page, _):
        journey = Journey(page, "6 guest refuses one promise (phone)")
        await _come_in(journey, mailbox, link)
        await journey.sees("Alder Managed Services makes Corner Shop Group 2 promises about Checkout.")
        for place in (".bottom-bar", "#palette", ".search-button"):
            await expect(page.locator(place)).to_have_count(0)
        await expect(page.locator("label.option").filter(has_text="Change")).to_have_count(0)
        await journey.choice("availability", "Accept")
        await journey.choice("p2-resolution", "Refuse")
        await journey.type("Why", REASON, within=page.locator("#target-p2-resolution"))
        await journey.click("Send answer: 1 accepted, 1 refused", then="waits for the answer of Alder")
        costs.append(journey.cost)
        assert journey.cost.clicks <= MOST_TAPS, journey.cost
    await _propose_anew(scene.world)
    async with opened(browser, scene.url, size="phone") as (page, _):
        journey = Journey(page, "6 guest accepts the next version (phone)")
        await _come_in(journey, mailbox, link)
        await journey.click("Accept all 2 promises", then="agreed, waits for your signature")
        costs.append(journey.cost)
        assert journey.cost.clicks <= MOST_TAPS, journey.cost
        journey = Journey(page, "6 guest signs it (phone)")
        await journey.click("Read and sign", then="Sign for Corner Shop Group")
        await journey.type("Your name", "Emmy Noether")
        await journey.click("Sign for Corner Shop Group", then="What was signed")
        costs.append(journey.cost)
        assert journey.cost.clicks <= MOST_TAPS, journey.cost
    final = await scene.world.get("carl", f"agreements/{scene.world.agreements['checkout']}")
    [signature] = final["signatures"]
    assert (signature["name"], signature["identified_by"]) == ("Emmy Noether", "mail_code")
    # The provider does not know who is named to sign for the customer until the customer has agreed.
    known = len(mailbox.to(EMMY))
    await _send_link(scene, browser, "ada", path)
    assert "/guest/" in link_in(await mailbox.next_to(EMMY, known))


async def _send_link(scene: Scene, browser: Browser, who: str, path: str) -> None:
    """Send Emmy a link as the manager of her own company does."""
    async with opened(browser, scene.url, key=scene.world.keys[who]) as (page, _):
        await page.goto(path)
        await page.get_by_role("link", name="People").click()
        await page.get_by_role("button", name="Send Emmy Noether a link by mail").click()
        await expect(page.get_by_text("A link is on its way to Emmy Noether.")).to_be_visible()


async def _come_in(journey: Journey, mailbox: Mailbox, link: str) -> None:
    known = len(mailbox.to(EMMY))
    await journey.open(link, then="You need no account.")
    await journey.click("Send me the code", then="Six digits")
    await journey.type("Code", code_in(await mailbox.next_to(EMMY, known)))
    await journey.click("Read it", then="What is promised")


async def _propose_anew(world: World) -> None:
    """Give way: two promises, the refused one stricter."""
    present = await world.get("ada", f"agreements/{world.agreements['checkout']}")
    kept = {name: value for name, value in present["document"].items() if name not in ("target_id", "service_id")}
    [first, second] = [
        {name: value for name, value in target.items() if name not in ("target_id", "service_id")}
        for target in present["document"]["targets"]
    ]
    stricter = {**second, "title": "P2 incidents are resolved within 4 hours", "objective": resolution()["objective"]}
    await move(world, "ada", "checkout", "counter", document={**kept, "targets": [first, stricter]})


async def test_without_a_mail_server_it_is_said_why_nobody_is_sent_a_link(scene: Scene, open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto(f"/agreements/{scene.world.agreements['returns']}/people")
        await expect(page.get_by_text("because this installation sends no mails")).to_be_visible()
        await expect(page.get_by_role("button", name="Send a link by mail")).to_have_count(0)
