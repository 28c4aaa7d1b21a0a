"""Writing an agreement: sentences with blanks, the check that follows, text, amendments; nothing typed is lost."""

from __future__ import annotations

import re

from playwright.async_api import expect

from slm_events.instants import to_text
from tests.browser.conftest import Opening
from tests.browser.journeys import Cost, Journey
from tests.browser.scenario import DAY, Scene, availability, document, draft, eventually, move, resolution
from tests.browser.watching import SESSION_COOKIE, sign_in_with

LIMIT = "At least, in percent, 1"


async def drafted(scene: Scene, key: str) -> str:
    """Draft an agreement of two promises; return the path of its editor."""
    targets = [availability("shop.checkout", "Checkout is available", "99.5"), resolution("P2", "PT8H")]
    await draft(scene.world, key, "corner-shop", "checkout", document(f"{key} for Corner Shop", scene.now, targets))
    return f"/agreements/{scene.world.agreements[key]}/edit"


async def promised(scene: Scene, key: str, who: str = "ada") -> dict[str, str]:
    found = await scene.world.get(who, f"agreements/{scene.world.agreements[key]}")
    return {each["key"]: str(each["objective"]) for each in found["document"]["targets"]}


async def test_a_promise_is_changed_one_added_and_all_proposed(
    scene: Scene, open_as: Opening, costs: list[Cost]
) -> None:
    path = await drafted(scene, "written")
    async with open_as("ada") as (page, _):
        journey = Journey(page, "write: change one, add one, propose")
        await journey.open(path.removesuffix("/edit"), then="What is promised")
        await journey.click("Write", then="Add a promise")
        await journey.type(LIMIT, "99,9", within=page.locator("#t0"))
        await journey.click("It is rated at least", then="People rate it at least")
        await journey.type("Rated at least, 3", "4.2", within=page.locator("#t2"))
        await journey.click("Propose to Corner Shop Group", then="waits for the answer of Corner Shop Group")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 4 and journey.cost.fields <= 2
    found = await promised(scene, "written")
    assert "'99.9'" in found["availability"] and "'4.2'" in found["rating"]


async def test_the_check_follows_what_is_typed(scene: Scene, open_as: Opening) -> None:
    path = await drafted(scene, "checked")
    async with open_as("ada") as (page, _):
        await page.goto(path)
        await expect(page.locator("#check")).to_contain_text("Nothing to correct.")
        limit = page.locator("[name='t0:limit']")
        await limit.fill("0.999")
        await expect(page.locator("#check")).to_contain_text("Probably a slip")
        await expect(page.locator("#t0")).to_contain_text("write 99.9 if a share of 0.999 is meant")
        await limit.fill("much")
        await expect(page.locator("#t0")).to_contain_text("“much” is not a number. Write one such as 99.9.")
        await expect(page.locator("#check")).to_contain_text("1 field cannot be read")
        await expect(limit).to_have_attribute("aria-invalid", "true")
        assert await limit.evaluate("each => document.activeElement === each") and await limit.input_value() == "much"
        await limit.fill("99,95")
        await expect(page.locator("#check")).not_to_contain_text("cannot be read")
        await expect(page.locator("#check")).to_contain_text("Nothing to correct.")
        await expect(limit).not_to_have_attribute("aria-invalid", "true")


