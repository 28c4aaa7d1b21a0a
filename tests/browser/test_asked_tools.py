"""Tools from which the product requests data (ticket tools, a status page, Prometheus) are connected by clicking.

The tests go from nothing to an evaluated fact. The tools are simulations, made from their public documentation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from slm_chassis.clock import SystemClock
from slm_events.instants import to_text
from tests.browser.desks import one_agreement
from tests.browser.journeys import Cost, Journey
from tests.browser.people import World
from tests.browser.scenario import empty
from tests.browser.watching import opened
from tests.support.processes import Running
from tests.support.simulated_jira import SimulatedJira
from tests.support.simulated_prometheus import SimulatedPrometheus
from tests.support.simulated_servicenow import SimulatedServiceNow
from tests.support.simulated_statuspage import SimulatedStatuspage
from tests.support.simulated_tool import PASSWORD, USER, SimulatedTool, simulated
from tests.support.simulated_zammad import SimulatedZammad

SECONDS = 60
MINUTE = 60_000_000
NETWORK = {"SLM_MONITOR_ALLOWED_NETWORKS": "127.0.0.0/8"}
PROMISE = "P1 incidents are resolved within 4 hours"


@pytest.fixture(scope="module")
async def desk(undeclared: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, World]]:
    async with empty(tmp_path_factory.mktemp("asked"), NETWORK) as (running, world):
        await one_agreement(world)
        yield running, world


def ago(minutes: int, pattern: str) -> str:
    return datetime.fromtimestamp(SystemClock().now() / 1_000_000 - minutes * 60, UTC).strftime(pattern)


def zammad() -> SimulatedTool:
    tool = SimulatedZammad()
    at = ago(15, "%Y-%m-%dT%H:%M:%S.000Z")
    tool.open("21007", at, priority="3 high", organization="corner-shop", service="checkout")
    return tool


def servicenow() -> SimulatedTool:
    tool = SimulatedServiceNow()
    at = ago(15, "%Y-%m-%d %H:%M:%S")
    tool.open("INC0021007", at, priority="1", business_service="checkout", company="corner-shop")
    return tool


def jira() -> SimulatedTool:
    tool = SimulatedJira()
    at = ago(15, "%Y-%m-%dT%H:%M:%S.000+0000")
    tool.open("SD-21007", at, priority={"name": "Highest"}, customfield_1="checkout", customfield_2="corner-shop")
    return tool


TICKET_TOOLS = {
    "Zammad": (zammad, "/tickets/zammad/21007", "service: {column: service}\n"),
    "ServiceNow": (servicenow, "/tickets/servicenow/INC0021007", ""),
    "Jira Service Management": (
        jira,
        "/tickets/jira/SD-21007",
        "service: {column: fields.customfield_1}\ncustomer: {column: fields.customfield_2}\n",
    ),
}
"""Title of the tool → the simulation with an open ticket, the ticket's page, and lines for the mapping."""


async def says(page: Page, *texts: str, without: str = "no such text") -> None:
    """Open the page again until it says all texts, and not the one that it is to be without."""
    async with asyncio.timeout(SECONDS):
        while True:
            said = await page.locator("main").inner_text()
            if all(text in said for text in texts) and without not in said:
                return
            await asyncio.sleep(0.3)
            await page.reload()


@pytest.mark.parametrize("title", TICKET_TOOLS)
async def test_a_ticket_tool_is_asked_and_its_ticket_is_judged(
    desk: tuple[Running, World], browser: Browser, costs: list[Cost], title: str, tmp_path: Path
) -> None:
    running, world = desk
    make, ticket, more = TICKET_TOOLS[title]
    async with simulated(make()) as tool, opened(browser, running.url, key=world.keys["ada"]) as (page, _):
        journey = Journey(page, f"2 integrator lets {title} be asked")
        await journey.open("/connections", then="Nothing has sent anything yet." if title == "Zammad" else "Sources")
        await journey.click("Tools that are asked", then="Ask a tool")
        await journey.click(title, then="What to enter in the tool")
        await journey.type("What is asked", f"Desk on {title}")
        await journey.type("Address of the tool", tool.address)
        if title == "Zammad":
            await journey.choose("It takes", "a token, after “Token token=”")
        else:
            await journey.choose("It takes", "user and password")
            await journey.type("User or client id", USER)
        await journey.type("Password, token or client secret", PASSWORD)
        if more:
            await journey.press(page.locator("summary", has_text="More"))
            mapping = page.get_by_label("Mapping", exact=True)
            await mapping.fill(f"{more}{await mapping.input_value()}")
        await journey.click("Ask it from now on", then="The last runs")
        await says(page, "everything read", "asks every 5 min")
        assert PASSWORD not in await page.content()
        async with asyncio.timeout(SECONDS):
            await page.goto(ticket)
            await says(page, PROMISE, "3 h 4")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 6


