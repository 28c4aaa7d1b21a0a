"""A receiver of webhooks for tests: a real HTTP server that keeps what it gets and answers as a test wants."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook

from tests.support.processes import free_port


@dataclass
class ReceivedWebhook:
    """One request: its path, headers in lower case, and body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """Whether the reference library of Standard Webhooks accepts the signature."""
        try:
            Webhook(secret).verify(self.body, self.headers)
        except Exception:
            return False
        return True


@dataclass
class Receiver:
    """An HTTP server on a port of 127.0.0.1. ``status`` and ``headers`` are its answer, after ``pause`` seconds.

    ``of_path`` overrides the status for some paths; events of ``refused_types`` are answered with 400. ``most`` is how
    many requests to a path were in progress at once.
    """

    port: int = field(default_factory=free_port)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b"thanks"
    pause: float = 0.0
    of_path: dict[str, int] = field(default_factory=dict)
    refused_types: set[str] = field(default_factory=set)
    slow_paths: dict[str, float] = field(default_factory=dict)
    answering: Callable[[ReceivedWebhook], tuple[int, bytes]] | None = None
    """Decides status and body of each answer while ``status`` is 200."""
    got: list[ReceivedWebhook] = field(default_factory=list)
    most: Counter[str] = field(default_factory=Counter)
    _open: Counter[str] = field(default_factory=Counter)
    _server: asyncio.Server | None = None

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Close the port, so that connections are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    def counts(self) -> Counter[str]:
        """Webhook id → how often it came."""
        return Counter(each.webhook_id for each in self.got)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            path = first.split(" ")[1]
            self._open[path] += 1
            self.most[path] = max(self.most[path], self._open[path])
            try:
                got = ReceivedWebhook(path, headers, body)
                self.got.append(got)
                await asyncio.sleep(self.slow_paths.get(path, self.pause))
            finally:
                self._open[path] -= 1
            status, answer = self.of_path.get(path, self.status), self.answer
            if status == 200 and self.answering is not None:
                status, answer = self.answering(got)
            if self.refused_types and got.event["type"] in self.refused_types:
                status = 400
            more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            writer.write(
                f"HTTP/1.1 {status} X\r\n{more}content-length: {len(answer)}\r\nconnection: close\r\n\r\n".encode()
                + answer
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver inside the block."""
    receiver = Receiver()
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()
