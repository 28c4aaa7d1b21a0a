"""How pages look: whole names, quiet buttons, one edge at the left, room for what has something to say."""

from __future__ import annotations

from tests.browser.addresses import addresses
from tests.browser.conftest import Opening
from tests.browser.scenario import Scene

_CUT = """all => all.filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText)"""
"""The texts of those elements that are cut off."""


async def test_a_reason_on_today_has_the_room_that_its_row_leaves_free(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/")
        # Between what the row says and what stands at its right there is no more than the gap of the columns.
        gaps = await page.locator(".urgency > li").evaluate_all(
            """all => all.map(each => {
                const said = each.querySelector('.said').getBoundingClientRect().right;
                const beside = [...each.querySelectorAll('.left:not(:empty), .extent:not(:empty), .verb')];
                return Math.min(...beside.map(b => b.getBoundingClientRect().left)) - said;
            })"""
        )
        free = await page.locator(".urgency .hold.is-free").evaluate_all(
            "all => all.filter(each => each.getBoundingClientRect().right > each.parentElement.querySelector('.said')"
            ".getBoundingClientRect().right + 1).length"
        )
    assert gaps and max(gaps) <= 1, gaps
    assert not free, "that nobody holds a row takes no column of its own"


async def test_names_and_numbers_of_rows_are_whole(open_as: Opening, scene: Scene) -> None:
    paths = (
        "/tickets",
        f"/customers/{scene.world.parties['corner-shop']}",
        "/reviews",
        "/reviews/meetings",
        "/services",
    )
    async with open_as("ada") as (page, _):
        for path in paths:
            await page.goto(path)
            names = page.locator("#main tbody td:is(:first-child:not(.pick), .pick + td, .num)")
            assert await names.count(), path
            assert await names.evaluate_all(_CUT) == [], path


async def test_the_filter_of_today_stands_on_the_line_of_its_first_heading(open_as: Opening) -> None:
    for size in ("desk", "phone"):
        async with open_as("ada", size=size) as (page, _):
            await page.goto("/")
            heading = await page.locator(".bucket h2").first.bounding_box()
            download = await page.get_by_role("link", name="Download CSV").bounding_box()
        assert heading and download
        assert abs(heading["y"] + heading["height"] / 2 - download["y"] - download["height"] / 2) <= 12, size


async def test_a_name_in_a_table_is_ink_and_a_button_of_a_row_is_quiet(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        for path in ("/customers", "/tickets", "/reviews", "/reviews/meetings", "/connections", "/agreements"):
            await page.goto(path)
            await page.mouse.move(0, 0)
            colours = await page.locator("#main tbody td a:not(.button, .second a, .second)").evaluate_all(
                "all => [...new Set(all.map(each => getComputedStyle(each).color))]"
            )
            assert colours == ["rgb(27, 28, 26)"], (path, colours)
        rule = await page.evaluate("getComputedStyle(document.querySelector('main tbody td')).borderBottomColor")
        button = page.locator("tbody .button").first
        assert await button.evaluate("each => getComputedStyle(each).borderTopColor") == rule
        await button.hover()
        assert await button.evaluate("each => getComputedStyle(each).borderTopColor") != rule


async def test_a_tablet_breaks_neither_ids_nor_words_of_the_rail(open_as: Opening) -> None:
    async with open_as("ada", size="tablet") as (page, _):
        await page.goto("/tickets")
        lines = await page.locator("tbody td.nowrap:visible, .rail .entry:visible").evaluate_all(
            """all => all.filter(each => {
                const range = document.createRange();
                range.selectNodeContents(each);
                return new Set([...range.getClientRects()].map(r => Math.round(r.bottom / 8))).size > 1;
            }).map(each => each.innerText)"""
        )
    assert lines == []


async def test_what_follows_the_rule_of_a_section_keeps_away_from_it(open_as: Opening, scene: Scene) -> None:
    async with open_as("ada") as (page, _):
        meeting = (await addresses(scene))["meeting"].path
        for path in ("/connections/imports", meeting, "/settings"):
            await page.goto(path)
            found = await page.locator(".section > h2").evaluate_all(
                """all => all.filter(each => each.nextElementSibling?.matches('p, h3, form, .padded')).map(each => {
                    const [rule, next] = [each, each.nextElementSibling].map(e => e.getBoundingClientRect());
                    const inner = parseFloat(getComputedStyle(each.nextElementSibling).paddingTop);
                    const left = parseFloat(getComputedStyle(each.nextElementSibling).paddingLeft);
                    return [next.top + inner - rule.bottom, next.left + left - rule.left];
                })"""
            )
            assert all(gap >= 8 and left == 0 for gap, left in found), (path, found)


async def test_a_timeline_begins_at_the_edge_of_the_page(open_as: Opening, scene: Scene) -> None:
    async with open_as("ada") as (page, _):
        await page.goto(f"/agreements/{scene.world.agreements['checkout-corner-shop']}/timeline")
        edge = await page.locator("h1").evaluate("each => each.getBoundingClientRect().left")
        starts = await page.locator(".timeline time").evaluate_all(
            """all => all.map(each => {
                const range = document.createRange();
                range.selectNodeContents(each);
                return range.getBoundingClientRect().left;
            })"""
        )
    assert starts and all(abs(each - edge) <= 1 for each in starts), (edge, starts)


async def test_a_row_of_tickets_on_a_phone_begins_with_the_ticket_and_its_time(open_as: Opening) -> None:
    async with open_as("ada", size="phone") as (page, _):
        await page.goto("/tickets")
        row = page.locator("tbody tr").first
        ticket, left = await row.locator("td").nth(0).bounding_box(), await row.locator("td").nth(2).bounding_box()
        service = await row.locator("td").nth(1).bounding_box()
    assert ticket and left and service
    assert abs(ticket["y"] - left["y"]) <= 2 and left["x"] > ticket["x"] and service["y"] > ticket["y"]


async def test_the_plan_of_a_target_stands_beside_its_chart(open_as: Opening, scene: Scene) -> None:
    async with open_as("ada") as (page, _):
        await page.goto((await addresses(scene))["target"].path)
        chart = await page.locator("figure svg").first.bounding_box()
        plan = await page.get_by_role("heading", name="If it is at risk").bounding_box()
        rule = await page.locator("figure .title").bounding_box()
    assert chart and plan and rule
    assert plan["x"] > chart["x"] + chart["width"] and plan["y"] < chart["y"]
    assert abs(rule["width"] - chart["width"]) <= 24, "the chart is as wide as the rule above it"


async def test_what_a_written_promise_is_called_and_its_acts_share_a_line(open_as: Opening, scene: Scene) -> None:
    async with open_as("carl") as (page, _):
        await page.goto((await addresses(scene))["editor-of-changes"].path)
        promise = page.locator(".promise-blank").first
        called = await promise.locator(".sentence.small").bounding_box()
        acts = await promise.locator(".row-acts").bounding_box()
        edge = await promise.locator(".sentence > *").first.bounding_box()
        box = await promise.bounding_box()
    assert called and acts and edge and box
    assert acts["x"] > called["x"] and acts["y"] < called["y"] + called["height"]
    assert abs(edge["x"] - box["x"]) <= 1


async def test_how_often_time_recurs_is_asked_only_where_it_repeats(open_as: Opening, scene: Scene) -> None:
    async with open_as("ada") as (page, _):
        await page.goto((await addresses(scene))["ask-for-time"].path)
        assert not await page.locator("#times").is_visible()
        await page.locator("#repeat").select_option("WEEKLY")
        assert await page.locator("#times").is_visible()
