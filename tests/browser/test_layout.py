"""Where things stand on a page: the same at the same place, nothing covered, nothing that only a mouse finds."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.addresses import addresses
from tests.browser.conftest import Opening
from tests.browser.scenario import Scene
from tests.browser.watching import sideways


async def test_the_rail_says_who_is_signed_in_and_its_foot_is_one_list(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/")
        await expect(page.locator(".rail .who")).to_contain_text("Ada Byron")
        await expect(page.locator(".rail .who")).to_contain_text("Alder Managed Services")
        looks = await page.locator(".rail .entry:visible").evaluate_all(
            "all => all.map(each => [getComputedStyle(each).font, each.getBoundingClientRect().left])"
        )
        assert len(looks) >= 10 and len({tuple(each) for each in looks}) == 1


async def test_a_phone_reaches_every_place_and_the_way_out_without_script(open_as: Opening) -> None:
    async with open_as("ada", size="phone", scripts=False) as (page, _):
        await page.goto("/")
        await page.locator(".bottom-bar").get_by_role("link", name="More").click()
        await expect(page.locator(".who:visible")).to_contain_text("Ada Byron")
        for place in ("Customers", "Agreements", "Reviews", "Connections", "Settings"):
            await expect(page.locator("main").get_by_role("link", name=place)).to_be_visible()
        await page.locator("main").get_by_role("button", name="Dark").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await expect(page.locator("main").get_by_role("button", name="Light")).to_be_visible()
        await expect(page.locator("main").get_by_role("button", name="Sign out")).to_be_visible()


async def test_a_customer_is_offered_its_suppliers_and_nothing_empty(open_as: Opening) -> None:
    async with open_as("carl", size="phone") as (page, _):
        await page.goto("/")
        await page.goto("/more")
        places = page.locator("main .places")
        await expect(places.get_by_role("link", name="Suppliers")).to_be_visible()
        for place in ("Customers", "Connections"):
            await expect(places.get_by_role("link", name=place)).to_have_count(0)


async def test_one_entry_of_the_bottom_bar_is_lit_on_every_place(open_as: Opening) -> None:
    async with open_as("ada", size="phone") as (page, _):
        for path, lit in (
            ("/tickets", "Tickets"),
            ("/search", "Search"),
            ("/customers", "More"),
            ("/sessions", "More"),
        ):
            await page.goto(path)
            await expect(page.locator(".bottom-bar [aria-current]")).to_have_text(lit)


async def test_settings_are_found_by_their_name(open_as: Opening) -> None:
    async with open_as("ada", size="phone") as (page, _):
        await page.goto("/search?q=sett")
        await page.locator(".found").get_by_role("link", name="Settings").click()
        await expect(page).to_have_url("/settings")


async def test_under_a_dark_system_the_other_colours_are_light(open_as: Opening) -> None:
    async with open_as("ada", dark=True) as (page, _):
        await page.goto("/services")
        await expect(page.locator(".rail").get_by_role("button", name="Dark")).to_have_count(0)
        await page.locator(".rail").get_by_role("button", name="Light").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        await expect(page.locator(".rail").get_by_role("button", name="Dark")).to_be_visible()


async def test_headings_of_places_stand_at_one_height(open_as: Opening) -> None:
    paths = ("/services", "/customers", "/suppliers", "/agreements", "/tickets", "/reviews", "/settings", "/sessions")
    async with open_as("ada") as (page, _):
        tops = {}
        for path in paths:
            await page.goto(path)
            tops[path] = await page.locator("h1").first.evaluate("each => each.getBoundingClientRect().top")
    assert max(tops.values()) - min(tops.values()) <= 4, tops


async def test_the_palette_marks_what_enter_takes_and_one_escape_closes_it(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/")
        await page.keyboard.press("Control+k")
        await page.keyboard.type("agree")
        await expect(page.locator("#found a").first).to_have_class("picked")
        await page.keyboard.press("Escape")
        await expect(page.locator("#palette")).not_to_be_visible()


async def test_the_keys_stand_inside_their_dialog(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/")
        await page.keyboard.press("?")
        inset = await page.locator("#keys h2").evaluate(
            "each => each.getBoundingClientRect().left - each.closest('dialog').getBoundingClientRect().left"
        )
        assert inset >= 16


async def test_rows_of_today_are_one_line_and_who_holds_them_is_reached_by_keys(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/")
        heights = await page.locator(".urgency > li").evaluate_all("all => all.map(each => each.offsetHeight)")
        assert heights and max(heights) <= 40, heights
        free = page.locator(".urgency .hold.is-free > summary").first
        await page.mouse.move(0, 0)
        assert await free.evaluate("each => getComputedStyle(each).opacity") == "0"
        await free.focus()
        assert await free.evaluate("each => getComputedStyle(each).opacity") == "1"
        boxes = await page.locator(".urgency .select").evaluate_all(
            "all => all.map(each => getComputedStyle(each).opacity)"
        )
        assert boxes and all(float(each) >= 0.5 for each in boxes)


async def test_a_cell_of_a_phone_says_what_it_is(open_as: Opening) -> None:
    labelled = {
        "/connections": "Last hour",
        "/connections/measurements": "Last fact",
        "/connections/keys": "Made",
        "/reviews/meetings": "With",
        "/tickets": "Customer",
        "/agreements": "Service",
    }
    async with open_as("ada", size="phone") as (page, _):
        for path, label in labelled.items():
            await page.goto(path)
            shown = await page.locator("tbody td[data-label]:visible").evaluate_all(
                "all => all.map(each => getComputedStyle(each, '::before').content)"
            )
            assert any(label in each for each in shown), (path, shown)
            assert "–" not in await page.locator("tbody td:visible").all_inner_texts(), path


async def test_box_and_name_of_a_company_share_a_line_on_a_phone(open_as: Opening) -> None:
    async with open_as("ada", size="phone") as (page, _):
        await page.goto("/customers")
        row = page.locator("tbody tr").first
        box, name = await row.locator("input").bounding_box(), await row.locator("a").first.bounding_box()
    assert box and name and abs(box["y"] + box["height"] / 2 - name["y"] - name["height"] / 2) < 8


async def test_the_present_tab_is_in_sight_on_a_phone(open_as: Opening) -> None:
    async with open_as("ada", size="phone") as (page, _):
        await page.goto("/settings/audit-trail")
        tab = await page.locator(".tabs [aria-current]").bounding_box()
        assert tab and tab["x"] >= 0 and tab["x"] + tab["width"] <= 360, tab
        assert "gradient" in await page.locator(".tabs").evaluate("each => getComputedStyle(each).maskImage")


async def test_answering_covers_little_of_a_phone(open_as: Opening, scene: Scene) -> None:
    async with open_as("carl", size="phone") as (page, _):
        await page.goto(f"/agreements/{scene.world.agreements['returns']}")
        heights = [
            await page.locator(each).evaluate("each => each.offsetHeight") for each in (".answer-bar", ".bottom-bar")
        ]
        title = await page.locator("h1").bounding_box()
        subtitle = await page.locator(".head .under").bounding_box()
        acts = await page.locator(".head .acts").bounding_box()
    assert sum(heights) <= 0.18 * 640, heights
    assert title and subtitle and acts and acts["x"] == title["x"]
    assert acts["height"] == 0 or acts["y"] > subtitle["y"]


async def test_buttons_of_a_row_stand_apart_and_leave_its_height(open_as: Opening) -> None:
    async with open_as("operator") as (page, _):
        await page.goto("/settings/people")
        gaps = await page.locator("td .acts").evaluate_all(
            """all => all.flatMap(each => [...each.querySelectorAll('.button')].map(b => b.getBoundingClientRect())
                .map((b, at, every) => at ? b.left - every[at - 1].right : 8))"""
        )
        assert gaps and min(gaps) >= 8, gaps
        await page.goto("/connections/keys")
        heights = await page.locator("tbody tr").evaluate_all("all => all.map(each => each.offsetHeight)")
        assert max(heights) - min(heights) <= 20, heights


async def test_a_filter_is_offered_above_long_tables_and_a_download_above_all(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        for path in ("/services", "/connections", "/agreements"):
            await page.goto(path)
            rows = await page.locator("#main tbody tr[data-row]").count()
            await expect(page.locator("[data-filter]")).to_have_count(1 if rows > 8 else 0)
            await expect(page.get_by_role("link", name="Download CSV")).to_have_count(1)
        heights = await page.locator(".table-tools > :is(input, button):visible").evaluate_all(
            "all => all.map(each => each.offsetHeight)"
        )
        assert len(set(heights)) <= 1


async def test_days_are_typed_in_every_form(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        for path in ("/settings/audit-trail", "/agreements/new", "/connections/keys", "/invite"):
            await page.goto(path)
            await expect(page.locator("input[type=date]")).to_have_count(0)
        await page.goto("/settings/audit-trail?from=1+Jan+2020")
        assert await page.locator("#main tbody tr").count()
        await page.goto("/settings/audit-trail?from=soon")
        await expect(page.get_by_role("alert")).to_contain_text("“soon” is not a day")


async def test_requests_stand_above_the_calendar(open_as: Opening) -> None:
    async with open_as("ada") as (page, _):
        await page.goto("/maintenance")
        requests, month = (
            await page.locator("table.requests").bounding_box(),
            await page.locator("table.month").bounding_box(),
        )
        assert requests and month and requests["y"] < month["y"]


async def test_a_report_looks_like_the_console_and_leads_back(open_as: Opening) -> None:
    async with open_as("ada", size="phone", dark=True) as (page, _):
        await page.goto("/reviews")
        await page.locator("#main tbody a").first.click()
        await expect(page.locator(".back")).to_be_visible()
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 20, 19)"
        assert await sideways(page) == []
        await page.get_by_role("link", name="Reviews").click()
        await expect(page).to_have_url("/reviews")


_LENGTHEN = """() => document.querySelectorAll(
  "#main table.one-line td:not(.pick, .verb, .num, .bar-cell, :has(.strip)), .urgency :is(.what, .why)"
).forEach((cell) => {
  const text = cell.querySelector("a, .word, .turn, .second") ?? cell;
  text.append(" and a name that is as long as a line".repeat(4));
})"""
"""Makes every text of a list long, as only some companies and promises have it."""


async def test_rows_of_lists_are_one_line_on_a_wide_screen(open_as: Opening, scene: Scene) -> None:
    world = scene.world
    cause = (await addresses(scene))["cause"].path
    paths = {
        "ada": (
            "/", "/services", f"/services/{world.services['checkout']}", "/customers", "/agreements", "/tickets",
            "/tickets/not-judged", cause, "/maintenance", "/reviews", "/reviews/meetings",
            "/reviews/actions", "/reviews/lessons", "/connections", "/connections/measurements", "/connections/keys",
            "/settings/people",
        ),
        "carl": ("/", "/suppliers", "/agreements", "/tickets"),
    }  # fmt: skip
    tall = {}
    for who, places in paths.items():
        async with open_as(who) as (page, _):
            for path in places:
                await page.goto(path)
                await page.evaluate(_LENGTHEN)
                rows = await page.locator("#main [data-row]:visible").evaluate_all(
                    "all => all.map(each => [each.offsetHeight, each.innerText])"
                )
                found = [row for row in rows if row[0] > 38]
                if found:
                    tall[f"{who} {path}"] = found[:2]
                assert await sideways(page) == [], path
    assert not tall, tall
