"""Plays requests on an installation whose time stands still, and keeps every answer and every event."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

import slm.installation
from slm.installation import Installation, opened
from slm_chassis import logs
from slm_chassis.log.port import EventLog, StoredRecord, TopicPartition
from slm_chassis.settings import Settings
from slm_events.catalogue import TOPICS
from slm_events.instants import from_text
from tests.recorded.plain import Plain
from tests.recorded.quiet import Quiet, StillClock, counted_ids, steady
from tests.support.operator_key import KEY

SECOND = 1_000_000
ORIGIN = "2026-11-02T10:00:00Z"
HEADERS = ("content-type", "location", "etag", "allow", "retry-after", "link", "www-authenticate", "cache-control")
"""Headers of answers that belong to the contract."""
SENT = ("if-match", "if-none-match", "idempotency-key", "accept", "content-type", "last-event-id")


@dataclass
class Play:
    """A scenario under way: the client that is recorded, the clock, who is who, and what was recorded so far."""

    installation: Installation
    log: EventLog
    clock: StillClock
    quiet: Quiet
    client: httpx.AsyncClient
    answers: list[dict[str, Any]] = field(default_factory=list)
    """As they were: ids and hashes are made plain once all is played."""
    people: dict[str, str] = field(default_factory=dict)
    """API key → who holds it."""
    stage: str = ""

    async def move_to(self, instant: int) -> None:
        """Let time pass, and whatever is due by then happen."""
        assert instant >= self.clock.now()
        self.clock.move_to(instant)
        await self.quiet.wait()

    async def ask(self, key: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        """A request of a key's holder, or of nobody; any answer is fine."""
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)

    async def listen(self, key: str, path: str, seconds: float, headers: Mapping[str, str] | None = None) -> str:
        """Record, and give, what an endless answer has said after so many real seconds."""
        said: list[bytes] = []
        start: dict[str, Any] = {}
        ended = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                said.append(message.get("body", b""))

        request = self.client.build_request("GET", path, headers={"Authorization": f"Bearer {key}", **(headers or {})})
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("127.0.0.1", 1),
            "server": ("slm", 80),
            "state": {},
        }
        task = asyncio.create_task(self.installation.face(scope, receive, send))
        await asyncio.sleep(seconds)
        ended.set()
        with contextlib.suppress(asyncio.CancelledError):
            task.cancel()
            await task
        answer = httpx.Response(start["status"], headers=start["headers"], content=b"".join(said), request=request)
        self.answers.append(self._entry(request, answer))
        return answer.text

    def keep(self, request: httpx.Request, response: httpx.Response) -> None:
        self.answers.append(self._entry(request, response))

    def _entry(self, request: httpx.Request, response: httpx.Response) -> dict[str, Any]:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        sent: dict[str, Any] = {
            "stage": self.stage,
            "as": self.people.get(bearer, "nobody" if not bearer else "unknown"),
            "method": request.method,
            "path": request.url.path,
            "query": {name: request.url.params.get_list(name) for name in request.url.params},
            "headers": {name: request.headers[name] for name in SENT if name in request.headers},
            "body": _content(request.headers.get("content-type", ""), request.content),
        }
        got = {
            "status": response.status_code,
            "headers": {name: response.headers[name] for name in HEADERS if name in response.headers},
            "body": _content(response.headers.get("content-type", ""), response.content),
        }
        return {"request": {name: value for name, value in sent.items() if value not in ({}, None)}, "answer": got}

    async def events(self) -> list[dict[str, Any]]:
        """Every record of every topic, topic by topic, partition by partition."""
        found = []
        for topic in TOPICS:
            begins, ends = await self.log.begin_offsets(topic), await self.log.end_offsets(topic)
            for number, end in sorted(ends.items()):
                found += [_event(each) for each in await _read(self.log, TopicPartition(topic, number), begins, end)]
        return found

    def plain(self, events: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
        """Answers and events without what differs from play to play. Events in the order of their topic and key."""
        plain = Plain()
        answers = [plain.value(each) for each in self.answers]
        ordered: dict[tuple[str, str], list[Any]] = {}
        for event in events:
            ordered.setdefault((event["topic"], plain.text(event["key"])), []).append(event)
        by_key = [event for place in sorted(ordered) for event in ordered[place]]
        return answers, [plain.value(each) for each in by_key]


class _Recorded(httpx.AsyncBaseTransport):
    """Answers from the installation; after each request but a read it waits until all consequences are there."""

    def __init__(self, installation: Installation) -> None:
        self._inner = httpx.ASGITransport(installation.face, raise_app_exceptions=False)
        self.play: Play | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        response = await self._inner.handle_async_request(request)
        await response.aread()
        assert self.play is not None
        self.play.keep(request, response)
        changes = request.method not in ("GET", "HEAD", "OPTIONS") and "previews" not in request.url.path
        if changes and response.status_code < 400:
            await self.play.quiet.wait()
        return response


@contextlib.asynccontextmanager
async def playing(folder: Path, *, log: str = "", partitions: int = 1) -> AsyncIterator[Play]:
    """An empty installation in this process whose clock stands at ``ORIGIN``. ``log``: its address; else embedded."""
    clock = StillClock(from_text(ORIGIN))
    installing: Any = slm.installation
    kept = installing.clock_from
    installing.clock_from = lambda text: clock
    logs.configure("ERROR")
    settings = Settings(
        data_dir=folder, bootstrap_key=SecretStr(KEY), partitions=partitions, log=log, log_level="ERROR"
    )
    try:
        with counted_ids():
            async with opened(settings) as installation:
                apps = installation.apps
                with steady(apps):
                    for app in apps:
                        await app.start()
                    transport = _Recorded(installation)
                    async with httpx.AsyncClient(transport=transport, base_url="http://slm", timeout=60.0) as client:
                        quiet = Quiet(apps, apps[0].log, clock)
                        play = Play(installation, apps[0].log, clock, quiet, client, people={KEY: "operator"})
                        transport.play = play
                        await quiet.wait()
                        yield play
    finally:
        installing.clock_from = kept


async def _read(log: EventLog, source: TopicPartition, begins: Mapping[int, int], end: int) -> list[StoredRecord]:
    found: list[StoredRecord] = []
    at = begins[source.partition]
    if at >= end:
        return found
    async for batch in log.tail([source.topic], {source: at}):
        if batch.source == source:
            found += [record for record in batch.records if record.offset < end]
            at = batch.next_offset
        if at >= end:
            break
    return found


def _event(record: StoredRecord) -> dict[str, Any]:
    headers = dict(sorted(record.headers.items()))
    content = _content(headers.get("content-type", ""), record.value)
    return {"topic": record.topic, "key": record.key, "headers": headers, "data": content}


def _content(kind: str, content: bytes) -> Any:
    """JSON as its value, anything else as text; None where there is nothing."""
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
