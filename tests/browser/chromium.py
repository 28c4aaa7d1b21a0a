"""The system's Chromium for tests, with the same flags everywhere, and the reason where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
"""The browser asks nobody but the page's own server, and letters have the same widths at every zoom."""

_FONTS = Path(__file__).resolve().parent / "fonts.conf"


class NoBrowser(Exception):
    """There is no Chromium on this machine; the text says how to install it."""


def executable() -> str:
    """Return the path of the system's Chromium. Raises NoBrowser."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if (found := shutil.which(name)) is not None:
            return found
    raise NoBrowser("no chromium on the PATH; install it (Debian: apt-get install chromium) or run tools/setup-browser")


@asynccontextmanager
async def started() -> AsyncIterator[Browser]:
    """Start a browser and close it at the end. Raises NoBrowser."""
    path = executable()
    async with async_playwright() as playwright:
        environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(_FONTS)}
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS, env=environment)
        try:
            yield browser
        finally:
            await browser.close()
