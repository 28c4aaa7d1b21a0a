"""The integrator's journey on an empty installation: a key made by clicking, `curl` pasted, the fact on the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, expect

from tests.browser.journeys import Cost, Journey
from tests.browser.people import World, company, person
from tests.browser.scenario import empty
from tests.browser.watching import opened
from tests.support.processes import Running

SECONDS = 20


@dataclass
class Bench:
    """An installation with one company and its manager, in which nothing was ever sent."""

    running: Running
    world: World


@pytest.fixture(scope="module")
async def bench(undeclared: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with empty(tmp_path_factory.mktemp("bench")) as (running, world):
        await company(world, "alder", "Alder Managed Services")
        await person(world, "alder", "Ada Byron", "service_level_manager", "integrator")
        yield Bench(running, world)


async def shell(lines: str) -> str:
    """What the lines say when they are pasted into a shell."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-e", "-c", lines), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, wrong = await process.communicate()
    assert process.returncode == 0, wrong.decode()
    return said.decode()


async def test_an_integrator_makes_a_key_pastes_the_lines_and_sees_the_fact(
    bench: Bench, browser: Browser, costs: list[Cost]
) -> None:
    async with opened(browser, bench.running.url, key=bench.world.keys["ada"]) as (page, _):
        journey = Journey(page, "2 integrator connects a source")
        await journey.open("/", then="There is nothing here yet.")
        await journey.click("Connect what you measure", then="A new key")
        await journey.type("System", "Probes in Berlin")
        await journey.click("Make the key", then="it is shown only this once")
        lines = await page.locator("#snippet").inner_text()
        assert bench.running.url in lines
        assert '"accepted":1' in await shell(lines)
        await journey.click("See whether it has arrived", then="Set aside")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 3 and journey.cost.fields == 1
        for path, text in (
            ("/connections", "Probes in Berlin"),
            ("/connections/measurements", "website"),
        ):
            async with asyncio.timeout(SECONDS):
                while text not in await page.locator("main").inner_text():
                    await asyncio.sleep(0.3)
                    await page.goto(path)
        await page.goto("/connections/keys")
        row = page.locator("tr", has_text="Probes in Berlin")
        await expect(row).to_contain_text("only sends")
        async with asyncio.timeout(SECONDS):
            while "never" in await row.inner_text():
                await asyncio.sleep(0.3)
                await page.reload()
        await row.get_by_role("link", name="Revoke").click()
        await page.get_by_role("button", name="Revoke the key").click()
        await expect(row).to_contain_text("revoked")
    refused = await shell(lines.splitlines()[-1])
    assert "wrong-key" in refused