async def test_a_status_page_is_asked_and_its_outage_is_judged(
    desk: tuple[Running, World], browser: Browser, costs: list[Cost]
) -> None:
    running, world = desk
    tool = SimulatedStatuspage()
    tool.begin("kx1", to_text(SystemClock().now() - 20 * MINUTE), "Checkout", "Blog")
    async with simulated(tool), opened(browser, running.url, key=world.keys["ada"]) as (page, _):
        journey = Journey(page, "2 integrator lets a status page be asked")
        await journey.open("/connections/pulls", then="Ask a tool")
        await journey.click("Statuspage incidents", then="What to enter in the tool")
        await journey.type("What is asked", "Status of the shop")
        await journey.type("Address of the tool", tool.address)
        await journey.press(page.locator("summary", has_text="More"))
        mapping = page.get_by_label("Mapping", exact=True)
        await mapping.fill((await mapping.input_value()).replace("{slug}", "shop.{slug}"))
        await journey.click("Ask it from now on", then="The last runs")
        await says(page, "everything read", "asks every 1 min")
        pull = page.url
        await page.goto("/")
        await says(page, "1 outage now")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 3
        tool.resolve("kx1", to_text(SystemClock().now()))
        await page.goto(pull)
        await journey.click("Ask now", then="The last runs")
        await page.goto("/")
        await says(page, without="1 outage now")
        await page.goto(pull)
        await journey.click("Compare everything now", then="The last runs")
        await says(page, "everything compared")
        await journey.click("Pause", then="paused, nothing is asked")
        await journey.click("Go on asking", then="asks every 1 min")
        await tool.stop()
        await journey.click("Ask now", then="The last runs")
        await says(page, "failed once", "What is wrong")
        await journey.click("Change", then="Change Status of the shop")
        await journey.type("What is asked", "Status, by the hour")
        await journey.choose("Asked every", "1 h")
        await journey.click("Save", then="Status, by the hour")
        await journey.click("Remove", then="The tool is not asked any more.")
        await journey.click("Ask it no more", then="Ask a tool")
        await expect(page.locator("main")).not_to_contain_text("Status, by the hour")


async def test_a_prometheus_is_asked_and_its_samples_are_judged(
    desk: tuple[Running, World], browser: Browser, costs: list[Cost]
) -> None:
    running, world = desk
    tool = SimulatedPrometheus()
    now = SystemClock().now() // 1_000_000 // 15 * 15
    tool.add({"job": "shop"}, dict.fromkeys(range(now - 600, now + 600, 15), 0))
    async with simulated(tool), opened(browser, running.url, key=world.keys["ada"]) as (page, _):
        journey = Journey(page, "2 integrator lets a Prometheus be asked")
        await journey.open("/connections/series", then="There are no rules yet")
        await journey.type("Series", 'shop_up{job="shop"}')
        await journey.type("Measures", "shop.checkout")
        await journey.choose("A sample is", "1 for up, 0 for down")
        await journey.click("Add the rule", then="Labels kept")
        await journey.click("Tools that are asked", then="Ask a tool")
        await journey.click("Prometheus", then="What to enter in the tool")
        await journey.type("What is asked", "The shop is up")
        await journey.type("Address of the tool", tool.address)
        await journey.type("Asked for", "max by (job) (up)")
        await journey.type("Name of the series", "shop_up")
        await journey.choose("One sample each", "15 s")
        await journey.type("From this day on", datetime.now(UTC).strftime("%-d %b %Y"))
        await journey.click("Ask it from now on", then="The last runs")
        await says(page, "everything read", "Read until")
        await page.goto("/")
        await says(page, "1 outage now")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 8


async def test_an_account_that_is_refused_is_said_in_words_and_mended_by_clicking(
    desk: tuple[Running, World], browser: Browser
) -> None:
    running, world = desk
    async with simulated(zammad()) as tool, opened(browser, running.url, key=world.keys["ada"]) as (page, watch):
        watch.expected |= {422}
        journey = Journey(page, "an account that is refused")
        await journey.open("/connections/pulls/new/zammad", then="What to enter in the tool")
        await journey.type("What is asked", "Second desk")
        await journey.type("Address of the tool", tool.address)
        await journey.type("Password, token or client secret", "wrong")
        await journey.click("Ask it from now on", then="another pull of yours has this source")
        await journey.sees("Write it again: it is a secret")
        await journey.type("Source", "second-desk")
        await journey.type("Password, token or client secret", "wrong")
        await journey.click("Ask it from now on", then="The last runs")
        await says(page, "failed once", "401")
        await journey.click("Change", then="Change Second desk")
        await journey.type("Password, token or client secret", PASSWORD)
        await journey.click("Save", then="The last runs")
        await says(page, "asks every 5 min")
