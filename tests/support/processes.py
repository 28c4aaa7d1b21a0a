"""Processes of the product as a user starts them, on a free port, ended with the test."""

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
"""Below those that the system gives to connections: none of theirs takes a port before a process listens on it."""
_numbers = itertools.count(secrets.randbelow(_PORTS))


@dataclass
class Running:
    """A process and where it answers."""

    process: asyncio.subprocess.Process
    url: str
    output: Path

    async def ready(self, seconds: float = 60.0) -> None:
        """Wait until /readyz says so; raises AssertionError with its output where it ends instead."""
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
        """Send a signal and wait for the end; the exit code, negative where the signal killed."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), seconds)

    def said(self) -> str:
        return self.output.read_text()


def kill_family(process_id: int) -> None:
    """``kill -9`` of a process and all its children."""
    parent = psutil.Process(process_id)
    family = [parent, *parent.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=10)


def free_port() -> int:
    """A port on which nothing listens, and that neither this process nor another one of pytest-xdist has given out."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 2
    for number in _numbers:
        port = _FIRST_PORT + worker * _PORTS + number % _PORTS
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the numbers never end")


def python(*module: str) -> list[str]:
    """The command for ``python -m …``, which checks the answers of the process where this test run checks any."""
    watched = ["tests.support.watched"] if answers.VARIABLE in os.environ else []
    return [sys.executable, "-W", "error", "-m", *watched, *module]


@asynccontextmanager
async def started(module: list[str], output: Path, port: int, environment: Mapping[str, str]) -> AsyncIterator[Running]:
    """``python -m …`` with nothing of ours in its environment but what is given; killed if it still runs."""
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
