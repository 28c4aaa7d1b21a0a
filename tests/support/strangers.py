"""A load of callers without a key, in a process of its own: ``python -m tests.support.strangers HOST PORT``.

The process prints one line when all callers have connected, and runs until it is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

BIG_ARRAYS, BIG_SENDERS = 5_000_000, 8
UNFINISHED, HALF_OPEN = 60, 1_000
PATHS = ("/api/v1/measurements", "/api/v1/agreements")
"""One path that is answered before FastAPI looks for a route, and one that FastAPI answers."""
PAUSE_SECONDS = 0.25
"""Seconds between the end of a connection and the next attempt. Without the pause the test would measure the attacker.
"""
CONNECT_SECONDS = 1.5
"""Seconds within which all callers connect, one after the other."""
_AT_ONCE = 20_000


async def big_body(host: str, port: int, number: int) -> None:
    """Send 15 MB of JSON as fast as the server reads."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_head(PATHS[number % 2], 3 * BIG_ARRAYS + 3) + b"[")
        for begun in range(0, BIG_ARRAYS, _AT_ONCE):
            writer.write(b"[]," * min(_AT_ONCE, BIG_ARRAYS - begun))
            await asyncio.wait_for(writer.drain(), 30)
        writer.write(b"0]")
        await asyncio.wait_for(reader.read(1), 30)
    finally:
        writer.transport.abort()


async def unfinished_body(host: str, port: int, number: int) -> None:
    """Send most of an announced body, and then nothing more."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_head(PATHS[number % 2], 3 * BIG_ARRAYS) + b"[" + b"[]," * _AT_ONCE)
        await reader.read()
    finally:
        writer.transport.abort()


async def half_open(host: str, port: int, number: int) -> None:
    """Send a request head that never ends."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET /api/v1/targets?n={number} HTTP/1.1\r\nHost: x\r\nX-Slow: ".encode())
        await reader.read()
    finally:
        writer.transport.abort()


def _head(path: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def _again(attempt: Callable[[str, int, int], Awaitable[None]], host: str, port: int, number: int) -> None:
    await asyncio.sleep(number % 100 * 0.01)
    while True:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            await attempt(host, port, number)
        await asyncio.sleep(PAUSE_SECONDS)


def _attackers(host: str, port: int) -> list[asyncio.Task[None]]:
    kinds = [(big_body, BIG_SENDERS), (unfinished_body, UNFINISHED), (half_open, HALF_OPEN)]
    return [
        asyncio.create_task(_again(attempt, host, port, number)) for attempt, count in kinds for number in range(count)
    ]


async def _attack(host: str, port: int) -> None:
    tasks = _attackers(host, port)
    await asyncio.sleep(CONNECT_SECONDS)
    print("all connected", flush=True)
    await asyncio.gather(*tasks)


class Strangers:
    """The load of a process of its own, as the test that measures it starts and stops it."""

    def __init__(self, host: str, port: int, module: str = "tests.support.strangers", more: Sequence[str] = ()) -> None:
        self._command = (module, host, str(port), *more)
        self._process: asyncio.subprocess.Process | None = None

    async def go(self) -> None:
        """Start the load; return when all callers have connected."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *self._command), stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        await asyncio.wait_for(self._process.stdout.readline(), 60)

    async def stop(self) -> None:
        """Kill the load's process; the kernel then closes every connection."""
        if self._process is not None:
            self._process.kill()
            await self._process.communicate()
            self._process = None


@asynccontextmanager
async def strangers(
    host: str, port: int, module: str = "tests.support.strangers", more: Sequence[str] = ()
) -> AsyncIterator[Strangers]:
    """Give the block a load that is not started yet; stop it at the end.

    ``module`` makes the load, given host, port and ``more`` as arguments.
    """
    load = Strangers(host, port, module, more)
    try:
        yield load
    finally:
        await load.stop()


if __name__ == "__main__":
    asyncio.run(_attack(sys.argv[1], int(sys.argv[2])))
