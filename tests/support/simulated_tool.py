"""A simulation of a ticket tool's web server, for tests: real HTTP on a port, and refusals that a test orders."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from tests.support.processes import free_port

USER, PASSWORD = "slm.reader", "the password that nobody may see"


@dataclass(frozen=True)
class SimulatedRequest:
    """One request: method, path, parameters of the query or form, headers in lower case, and the body as text."""

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    body: str

    def is_by(self, user: str, password: str) -> bool:
        """Whether the request has these credentials (HTTP Basic)."""
        wanted = base64.b64encode(f"{user}:{password}".encode()).decode()
        return self.headers.get("authorization") == f"Basic {wanted}"


@dataclass(frozen=True)
class SimulatedAnswer:
    """An answer: status, document and further headers."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class SimulatedTool:
    """The server. A subclass answers requests; ``ordered`` answers come first, one for each request.

    - ``before``: called before each answer, so that tickets change while they are read.
    - ``pause``: seconds that each answer takes. ``asked``: all requests; ``at_once``: the most at the same time.
    """

    port: int = field(default_factory=free_port)
    ordered: deque[SimulatedAnswer | None] = field(default_factory=deque)
    before: Callable[[SimulatedRequest], None] = lambda request: None
    pause: float = 0.0
    asked: list[SimulatedRequest] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    at_once: int = 0
    _open: int = 0
    _server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer:
        """Return the answer of the tool, as its public documentation describes it."""
        raise NotImplementedError

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Close the port, so that connections are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self.at_once = max(self.at_once, self._open)
        try:
            request = await _request(reader)
            self.asked.append(request)
            await asyncio.sleep(self.pause)
            self.before(request)
            ordered = self.ordered.popleft() if self.ordered else None
            found = self.answer(request) if ordered is None else ordered
            self.statuses[found.status] += 1
            body = json.dumps(found.document).encode()
            more = "".join(f"{name}: {value}\r\n" for name, value in found.headers.items())
            head = f"HTTP/1.1 {found.status} X\r\n{more}content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open -= 1
            writer.close()


async def _request(reader: asyncio.StreamReader) -> SimulatedRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
    method, target, _ = first.split(" ", 2)
    parts = urlsplit(target)
    written = body if "form-urlencoded" in headers.get("content-type", "") else parts.query
    return SimulatedRequest(method, parts.path, dict(parse_qsl(written)), headers, body)


AnyTool = TypeVar("AnyTool", bound=SimulatedTool)


@asynccontextmanager
async def simulated(tool: AnyTool) -> AsyncIterator[AnyTool]:
    """Run the server of a tool inside the block."""
    await tool.start()
    try:
        yield tool
    finally:
        await tool.stop()
