"""The demonstration's own installation: new, in this process, by default on an accelerated clock."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from slm.installation import Installation, open_installation
from slm_chassis import app, logs
from slm_chassis.app import Endpoint
from slm_chassis.clock import Clock, real_now
from slm_chassis.http.limits import Limits
from slm_chassis.postgres_server import PrivatePostgres
from slm_chassis.settings import Settings
from slm_events.instants import to_text

HOST = "127.0.0.1"
ORIGIN = "2026-11-02T10:00:00Z"
"""The instant at which the demonstration's clock begins: a Monday within the agreement's service hours."""
RATE = 60
"""The clock's rate: one real second is one minute of the installation."""

Work = Callable[[str, str], Awaitable[bool]]


@dataclass(frozen=True)
class ServingOptions:
    """``clock`` replaces the clock of the settings. ``front`` returns the application to serve for an installation."""

    clock: Clock
    front: Callable[[Installation], ASGIApp]


def demonstration_settings(data_dir: Path | None) -> Settings:
    """Return the environment's settings with the demonstration's folder.

    If the environment sets no clock, the settings get a clock that shows ``ORIGIN`` now and runs at ``RATE``.
    """
    given = Settings() if data_dir is None else Settings(data_dir=data_dir)
    clock = given.clock or f"{ORIGIN},{to_text(real_now())},{RATE}"
    return given.model_copy(update={"data_dir": given.data_dir / "demo", "clock": clock})


def introduction_lines(settings: Settings) -> list[str]:
    """Return the lines of text that the demonstration prints first."""
    begins, _, rate = (settings.clock or "").split(",")
    return [
        "Demonstration: Acme Hosting and The Corner Shop negotiate, sign, break, report and review an agreement, "
        f"on their own installation in {settings.data_dir}; the data of earlier demonstrations there is removed.",
        f"Its clock begins at {begins} and runs {rate} times as fast as yours; other commands see the same time with "
        f"SLM_CLOCK={settings.clock}",
    ]


def clear_folder(folder: Path) -> None:
    """Empty the folder. A PostgreSQL that a killed demonstration left running there is stopped first.

    Raises DataDirectoryInUse.
    """
    if (folder / "postgres").exists():
        PrivatePostgres.start(folder / "postgres").stop()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def log_to_file(path: Path, level: str) -> None:
    """Write the services' logs to a file, because the terminal shows the demonstration's own output."""
    logs.configure_logs(level)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(path.open("a"))


class PortInUse(Exception):
    """Another process listens on the requested port."""


def choose_port(wanted: int | None, usual: int) -> int:
    """Return the port to serve on: ``wanted`` if it is given, else ``usual`` if it is free, else 0 (any free port).

    Raises PortInUse if ``wanted`` is in use.
    """
    with socket.socket() as probe:
        probe.settimeout(1)
        is_free = probe.connect_ex((HOST, wanted or usual)) != 0 if wanted or usual else True
    if wanted and not is_free:
        raise PortInUse(f"Port {wanted} is in use; stop the process that listens on it, or give another --port.")
    return wanted or (usual if is_free else 0)


async def serve_while(settings: Settings, port: int, work: Work, options: ServingOptions | None = None) -> bool | None:
    """Serve an installation while ``work`` runs; return the result of ``work``, None if it was cancelled.

    ``work`` gets the URL and the operator's key.
    """
    tasks: list[asyncio.Task[bool]] = []
    async with open_installation(settings, options.clock if options else None) as installation:
        front: ASGIApp = options.front(installation) if options else installation.face

        def started(listening: int) -> None:
            task = asyncio.create_task(_worked(work, f"http://{HOST}:{listening}", installation.key.value))
            task.add_done_callback(ended)
            tasks.append(task)

        def ended(task: asyncio.Task[bool]) -> None:
            # The server stops by a signal only. Once it has stopped, nothing would catch one.
            if not task.cancelled():
                os.kill(os.getpid(), signal.SIGTERM)

        try:
            endpoint = Endpoint(HOST, port, Limits.of(settings), graceful_seconds=2)
            await app.serve(installation.apps, front, endpoint, started=started)
        finally:
            for task in tasks:
                task.cancel()
        [result] = await asyncio.gather(*tasks, return_exceptions=True)
    if isinstance(result, asyncio.CancelledError):
        return None
    if isinstance(result, BaseException):
        raise result
    return result


async def _worked(work: Work, url: str, key: str) -> bool:
    return await work(url, key)
