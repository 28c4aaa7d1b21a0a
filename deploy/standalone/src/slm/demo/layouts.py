"""The two ways to play the demonstration's cycle: on its own installation, or on a running one."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from slm.demo import doors, embedded, performance
from slm.demo.doors import InstallationClient, NotReady
from slm.demo.performance import PlayOptions
from slm.demo.terminal import Terminal
from slm.up import until_stopped
from slm_chassis.clock import Clock, parse_clock
from slm_chassis.postgres_server import DataDirectoryInUse
from slm_chassis.settings import Settings


def play_on_own_installation(wanted: PlayOptions, port: int | None, data_dir: Path | None) -> int:
    """Play the cycle on a new installation in this process and return the exit code."""
    console = Console(highlight=False)
    settings = embedded.demonstration_settings(data_dir)
    try:
        # With --once any free port will do, so that several demonstrations can run at the same time.
        free = embedded.choose_port(port, 0 if wanted.once else 8080)
    except embedded.PortInUse as refused:
        console.print(str(refused), soft_wrap=True)
        return 1
    try:
        embedded.clear_folder(settings.data_dir)
    except DataDirectoryInUse:
        console.print(f"Another demonstration runs in {settings.data_dir}; stop it, or give another --data-dir.")
        return 1
    embedded.log_to_file(settings.data_dir / "slm.log", settings.log_level)
    clock = parse_clock(settings.clock)
    terminal = Terminal(console, clock)
    for line in embedded.introduction_lines(settings):
        terminal.note(line)

    async def work(url: str, key: str) -> bool:
        found = doors.connect_to_one_address(url, wanted.patience)
        return await _play(found, f"{url}, {settings.data_dir}", replace(wanted, operator_key=key), clock, terminal)

    return _exit_code(embedded.serve_while(settings, free, work), terminal)


def play_on_running_installation(wanted: PlayOptions, url: str | None, services: Sequence[Sequence[str]]) -> int:
    """Play the cycle on a running installation and return the exit code.

    ``url``: the installation's address. If it is None, ``services`` has the URLs of each service's replicas.
    """
    clock = parse_clock(Settings().clock)
    terminal = Terminal(Console(highlight=False), clock)
    found = (
        doors.connect_to_one_address(url, wanted.patience)
        if url
        else doors.connect_to_each_service(services, wanted.patience)
    )
    return _exit_code(_play(found, url or "running services", wanted, clock, terminal), terminal)


async def _play(
    found: Awaitable[InstallationClient], where: str, wanted: PlayOptions, clock: Clock, terminal: Terminal
) -> bool:
    try:
        open_doors = await found
    except NotReady as reason:
        terminal.failed(str(reason))
        return False
    terminal.stage_done("start", f"on {where}")
    async with open_doors.client:
        return await performance.play_and_check(open_doors, wanted, clock, terminal)


def _exit_code(play: Coroutine[Any, Any, bool | None], terminal: Terminal) -> int:
    """Run ``play``, one run of the demonstration's cycle, and return the exit code.

    0 if every check succeeded, or if somebody stopped the command after the last stage; else 1.
    """
    try:
        result = until_stopped(play)
    except KeyboardInterrupt:
        result = None
    if result is None:
        return 0 if terminal.is_played else 1
    return 0 if result else 1
