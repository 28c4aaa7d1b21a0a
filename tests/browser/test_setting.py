"""How pages are set: headings at one height, lines that can be read, rows that say the most in the least."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.addresses import addresses
from tests.browser.conftest import Opening
from tests.browser.scenario import Scene
from tests.browser.watching import open_drawer

_BOX = "each => { const b = each.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }"

_LINES = """all => all.map(each => {
    const lines = one => [...one.querySelectorAll('p')].filter(p => p.offsetHeight && p.innerText);
    const tops = new Set();
    for (const p of lines(each)) {
        const text = document.createRange();
        text.selectNodeContents(p);
        for (const box of text.getClientRects()) if (box.height) tops.add(Math.round((box.top + box.bottom) / 2 / 8));
    }
    return tops.size;
})"""
"""How many lines of text each row has."""

_TOO_LONG = """() => [...document.querySelectorAll('main p')].filter(p => {
    const rule = document.createElement('span');
    rule.textContent = '0'.repeat(72);
    rule.style.cssText = 'position: absolute; white-space: nowrap; visibility: hidden';
    p.append(rule);
    const limit = rule.getBoundingClientRect().width;
    rule.remove();
    const text = document.createRange();
    text.selectNodeContents(p);
    const lines = [...text.getClientRects()];
    return lines.length && p.innerText.length > 72
        && Math.max(...lines.map(l => l.right)) - Math.min(...lines.map(l => l.left)) > limit + 1;
}).map(p => p.innerText)"""
"""The paragraphs whose lines are wider than 72 characters."""


async def _top(page: Page, selector: str) -> float:
    return float(await page.locator(selector).first.evaluate("each => each.getBoundingClientRect().top"))


async def test_tabs_stand_at_one_height_with_and_without_buttons_beside_the_heading(
    open_as: Opening, scene: Scene
) -> None:
    of = scene.world.agreements
    groups = [
        ["/settings", "/settings/people", "/sessions", "/settings/audit-trail"],
        [f"/agreements/{of[key]}" for key in ("checkout-corner-shop", "vouchers", "terminals")],
    ]
    async with open_as("ada") as (page, _):
        for paths in groups:
            tops = {}
            for path in paths:
                await page.goto(path)
                tops[path] = await _top(page, "nav.tabs")
            assert max(tops.values()) - min(tops.values()) < 0.5, tops


async def test_a_heading_below_a_way_back_stands_at_one_height(open_as: Opening, scene: Scene) -> None:
    known = await addresses(scene)
    async with open_as("ada") as (page, _):
        tops = {}
        for name in ("target", "breach", "all-maintenance", "customer", "ticket", "meeting", "timeline", "service"):
            await page.goto(known[name].path)
            tops[name] = await _top(page, "h1")
    assert max(tops.values()) - min(tops.values()) < 0.5, tops


async def test_a_choice_looks_like_the_field_beside_it(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/settings/audit-trail")
        look = "each => { const s = getComputedStyle(each); return [s.paddingLeft, s.borderTopColor, s.height]; }"
        choice, field = page.locator("#person"), page.locator("#from")
        assert await choice.evaluate("each => getComputedStyle(each).appearance") == "none"
        assert await choice.evaluate(look) == await field.evaluate(look)


@pytest.mark.parametrize("name", ["agreement-in-force", "settings-people", "audit-trail", "people", "breach", "unread"])
async def test_a_line_that_is_read_has_at_most_72_characters(open_as: Opening, scene: Scene, name: str) -> None:
    known = (await addresses(scene))[name]
    async with open_as(known.who) as (page, _):
        await page.goto(known.path)
        assert await page.evaluate(_TOO_LONG) == []


async def test_heading_filter_and_download_of_today_are_on_one_line(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/")
        tools = [".bucket h2", ".bucket .download"]
        boxes = [await page.locator(each).first.evaluate(_BOX) for each in tools]
        middles = [(top + bottom) / 2 for _, top, _, bottom in boxes]
        widths = await page.locator(".urgency .verb .button").evaluate_all("all => all.map(b => b.offsetWidth)")
    assert abs(middles[0] - middles[1]) <= 2, middles
    assert len(set(widths)) == 1, "the buttons of all rows begin and end at the same place"


async def test_what_to_download_the_audit_trail_with_is_on_the_line_of_its_filters(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/settings/audit-trail")
        download = await page.get_by_role("link", name="Download CSV").evaluate(_BOX)
        button = await page.locator(".filters .button").evaluate(_BOX)
        edge = await page.locator("main table").evaluate(_BOX)
    assert download[1] >= button[1] - 1 and download[3] <= button[3] + 1
    assert abs(download[2] - edge[2]) <= 1


async def test_a_row_of_today_on_a_tablet_has_two_lines_and_its_box_keeps_off_the_rail(open_as: Opening) -> None:
    async with open_as("ada", size="tablet") as (page, _):
        await page.goto("/")
        heights = await page.locator(".urgency > li").evaluate_all("all => all.map(each => each.offsetHeight)")
        rail = await page.locator(".rail").evaluate(_BOX)
        box = await page.locator(".urgency .select").first.evaluate(_BOX)
        reasons = await page.locator(".urgency .why").evaluate_all("all => all.map(each => each.offsetHeight)")
    assert heights and min(heights) <= 60 and max(heights) <= 80, heights
    assert max(reasons) <= 20, "every reason is one line"
    assert box[0] >= rail[2] + 4


async def test_a_row_of_today_on_a_phone_has_two_lines_and_a_long_name_one_more(open_as: Opening) -> None:
    for who in ("ada", "carl"):
        async with open_as(who, size="phone") as (page, _):
            await page.goto("/")
            lines = await page.locator(".urgency > li").evaluate_all(_LINES)
            row = await page.locator(".urgency > li").first.evaluate(_BOX)
            what = await page.locator(".urgency .what").first.evaluate(_BOX)
            why = await page.locator(".urgency .why").first.evaluate(_BOX)
            button = await page.locator(".urgency .verb .button").first.evaluate(_BOX)
        assert lines and max(lines) <= 3 and sorted(lines)[len(lines) // 2] <= 2, (who, lines)
        assert abs(what[2] - row[2]) <= 1, "the name is as wide as the row"
        assert why[1] >= what[3] - 1 and why[2] <= button[0] + 1, "the button does not lie on the reason"


async def test_months_and_minutes_lost_of_a_service_share_a_line_on_a_phone(open_as: Opening) -> None:
    async with open_as("carl", size="phone") as (page, _):
        await page.goto("/services")
        row = page.locator("tbody tr").first
        strip, lost = await row.locator("td:has(> .strip)").evaluate(_BOX), await row.locator("td.num").evaluate(_BOX)
        now = await row.locator("td").nth(1).evaluate(_BOX)
    assert abs((strip[1] + strip[3]) / 2 - (lost[1] + lost[3]) / 2) <= 6
    assert strip[1] >= now[3] - 1


async def test_a_line_of_the_agenda_is_one_line(open_as: Opening, scene: Scene) -> None:
    async with open_as("ada") as (page, _):
        await page.goto((await addresses(scene))["meeting"].path)
        heights = await page.locator(".agenda-line").evaluate_all("all => all.map(each => each.offsetHeight)")
    assert heights and max(heights) <= 38, heights


async def test_figures_of_a_target_share_a_line_beside_the_open_drawer(open_as: Opening, scene: Scene) -> None:
    async with open_as("ada") as (page, _):
        await page.goto((await addresses(scene))["target"].path)
        await open_drawer(page)
        tops = await page.locator(".headline > div").evaluate_all("all => all.map(each => each.offsetTop)")
        assert len(tops) == 4 and len(set(tops)) == 1, tops
        await expect(page.locator(".chart .limit")).to_have_text("used up")
