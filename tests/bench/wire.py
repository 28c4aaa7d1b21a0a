"""HTTP by hand, so that the clock can be read right after a request's last byte and at an answer's first."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any


class Refused(Exception):
    """An answer 429, with the seconds after which to retry."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"come again after {retry_after} s")
        self.retry_after = retry_after


class Connection:
    """A persistent connection to the intake, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
        self._reader = reader
        self._writer = writer
        self._key = key

    @classmethod
    async def open(cls, address: tuple[str, int], key: str) -> Connection:
        return cls(*await asyncio.open_connection(*address), key)

    async def post(self, path: str, body: bytes, content_type: str) -> tuple[float, float, dict[str, Any]]:
        """(seconds of the clock when the last byte was sent, when the answer was there, the answer)."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self._key}\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        # The transport of asyncio's own loop sends at once what the socket takes, and the rest while we drain.
        while self._writer.transport.get_write_buffer_size():  # noqa: ASYNC110
            await asyncio.sleep(0)
        sent_at = time.perf_counter()
        status, answer, retry_after = await self._answer()
        answered_at = time.perf_counter()
        document = json.loads(answer)
        if status == 429:
            raise Refused(retry_after)
        if status != 202:
            raise RuntimeError(f"{path}: {status} {document}")
        return sent_at, answered_at, document

    async def _answer(self) -> tuple[int, bytes, float]:
        """(status, body, seconds of Retry-After or one)."""
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = await self._reader.readexactly(int(headers["content-length"]))
        return int(lines[0].split(" ", 2)[1]), body, float(headers.get("retry-after", 1))

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def events(address: tuple[str, int], key: str, path: str, opened: Callable[[], None]) -> AsyncIterator[Any]:
    """The stream's events, (instant of the clock at which their bytes came, name, data); ``opened`` once it flows."""
    reader, writer = await asyncio.open_connection(*address, limit=1 << 24)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    status = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in status.split(b"\r\n", 1)[0], status
    name = ""
    try:
        while True:
            line = await reader.readline()
            came_at = time.perf_counter()
            if not line:
                raise ConnectionError("the stream has ended")
            if line.startswith(b"retry:"):
                opened()
            elif line.startswith(b"event: "):
                name = line[7:].decode().strip()
            elif line.startswith(b"data: "):
                yield came_at, name, json.loads(line[6:])
    finally:
        writer.close()
