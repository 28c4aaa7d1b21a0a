"""``python -m tests.browser.screenshots``: draws the pictures of docs/screenshots from the installation with data."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser

from tests.browser import chromium
from tests.browser.addresses import addresses
from tests.browser.scenario import Scene, staged
from tests.browser.watching import open_drawer, opened

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"


@dataclass(frozen=True)
class Shot:
    """A picture: its file, the page, who looks, and how. ``drawer``: with how a figure is worked out."""

    name: str
    path: str
    who: str
    size: str = "desk"
    dark: bool = False
    drawer: bool = False
    place: str = ""
    """The selector of what stands at the top of the window, the top of the page if empty."""


async def shots(scene: Scene) -> list[Shot]:
    """Return the pictures of the documentation."""
    of = scene.world.agreements
    known = await addresses(scene)
    target = known["target"].path
    return [
        Shot("today", "/", "ada"),
        Shot("today-dark", "/", "ada", dark=True),
        Shot("target-drawer", target, "carl", drawer=True),
        Shot("target-drawer-dark", target, "carl", dark=True, drawer=True),
        Shot("services", "/services", "carl"),
        Shot("agreement", f"/agreements/{of['checkout-corner-shop']}", "carl"),
        Shot("changes", f"/agreements/{of['vouchers']}", "ada"),
        Shot("sign", f"/agreements/{of['terminals']}/sign", "grace"),
        Shot("answer-phone", f"/agreements/{of['returns']}", "carl", "phone", place="#target-availability"),
        Shot("ticket", "/tickets/desk/INC-20418", "ada"),
        Shot("editor", known["editor"].path, "ada"),
        Shot("maintenance", "/maintenance", "ada"),
        Shot("connections", "/connections", "ada"),
        Shot("audit-trail", "/settings/audit-trail", "ada"),
        Shot("people", "/settings/people", "ada"),
        Shot("keys", "/connections/keys", "ada", dark=True),
    ]


async def draw(browser: Browser, scene: Scene, shot: Shot, folder: Path) -> None:
    """Write one picture of what a window shows of a page."""
    key = scene.world.keys[shot.who] if shot.who else ""
    async with opened(browser, scene.url, key=key, size=shot.size, dark=shot.dark) as (page, _):
        await page.goto(shot.path)
        await page.wait_for_load_state("load")
        if shot.drawer:
            await open_drawer(page)
        if shot.place:
            await page.locator(shot.place).evaluate("each => scrollTo(0, each.offsetTop - 104)")
        # The window only: bars that stick to its end would be drawn across a longer page.
        await page.screenshot(path=folder / f"{shot.name}.png")


async def main(folder: Path, only: str = "") -> int:
    """Draw every picture, or those whose name contains ``only``; return the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        async with chromium.started() as browser, staged(Path(made)) as scene:
            for shot in await shots(scene):
                if only in shot.name:
                    await draw(browser, scene, shot, folder)
                    print(folder / f"{shot.name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(FOLDER, *sys.argv[1:2])))
