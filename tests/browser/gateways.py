"""The compose gateway before an installation, the console in its own process, and a door before each service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser, Page

from tests.browser import watching
from tests.browser.scenario import Scene, eventually
from tests.browser.watching import Watch
from tests.support import real
from tests.support.gateway import Door, NoNginx, gateway
from tests.support.mailbox import Mailbox
from tests.support.processes import free_port, started

CONTEXTS = ("agreement", "monitor", "report", "review", "notification")


@dataclass(frozen=True)
class Gateway:
    """An installation behind the gateway at ``origin``. ``doors``: service → what leads console and gateway to it."""

    scene: Scene
    origin: str
    prefix: str
    doors: Mapping[str, Door]
    mailbox: Mailbox

    @asynccontextmanager
    async def opened(self, browser: Browser, who: str, size: str = "desk") -> AsyncIterator[tuple[Page, Watch]]:
        """Open a page as a person, ``operator`` or, if ``who`` is empty, nobody."""
        known = {"": "", "operator": self.scene.world.operator_key}
        key = known[who] if who in known else self.scene.world.keys[who]
        async with watching.opened(browser, self.origin, key=key, size=size) as (page, watch):
            yield page, watch

    def at(self, path: str) -> str:
        """The path of a page of the console."""
        return f"{self.prefix}{path}"

    def at_origin(self, path: str) -> str:
        return f"{self.origin}{path}"


@asynccontextmanager
async def gateway_before(scene: Scene, folder: Path, mailbox: Mailbox, prefix: str = "") -> AsyncIterator[Gateway]:
    """Run the gateway and a console, under a prefix if one is given, before an installation that runs already."""
    served = urlsplit(scene.url).port or 0
    doors = {context: Door(served) for context in CONTEXTS}
    async with AsyncExitStack() as stack:
        for door in doors.values():
            await door.open()
            stack.push_async_callback(door.shut)
        console = await stack.enter_async_context(_console(folder, doors, prefix))
        ports = {**{context: door.port for context, door in doors.items()}, "console": console}
        try:
            origin = await stack.enter_async_context(gateway(ports, folder / "nginx"))
        except NoNginx as cause:
            real.unavailable("nginx", cause)
        yield Gateway(scene, origin, prefix, doors, mailbox)


@asynccontextmanager
async def _console(folder: Path, doors: Mapping[str, Door], prefix: str) -> AsyncIterator[int]:
    """Run the console alone and yield its port."""
    port = free_port()
    environment = {
        **{f"SLM_CONSOLE_{context.upper()}_URL": f"http://127.0.0.1:{door.port}" for context, door in doors.items()},
        "SLM_CONSOLE_PORT": str(port),
        "SLM_CONSOLE_PREFIX": prefix,
        "SLM_CONSOLE_API_SECONDS": "30",
        "SLM_TRUSTED_PROXIES": "127.0.0.1",
    }
    folder.mkdir(parents=True, exist_ok=True)
    async with started(["slm_console"], folder / "console-output", port, environment) as running:

        async def answers() -> bool:
            async with httpx.AsyncClient(base_url=running.url) as client:
                try:
                    return (await client.get(f"{prefix}/sign-in")).status_code == 200
                except httpx.TransportError:
                    return False

        await eventually(answers)
        yield port
        await running.stop()
