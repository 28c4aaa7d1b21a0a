"""``slm up``: run the whole installation in one process on one port until it is stopped."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from slm.first_start import set_up_link
from slm.installation import Installation, migrate_all, open_addresses, open_installation
from slm_chassis import app
from slm_chassis.app import Endpoint
from slm_chassis.http.limits import Limits
from slm_chassis.settings import Settings
from slm_chassis.startup import require_free_port

Say = Callable[[str], None]
T = TypeVar("T")


def up(settings: Settings, host: str, port: int, say: Say) -> None:
    """Serve the installation until SIGTERM or SIGINT; ``say`` is called with each line to print."""
    until_stopped(_up(settings, host, port, say))


def migrate(settings: Settings) -> None:
    """Create and migrate all databases, then return."""
    until_stopped(_migrate(settings))


def announcement_lines(installation: Installation, url: str) -> list[str]:
    """Return the lines of text that a person needs first: addresses and the operator's key."""
    key = installation.key
    lines = [f"slm is up: {url}", f"API documentation: {url}/docs"]
    if key.is_new:
        lines.append(f"operator key: {key.value}")
    if key.path is not None:
        lines.append(f"the operator key is kept in {key.path}")
    return lines


async def _up(settings: Settings, host: str, port: int, say: Say) -> None:
    # Checked first, since starting everything takes seconds and would have to be undone.
    require_free_port(host, port, "--port (SLM_PORT) and --host (SLM_HOST)")
    async with open_installation(settings) as installation, asyncio.TaskGroup() as group:

        def started(listening: int) -> None:
            shown = f"[{host}]" if ":" in host else host
            url = f"http://{shown}:{listening}"
            for line in announcement_lines(installation, url):
                say(line)
            group.create_task(_invite_to_set_up(installation, url, say), name="set-up link")

        endpoint = Endpoint(host, port, Limits.of(settings), settings.graceful_seconds)
        await app.serve(installation.apps, installation.face, endpoint, started=started)


async def _invite_to_set_up(installation: Installation, url: str, say: Say) -> None:
    """Print the link by which the first person sets up the installation, unless it has a party already."""
    path = await set_up_link(installation)
    if path is not None:
        say(f"nobody is here yet; set it up within a day: {url}{path}")


async def _migrate(settings: Settings) -> None:
    async with open_addresses(settings) as addresses:
        await migrate_all(addresses, settings.start_seconds)


def until_stopped(work: Coroutine[Any, Any, T]) -> T | None:
    """Run ``work`` and return its result; None if SIGTERM ended it.

    SIGINT raises KeyboardInterrupt after everything that ``work`` opened is closed.
    """

    async def stoppable() -> T | None:
        task = asyncio.create_task(work)
        asked = asyncio.Event()

        def stop() -> None:
            asked.set()
            task.cancel()

        # Needed until the server installs its own handlers: a stop during the start must close what was opened.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
        try:
            return await task
        except asyncio.CancelledError:
            if not asked.is_set():
                raise
            return None

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(stoppable())