async def test_everything_works_without_script(scene: Scene, open_as: Opening) -> None:
    path = await drafted(scene, "plain")
    async with open_as("ada", scripts=False, size="phone") as (page, watch):
        await page.goto(path)
        await page.locator("[name='t0:limit']").fill("99.8")
        await page.get_by_role("button", name="At most so many errors").click()
        await page.get_by_role("button", name="Move up: Checkout makes few errors").click()
        await page.get_by_role("button", name="Take out: P2 incidents are resolved within 8 hours").click()
        await page.get_by_role("button", name="All terms as text").click()
        text = page.get_by_label("All terms as text")
        await text.fill((await text.input_value()).replace("at_most: '3'", "at_most: [3"))
        await page.get_by_role("button", name="As sentences").click()
        await expect(page.get_by_text(re.compile(r"Line \d+: This cannot be read"))).to_be_visible()
        await text.fill((await text.input_value()).replace("at_most: [3", "at_most: '5'"))
        await page.get_by_role("button", name="As sentences").click()
        watch.expected.add(422)
        await page.locator("[name='begins']").fill("soon")
        await page.get_by_role("button", name="Keep as draft").click()
        await expect(page.get_by_text("“soon” is not a day.")).to_be_visible()
        await page.locator("[name='begins']").fill("1 Dec 2027")
        await page.get_by_role("button", name="Keep as draft").click()
        await expect(page.get_by_text("Kept as revision 2.")).to_be_visible()
    assert await promised(scene, "plain") == {
        "availability": "{'at_least': '99.8', 'unit': 'percent'}",
        "errors": "{'at_most': '5', 'unit': 'count'}",
    }


async def test_what_was_typed_survives_a_reload_and_a_session_that_ended(scene: Scene, open_as: Opening) -> None:
    path = await drafted(scene, "survives")
    async with open_as("ada") as (page, _):
        await page.goto(path)
        await page.locator("[name='t0:limit']").fill("99.7")
        await page.get_by_role("button", name="It answers within", exact=True).click()
        await page.locator("[name='t2:most']").fill("0.25 s")
        await page.reload()
        await expect(page.get_by_text("What you typed is back.")).to_be_visible()
        await expect(page.locator("[name='t0:limit']")).to_have_value("99.7")
        await expect(page.locator("[name='t2:most']")).to_have_value("250 ms")
        await page.context.clear_cookies(name=SESSION_COOKIE)
        await page.locator("[name='t0:limit']").fill("99.6")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await sign_in_with(page.context, scene.url, scene.world.keys["ada"])
        await page.goto(re.search(r"next=([^&]+)", page.url)[1])  # type: ignore[index]
        await expect(page.locator("[name='t0:limit']")).to_have_value("99.6")
        await page.get_by_role("button", name="Keep as draft").click()
        await expect(page.get_by_text("Kept as revision 2.")).to_be_visible()
        await page.goto(path)
        await expect(page.locator("[name='t0:limit']")).to_have_value("99.6")
        await expect(page.get_by_text("What you typed is back.")).to_have_count(0)


async def test_two_people_who_write_the_same_draft_meet(scene: Scene, open_as: Opening) -> None:
    path = await drafted(scene, "together")
    async with open_as("ada") as (first, _), open_as("ada") as (second, watch):
        watch.expected.add(422)
        await first.goto(path)
        await second.goto(path)
        await first.locator("[name='t0:limit']").fill("99.7")
        await first.get_by_role("button", name="Keep as draft").click()
        await expect(first.get_by_text("Kept as revision 2.")).to_be_visible()
        await second.locator("[name='t0:limit']").fill("99.6")
        await second.get_by_role("button", name="Keep as draft").click()
        await expect(second.get_by_text(re.compile("Ada Byron changed it (just now|1 minute ago)"))).to_be_visible()
        await second.get_by_role("button", name="Keep mine as a proposal").click()
        await expect(second.get_by_text("Kept as revision 3.")).to_be_visible()
    assert "'99.6'" in (await promised(scene, "together"))["availability"]


