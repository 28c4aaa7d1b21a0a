"""A simulation of a ticket tool's REST API, for tests: a real HTTP server in three dialects.

It was made from the public documentation of Zammad, ServiceNow's Table API and Jira, and is none of them: it knows the
requests that the product sends, and fails as a test wants.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.processes import free_port

Answer = tuple[int, Any]


@dataclass
class ToolCall:
    """One request: what was asked, of which ticket if it was a change, and what was answered."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any
    ticket: str = ""
    status: int = 0


@dataclass
class TicketTool:
    """The tool, on a port of 127.0.0.1.

    ``tickets``: number → fields. ``known``: the fields that a ticket may have; others are ignored as the tools do.
    ``fault``: called for each request, it may return a status to answer instead. ``limit``: so many requests are
    answered in each ``limit_seconds``, further ones with 429. ``on_change``: called after each accepted change, as a
    tool calls a webhook.
    """

    dialect: str
    authorization: str
    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    fault: Callable[[ToolCall], int | None] | None = None
    limit: int | None = None
    limit_seconds: float = 1.0
    on_change: Callable[[str], Awaitable[None]] | None = None
    pause: float = 0.0
    port: int = field(default_factory=free_port)
    calls: list[ToolCall] = field(default_factory=list)
    called_at: list[float] = field(default_factory=list)
    """When each of ``calls`` came, by the loop's clock."""
    changes: Counter[str] = field(default_factory=Counter)
    _server: asyncio.Server | None = None
    _period: tuple[float, int] = (0.0, 0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(self, *numbers: str) -> None:
        for number in numbers:
            self.tickets[number] = {"id": 4_000 + len(self.tickets), "number": number}

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1_000)

    async def stop(self) -> None:
        """Close the port, so that connections are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines if line)}
            text = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = first.split(" ")
            call = ToolCall(method, target, headers, json.loads(text) if text else None)
            self.calls.append(call)
            self.called_at.append(asyncio.get_running_loop().time())
            if self.pause:
                await asyncio.sleep(self.pause)
            call.status, answer = await self._answered(call)
            body = b"" if answer is None else json.dumps(answer).encode()
            more = f"retry-after: {self.limit_seconds:.0f}\r\n" if call.status == 429 else ""
            writer.write(
                f"HTTP/1.1 {call.status} X\r\n{more}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
            if call.status in (200, 204) and call.ticket and self.on_change is not None:
                await self.on_change(call.ticket)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answered(self, call: ToolCall) -> Answer:
        if call.headers.get("authorization") != self.authorization:
            return 401, {"error": "Invalid credentials", "sent": call.headers.get("authorization")}
        if self._is_too_much():
            return 429, {"error": "Too many requests"}
        path = unquote(urlsplit(call.target).path)
        is_search, call.ticket = self._asked(call.method, path)
        if self.fault is not None and (status := self.fault(call)) is not None:
            return status, {"error": f"simulated {status}"}
        if is_search:
            return 200, self._found(urlsplit(call.target).query)
        if call.ticket not in self.tickets:
            call.ticket = ""
            return 404, {"error": "No such ticket"}
        return self._changed(call)

    def _is_too_much(self) -> bool:
        if self.limit is None:
            return False
        now, (began, count) = asyncio.get_running_loop().time(), self._period
        self._period = (now, 1) if now - began >= self.limit_seconds else (began, count + 1)
        return self._period[1] > self.limit

    def _asked(self, method: str, path: str) -> tuple[bool, str]:
        """Whether the request is a search, and else the number of the ticket that it changes."""
        searches = {"zammad": "/api/v1/tickets/search", "servicenow": "/api/now/table/task"}
        if method == "GET" and path == searches.get(self.dialect):
            return True, ""
        forms = {
            "zammad": ("PUT", r"/api/v1/tickets/(\w+)"),
            "servicenow": ("PATCH", r"/api/now/table/incident/(\w+)"),
            "jira-service-management": ("PUT", r"/rest/api/2/issue/([\w-]+)"),
        }
        wanted, form = forms[self.dialect]
        match = re.fullmatch(form, path)
        if method != wanted or match is None:
            return False, ""
        if self.dialect == "jira-service-management":
            return False, match[1]
        by_id = {str(each["id"]): number for number, each in self.tickets.items()}
        return False, by_id.get(match[1], "")

    def _found(self, query: str) -> Any:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if self.dialect == "zammad":
            assert asked["expand"] == "true"
            wanted = re.fullmatch(r"number:\((.*)\)", asked["query"])
            assert wanted is not None
            return [self.tickets[each] for each in wanted[1].split(" OR ") if each in self.tickets]
        numbers = asked["sysparm_query"].removeprefix("numberIN").split(",")
        known = [self.tickets[each] for each in numbers if each in self.tickets]
        return {
            "result": [
                {"sys_id": str(each["id"]), "number": each["number"], "sys_class_name": "incident"} for each in known
            ]
        }

    def _changed(self, call: ToolCall) -> Answer:
        ticket = self.tickets[call.ticket]
        given = call.body["fields"] if self.dialect == "jira-service-management" else call.body
        unknown = set(given) - self.known
        if unknown and self.dialect == "jira-service-management":
            return 400, {"errors": dict.fromkeys(unknown, "Field cannot be set.")}
        ticket.update({name: value for name, value in given.items() if name in self.known})
        self.changes[call.ticket] += 1
        if self.dialect == "jira-service-management":
            return 204, None
        if self.dialect == "servicenow":
            names = parse_qs(urlsplit(call.target).query)["sysparm_fields"][0].split(",")
            return 200, {"result": {name: ticket[name] for name in names if name in ticket}}
        return 200, ticket


@asynccontextmanager
async def ticket_tool(dialect: str, authorization: str, known: set[str], **more: Any) -> AsyncIterator[TicketTool]:
    """Run a simulated tool inside the block."""
    tool = TicketTool(dialect, authorization, known=known, **more)
    await tool.start()
    try:
        yield tool
    finally:
        await tool.stop()
