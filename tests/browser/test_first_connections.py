"""A newcomer connects a first Prometheus, a first ticket tool and a first Alertmanager, with what the pages say alone.

Senders are small: a remote write of one series, and `curl` with the signature or the secret that the page names.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import yaml
from playwright.async_api import Browser, Page, expect

from slm_chassis.clock import SystemClock
from slm_events.instants import to_text
from slm_mappings.connectors import SHIPPED
from tests.browser.desks import two_companies
from tests.browser.journeys import Cost, Journey
from tests.browser.people import World
from tests.browser.scenario import empty
from tests.browser.test_asked_tools import says
from tests.browser.watching import opened
from tests.support.processes import Running
from tests.support.remote_write import HEADERS, V1, Series, snappy, version_1

MINUTE = 60_000_000


@pytest.fixture(scope="module")
async def start(undeclared: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, World]]:
    """An installation with two companies, in which nothing is registered and nothing was ever sent."""
    async with empty(tmp_path_factory.mktemp("first")) as (running, world):
        await two_companies(world)
        yield running, world


async def register(journey: Journey, name: str) -> None:
    """Register a measurement of availability on the page of measurements."""
    await journey.type("Name", name)
    await journey.click("Register it", then="nothing came yet")


async def curl(address: str, header: str, payload: Path) -> str:
    """What `curl` prints: the status of our answer."""
    line = (
        f"curl -s -o /dev/null -w '%{{http_code}}' --data-binary @{shlex.quote(str(payload))}"
        f" -H 'Content-Type: application/json' -H {shlex.quote(header)} {shlex.quote(address)}"
    )
    process = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return said.decode()


async def address_and_secret(page: Page) -> tuple[str, str]:
    return await page.locator("#address").inner_text(), await page.locator("#secret").first.inner_text()


async def test_a_first_prometheus_sends_by_the_lines_of_the_page(
    start: tuple[Running, World], browser: Browser, costs: list[Cost]
) -> None:
    running, world = start
    async with opened(browser, running.url, key=world.keys["ada"]) as (page, _):
        journey = Journey(page, "2 newcomer connects a first Prometheus")
        await journey.open("/connections", then="Nothing has sent anything yet.")
        await journey.click("Series", then="What to enter in Prometheus")
        await journey.click("Register a measurement", then="A new measurement")
        await register(journey, "shop.up")
        await journey.click("Series", then="What to enter in Prometheus")
        await journey.type("Series", 'up{job="shop"}')
        await journey.type("Measures", "shop.up")
        await journey.choose("A sample is", "1 for up, 0 for down")
        await journey.click("Add the rule", then="1 for up, 0 for down")
        [target] = yaml.safe_load(await page.locator("#remote-write").input_value())["remote_write"]
        assert target["write_relabel_configs"][0]["regex"] == "up"
        await journey.click("Keys", then="A new key")
        await journey.type("System", "Prometheus")
        await journey.click("Make the key", then="it is shown only this once")
        key = await page.locator("#new-key").inner_text()
        at = SystemClock().now() // 1_000
        body = snappy(version_1(Series({"__name__": "up", "job": "shop"}, [(at, 1.0)])))
        async with httpx.AsyncClient() as prometheus:
            headers = {**HEADERS[V1], "Authorization": f"Bearer {key}"}
            answer = await prometheus.post(target["url"], headers=headers, content=body)
        assert answer.status_code in (200, 204), answer.text
        await journey.click("Measurements", then="A new measurement")
        await says(page, "shop.up", "sends")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 10


async def test_a_first_ticket_tool_calls_and_its_call_leads_to_the_ticket(
    start: tuple[Running, World], browser: Browser, costs: list[Cost], tmp_path: Path
) -> None:
    running, world = start
    payload = tmp_path / "ticket.json"
    payload.write_text((SHIPPED / "zammad/fixtures/opened.json").read_text())
    async with opened(browser, running.url, key=world.keys["ada"]) as (page, _):
        journey = Journey(page, "2 newcomer connects a first ticket tool")
        await journey.open("/connections", then="Connections")
        await journey.click("Tools that call", then="Connect a tool")
        await journey.click("Zammad", then="What to enter in the tool")
        await journey.type("What calls", "Finance desk")
        await journey.click("Make the address", then="it is shown only this once")
        address, secret = await address_and_secret(page)
        await journey.sees("No ticket is made")
        await journey.click("Send a test event", then="a test")
        await expect(page.locator("main a[href^='/tickets/']")).to_have_count(0)
        signature = hmac.new(secret.encode(), payload.read_bytes(), hashlib.sha1).hexdigest()
        assert await curl(address, f"X-Hub-Signature: sha1={signature}", payload) == "202"
        await journey.click("Finance desk", then="The last calls")
        await journey.press(page.locator("tr", has_text="taken in").get_by_role("link"), then="Call of")
        number = str(json.loads(payload.read_text())["ticket"]["number"])
        await journey.click(number, then=number)
        costs.append(journey.cost)
        assert journey.cost.clicks <= 7
        await expect(page).to_have_url(f"{running.url}/tickets/zammad/{number}")


async def test_a_first_alertmanager_calls_and_its_outage_is_measured(
    start: tuple[Running, World], browser: Browser, costs: list[Cost], tmp_path: Path
) -> None:
    running, world = start
    began = to_text(SystemClock().now() - 5 * MINUTE)
    alert = {"status": "firing", "labels": {"alertname": "Down", "service": "checkout", "severity": "page"}}
    alert |= {"startsAt": began, "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "c0ffee0123456789"}
    payload = tmp_path / "alert.json"
    payload.write_text(json.dumps({"version": "4", "status": "firing", "alerts": [alert]}))
    async with opened(browser, running.url, key=world.keys["ada"]) as (page, _):
        journey = Journey(page, "2 newcomer connects a first Alertmanager")
        await journey.open("/connections", then="Connections")
        await journey.click("Tools that call", then="Connect a tool")
        await journey.click("Prometheus Alertmanager", then="What to enter in the tool")
        await journey.type("What calls", "Alerts of the shop")
        await journey.click("Make the address", then="it is shown only this once")
        address, secret = await address_and_secret(page)
        # The newcomer forgot to register what the alert names: the call says so, and is taken in again.
        assert await curl(address, f"Authorization: Bearer {secret}", payload) == "422"
        await journey.click("See its calls", then="The last calls")
        await journey.press(page.locator("tr", has_text="refused").get_by_role("link"), then="Call of")
        await journey.click("Register checkout", then="A new measurement")
        await journey.click("Register it", then="nothing came yet")
        await journey.click("Tools that call", then="Connect a tool")
        await journey.click("Alerts of the shop", then="The last calls")
        await journey.click("Take it in again", then="taken in")
        await journey.press(page.locator("tr", has_text="taken in").get_by_role("link"), then="Call of")
        await journey.click("Measurements", then="A new measurement")
        await says(page, "checkout", "sends")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 12