async def test_a_signed_agreement_is_amended_by_clicking(scene: Scene, open_as: Opening, costs: list[Cost]) -> None:
    path = (await drafted(scene, "amended")).removesuffix("/edit")
    await move(scene.world, "ada", "amended", "propose")
    await move(scene.world, "carl", "amended", "accept")
    for who in ("grace", "emmy"):
        await move(scene.world, who, "amended", "sign")
    async with open_as("ada") as (page, _):
        journey = Journey(page, "propose an amendment")
        await journey.open(path, then="What is promised")
        await journey.click("Propose an amendment", then="Add a promise")
        await journey.type("First day", "1.6.2027")
        await journey.type(LIMIT, "99.9", within=page.locator("#t0"))
        await journey.click("Propose the amendment to Corner Shop Group", then="waits for the answer of Corner Shop")
        costs.append(journey.cost)
    async with open_as("carl", size="phone") as (page, _):
        journey = Journey(page, "accept an amendment (phone)")
        await journey.open(path, then="An amendment is being negotiated.")
        await journey.click("Read version 2", then="proposed it to you")
        await journey.click("Accept all 2 promises", then="agreed, waits for the signature")
        costs.append(journey.cost)
    assert "'99.5'" in (await promised(scene, "amended"))["availability"]


async def test_a_draft_that_came_up_meanwhile_is_told_and_gone_on_with(scene: Scene, open_as: Opening) -> None:
    """A proposal of new targets drafts an amendment by itself; only one can be open."""
    # Only figures of measured months raise a target.
    await scene.world.post("ada", "indicators", {"key": "shop.raised", "kind": "availability", "initial_state": "up"})
    # The check warns of an indicator that nobody has measured in the last week.
    days = (80, 1)
    up = [{"indicator": "shop.raised", "at": to_text(scene.now - day * DAY), "state": "up"} for day in days]
    await scene.world.post("monitoring", "measurements", up)
    targets = [availability("shop.raised", "Checkout is available", "99.5")]
    review = {"cadence": "month", "on_breach": True, "after_met_windows": 1}
    await draft(scene.world, "raised", "corner-shop", "checkout", document("Raised", scene.now, targets, review=review))
    path = f"/agreements/{scene.world.agreements['raised']}"
    await move(scene.world, "ada", "raised", "propose")
    await move(scene.world, "carl", "raised", "accept")
    for who in ("grace", "emmy"):
        await move(scene.world, who, "raised", "sign")
    await eventually(lambda: is_drafted(scene, "raised"))
    async with open_as("ada") as (page, watch):
        await page.goto(path)
        await page.get_by_role("link", name="Go on writing version 2").click()
        await expect(page).to_have_url(re.compile(r"/edit\?version=2$"))
        await expect(page.get_by_text("draft of new targets, seen by both sides")).to_be_visible()
        await page.goto(f"{path}/edit")
        await expect(page).to_have_url(re.compile(r"/edit\?version=2$"))
        watch.expected.add(422)
        # As from a page that was opened before the draft came up.
        await page.locator("#editor").evaluate("(each, there) => { each.action = there; }", f"{path}/edit")
        await page.locator("[name='t0:limit']").fill("99.6")
        await page.get_by_role("button", name="Keep as draft").click()
        await expect(page.get_by_text("Meanwhile version 2 was drafted")).to_be_visible()
        await expect(page.locator("[name='t0:limit']")).to_have_value("99.6")


async def is_drafted(scene: Scene, key: str) -> bool:
    found = await scene.world.get("ada", f"agreements/{scene.world.agreements[key]}")
    return len(found["versions"]) == 2


async def test_a_comment_for_ones_own_company_is_not_the_other_sides(scene: Scene, open_as: Opening) -> None:
    path = (await drafted(scene, "remarked")).removesuffix("/edit")
    await move(scene.world, "ada", "remarked", "propose")
    async with open_as("ada") as (page, _):
        await page.goto(path)
        place = page.locator("#target-availability")
        await place.get_by_text("Write a comment", exact=True).click()
        await place.get_by_label("Your comment").fill("We could go to 99.4.")
        await place.get_by_label("For your company only").check()
        await place.get_by_role("button", name="Add comment").click()
        await expect(place.get_by_text("seen by your company only")).to_be_visible()
        await place.get_by_role("button", name="Resolve").click()
        await expect(place.get_by_text("resolved by Ada Byron")).to_be_visible()
    async with open_as("carl") as (page, _):
        await page.goto(path)
        await expect(page.get_by_text("99.4")).to_have_count(0)
