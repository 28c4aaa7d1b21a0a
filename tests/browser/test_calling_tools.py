"""The integrator's second journey: a ticket tool is connected by clicking, tried on a payload, and called by `curl`;
and a file of measurements is tried and imported.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from slm_chassis.clock import SystemClock
from slm_events.instants import to_text
from tests.browser.desks import one_agreement
from tests.browser.journeys import Cost, Journey
from tests.browser.people import World
from tests.browser.scenario import empty, eventually
from tests.browser.watching import opened
from tests.support.processes import Running

SECONDS = 30
MINUTE = 60_000_000


@pytest.fixture(scope="module")
async def desk(undeclared: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, World]]:
    """An installation with one agreement about tickets, in which no tool calls."""
    async with empty(tmp_path_factory.mktemp("desk")) as (running, world):
        await one_agreement(world)
        yield running, world


def payload_of(now: int) -> str:
    """A ticket of Zammad that was opened a quarter of an hour ago."""
    ticket = {
        "number": "21007",
        "title": "Nobody can pay",
        "state": "on fire",
        "created_at": to_text(now - 15 * MINUTE),
        "updated_at": to_text(now - 14 * MINUTE),
        "close_at": None,
        "first_response_at": None,
        "priority": {"name": "3 high"},
        "group": {"name": "Application desk"},
        "organization": {"name": "corner-shop"},
        "owner": {"login": "-"},
        "service": "checkout",
    }
    return json.dumps({"ticket": ticket})


async def curl(address: str, secret: str, payload: Path) -> str:
    """What `curl` prints: the status of our answer to the signed payload."""
    signature = hmac.new(secret.encode(), payload.read_bytes(), hashlib.sha1).hexdigest()
    line = (
        f"curl -s -o /dev/null -w '%{{http_code}}' --data-binary @{shlex.quote(str(payload))}"
        f" -H 'Content-Type: application/json' -H 'X-Hub-Signature: sha1={signature}' {shlex.quote(address)}"
    )
    process = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return said.decode()


async def test_an_integrator_connects_a_ticket_tool_and_sees_its_ticket_run(
    desk: tuple[Running, World], browser: Browser, costs: list[Cost], tmp_path: Path
) -> None:
    running, world = desk
    payload = tmp_path / "ticket.json"
    payload.write_text(payload_of(SystemClock().now()))
    async with opened(browser, running.url, key=world.keys["ada"]) as (page, watch):
        watch.expected |= {422}
        journey = Journey(page, "2 integrator connects a ticket tool")
        await journey.open("/connections/hooks", then="No tool calls yet.")
        await journey.click("Zammad", then="What to enter in the tool")
        await journey.type("What calls", "Finance desk")
        await journey.click("Make the address", then="it is shown only this once")
        secret = await page.locator("#secret").first.inner_text()
        address = await page.locator("#address").inner_text()
        assert address.startswith(running.url)
        await journey.click("Edit the mapping", then="What the tool sends")
        await journey.type("What the tool sends", payload.read_text())
        await journey.click("See what it reads", then="states does not list it")
        mapping = page.get_by_label("Mapping", exact=True)
        text = await mapping.input_value()
        text = text.replace("states:", "states:\n  on fire: {state: open}", 1)
        await mapping.fill(text.replace("attributes:", "service: {column: ticket.service}\nattributes:", 1))
        await journey.click("See what it reads", then="Ticket 21007")
        await journey.sees("P1 incidents are resolved within 4 hours")
        await expect(page.locator("#read")).to_contain_text("3 h 4")
        await journey.click("Save the mapping", then="Nothing has called yet.")
        assert await curl(address, secret, payload) == "202"
        assert await curl(address, secret + "x", payload) == "401"
        await page.reload()
        await expect(page.locator("tr", has_text="taken in")).to_contain_text("21007")
        await expect(page.locator("tr", has_text="not proven to be the tool")).to_have_count(1)
        async with asyncio.timeout(SECONDS):
            while "P1 incidents are resolved" not in await page.locator("main").inner_text():
                await asyncio.sleep(0.3)
                await page.goto("/tickets/zammad/21007")
        await expect(page.locator("main")).to_contain_text("3 h 4")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 6


async def test_an_integrator_tries_a_file_of_measurements_and_imports_it(
    desk: tuple[Running, World], browser: Browser, costs: list[Cost], tmp_path: Path
) -> None:
    running, world = desk
    now, file = SystemClock().now(), tmp_path / "checks.csv"
    rows = [f"{to_text(now - minutes * MINUTE)},{status}" for minutes, status in ((30, "up"), (20, "down"), (10, "up"))]
    file.write_text("\n".join(["time,status", *rows, "soon,up"]))
    async with opened(browser, running.url, key=world.keys["ada"]) as (page, _):
        journey = Journey(page, "2 integrator imports a file of measurements")
        await journey.open("/connections/imports", then="No history was imported yet.")
        await journey.click("Import measurements", then="What does your file say?")
        await journey.click("whether a check succeeded", then="A file of measurements")
        await page.get_by_label("File", exact=True).set_input_files(file)
        await journey.click("See what it reads", then="4 rows read")
        await expect(page.locator("#read")).to_contain_text("line 5, time")
        # The text of the file is kept in the page, so that it need not be chosen again.
        await journey.click("Import", then="Begun")
        await expect(page.locator("h1")).to_have_text("shop.checkout")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 4

    async def taken_in() -> bool:
        sources = (await world.get("ada", "sources"))["items"]
        return any(each["source"] == "my-tool" and each["facts_last_day"] == 3 for each in sources)

    await eventually(taken_in)
