"""Processes of the product as a user starts them, on a free port; they are stopped at the end of the test."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.support import answers

_FIRST_PORT, _PORTS = 20_000, 6_000
"""The first port for processes, and how many follow.

They lie below those that the system gives to connections, so that no connection takes a port before a process uses it.
"""
_numbers = itertools.count(secrets.randbelow(_PORTS))


@dataclass
class Running:
    """A process and the URL at which it answers."""

    process: asyncio.subprocess.Process
    url: str
    output: Path

    async def ready(self, seconds: float = 60.0) -> None:
        """Wait until /readyz reports that it is ready; raises AssertionError with the process's output if the process
        ends.
        """
        async with httpx.AsyncClient(base_url=self.url) as client, asyncio.timeout(seconds):
            while not await self._answers(client):
                assert self.process.returncode is None, self.said()
                await asyncio.sleep(0.1)

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Send a signal and wait for the end; return the exit code, negative if the signal killed the process."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), seconds)

    def said(self) -> str:
        return self.output.read_text()


def kill_family(process_id: int) -> None:
    """Kill a process and all its children with SIGKILL."""
    parent = psutil.Process(process_id)
    family = [parent, *parent.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=10)


def free_port() -> int:
    """Return a port on which nothing listens, and that no process of this test run has given out."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 2
    for number in _numbers:
        port = _FIRST_PORT + worker * _PORTS + number % _PORTS
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the numbers never end")


def python(*module: str) -> list[str]:
    """Return the command for ``python -m …``; the process checks its answers if this test run checks answers."""
    watched = ["tests.support.watched"] if answers.VARIABLE in os.environ else []
    return [sys.executable, "-W", "error", "-m", *watched, *module]


@asynccontextmanager
async def started(module: list[str], output: Path, port: int, environment: Mapping[str, str]) -> AsyncIterator[Running]:
    """Run ``python -m …`` inside the block; kill it at the end if it still runs.

    Of the variables ``SLM_…`` only those in ``environment`` are set.
    """
    # Without PYTHONDONTWRITEBYTECODE, which makes every start compile everything anew.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLM_", "PYTHONDONTWRITE"))}
    with output.open("a") as file:
        process = await asyncio.create_subprocess_exec(
            *python(*module), env={**clean, **environment}, stdout=file, stderr=file
        )
    running = Running(process, f"http://127.0.0.1:{port}", output)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
