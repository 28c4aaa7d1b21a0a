"""Journeys of two sides who negotiate: a promise refused from the phone, one changed, the signature."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from slm_events.instants import to_text
from tests.browser.conftest import Opening
from tests.browser.journeys import Cost, Journey
from tests.browser.scenario import Scene, availability, document, draft, move, resolution

MOST_TAPS = 6
DAY = 86_400_000_000


async def proposed(scene: Scene, key: str) -> str:
    """Propose a new agreement of two promises to Corner Shop; return its path."""
    targets = [availability("shop.checkout", "Gift cards can be bought", "99.5"), resolution("P2", "PT8H")]
    await draft(scene.world, key, "corner-shop", "checkout", document(f"{key} for Corner Shop", scene.now, targets))
    await move(scene.world, "ada", key, "propose")
    return f"/agreements/{scene.world.agreements[key]}"


async def test_a_promise_is_refused_with_a_comment_and_the_next_version_signed(
    scene: Scene, open_as: Opening, costs: list[Cost]
) -> None:
    """The other side answers from a phone in six taps; the provider gives way; both sign."""
    path = await proposed(scene, "gifts")
    async with open_as("carl", size="phone", first_visit=True) as (page, _):
        journey = Journey(page, "6 refuse one promise (phone)")
        await journey.open(path, then="What is promised")
        await journey.sees("Alder Managed Services makes Corner Shop Group 2 promises about Checkout.")
        await journey.choice("availability", "Accept")
        await journey.choice("p2-resolution", "Refuse")
        await journey.type("Why", "Four hours, as for everything else.", within=page.locator("#target-p2-resolution"))
        await journey.click("Send answer: 1 accepted, 1 refused", then="waits for the answer of Alder")
        costs.append(journey.cost)
        assert journey.cost.clicks <= MOST_TAPS
    async with open_as("ada") as (page, _):
        journey = Journey(page, "6 change what was refused")
        await journey.open(path, then="What is promised")
        await journey.sees("Corner Shop Group refuses it: “Four hours, as for everything else.”")
        await journey.choice("availability", "Accept")
        await journey.choice("p2-resolution", "Change")
        await journey.type("Instead", "4 h", within=page.locator("#target-p2-resolution"))
        await journey.type("Why", "Four hours it is.", within=page.locator("#target-p2-resolution"))
        await journey.click("Send answer: 1 accepted, 1 changed", then="waits for the answer of Corner Shop")
        costs.append(journey.cost)
    async with open_as("carl", size="phone") as (page, _):
        journey = Journey(page, "6 accept the next version (phone)")
        await journey.open(path, then="1 change since revision")
        await expect(page.locator("#target-p2-resolution del")).to_have_text("8")
        await expect(page.locator("#target-p2-resolution ins")).to_have_text("4")
        await journey.sees("Alder Managed Services changed it: “Four hours it is.”")
        await journey.click("Accept all 2 promises", then="agreed, waits for the signature")
        costs.append(journey.cost)
    for who, name, company in (
        ("grace", "Grace Hopper", "Alder Managed Services"),
        ("emmy", "Emmy Noether", "Corner Shop Group"),
    ):
        async with open_as(who, size="phone") as (page, _):
            journey = Journey(page, f"1a sign ({who}, phone)")
            await journey.open(path, then="What is promised")
            await journey.click("Read and sign", then=f"Sign for {company}")
            await journey.type("Your name", name)
            await journey.click(f"Sign for {company}", then="What was signed")
            costs.append(journey.cost)
            assert journey.cost.clicks <= MOST_TAPS
    final = await scene.world.get("carl", f"agreements/{scene.world.agreements['gifts']}")
    assert final["state"] in ("finalized", "in_force")


async def test_what_the_other_side_refuses_is_not_accepted_by_default(scene: Scene, open_as: Opening) -> None:
    path = await proposed(scene, "insisted")
    refuse = [{"target": "availability", "reason": "More."}]
    await move(scene.world, "carl", "insisted", "answer", accept=["p2-resolution"], refuse=refuse)
    async with open_as("ada") as (page, _):
        await page.goto(path)
        await expect(page.get_by_text("Corner Shop Group refused 1 of 2 promises")).to_be_visible()
        await expect(page.locator("#target-availability input:checked")).to_have_count(0)
        await expect(page.locator("#target-p2-resolution input:checked")).to_have_count(1)


async def test_three_promises_are_written_and_proposed_from_a_template(
    scene: Scene, open_as: Opening, costs: list[Cost]
) -> None:
    async with open_as("ada") as (page, _):
        journey = Journey(page, "1a write three promises")
        await journey.open("/agreements", then="Needs you")
        await journey.click("New agreement", then="What is promised")
        await journey.choose("We promise", "Corner Shop Group")
        await journey.choose("about", "Checkout")
        await journey.type("called", "Wish lists")
        await journey.click("Propose it", then="waits for the answer of Corner Shop Group")
        await journey.sees("Available at least 99.9 % of each month.", "P1 incidents: first answer within 30 min.")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 12 and journey.cost.fields <= 6


async def test_n_and_p_go_from_change_to_change(scene: Scene, open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto(f"/agreements/{scene.world.agreements['vouchers']}")
        await expect(page.locator("[data-change]")).to_have_count(2)
        for key, place in (("n", "availability"), ("n", "p2-resolution"), ("p", "availability")):
            await page.keyboard.press(key)
            focused = await page.evaluate("document.activeElement.closest('.promise')?.id")
            assert focused == f"target-{place}"


async def test_an_unfinished_answer_keeps_what_was_chosen(scene: Scene, open_as: Opening) -> None:
    path = await proposed(scene, "unfinished")
    async with open_as("carl", scripts=False) as (page, watch):
        watch.expected.add(422)
        await page.goto(path)
        await page.locator("#target-availability").get_by_role("radio", name="Change").check()
        await page.locator("#limit-availability").fill("much")
        await page.get_by_role("button", name="Send answer").click()
        await expect(page.get_by_text("Write a number, such as 99.9.")).to_be_visible()
        await expect(page.get_by_text("Choose one.")).to_be_visible()
        assert await page.locator("#limit-availability").input_value() == "much"


async def test_a_name_that_is_not_the_signers_signs_nothing(scene: Scene, open_as: Opening) -> None:
    async with open_as("grace") as (page, watch):
        watch.expected.add(422)
        await page.goto(f"/agreements/{scene.world.agreements['terminals']}/sign")
        await page.get_by_label("Your name").fill("Ada Byron")
        await page.get_by_role("button", name="Sign for Alder Managed Services").click()
        await expect(page.get_by_text("Write your name as it is on record: Grace Hopper.")).to_be_visible()
    found = await scene.world.get("grace", f"agreements/{scene.world.agreements['terminals']}")
    assert found["signatures"] == []


async def test_text_that_looks_like_markup_stays_text(scene: Scene, browser: Browser, open_as: Opening) -> None:
    markup = "<img src=x onerror=alert(1)><b>bold</b>"
    terms = document(markup, scene.now, [{**availability("shop.checkout", markup), "responsible": {"owner": markup}}])
    terms["clauses"]["service_description"] = {"text": markup, "channels": [markup]}
    await draft(scene.world, "markup", "corner-shop", "checkout", terms)
    await move(scene.world, "ada", "markup", "propose")
    path = f"/agreements/{scene.world.agreements['markup']}"
    async with open_as("carl") as (page, _):
        for place in ("/agreements", "/suppliers", path, f"{path}/timeline", f"{path}/versions", f"{path}/people"):
            await page.goto(place)
            assert await page.locator("main img, main b").count() == 0, place
        await page.goto(path)
        assert await page.get_by_text(markup).count() >= 3


async def test_a_draft_is_tested_against_the_past_before_it_is_proposed(scene: Scene, open_as: Opening) -> None:
    """Nobody has asked for a test; the manager does, and reads what it found beside the promises."""
    up = {"key": "shop.gifts", "kind": "availability", "service_id": scene.world.services["checkout"]}
    await scene.world.post("ada", "indicators", {**up, "initial_state": "up"})
    began = scene.now - 3 * DAY
    outage = {"from": to_text(began), "to": to_text(began + DAY // 24)}
    await scene.world.post("ada", "measurements", [{"indicator": "shop.gifts", "outage": outage, "id": "gifts-1"}])
    daily = {**availability("shop.gifts", "Gift cards are sold", "99"), "window": {"calendar": "day"}}
    targets = [daily, resolution("P2", "PT8H")]
    await draft(scene.world, "tested", "corner-shop", "checkout", document("Tested", scene.now, targets))
    path = f"/agreements/{scene.world.agreements['tested']}"
    async with open_as("ada") as (page, _):
        journey = Journey(page, "test a draft against the past")
        await journey.open(path, then="Nobody has tested these promises against the past yet.")
        await journey.click("Test against the past", then="tested against the past")
        for _ in range(40):
            if await page.get_by_text("The promises were tested against the past: ").count():
                break
            await page.wait_for_timeout(500)
            await page.reload()
        await journey.sees("The promises were tested against the past: ")
        await journey.sees("periods would have missed it.", "No period with a measurement has ended yet: ")
