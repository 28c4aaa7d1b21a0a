"""Plays requests on an installation whose time stands still, and keeps every answer and every event."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

import slm.installation
from slm.installation import Installation, open_installation
from slm_chassis.log.port import EventLog, StoredRecord, TopicPartition
from slm_chassis.settings import Settings
from slm_events.catalogue import TOPICS
from slm_events.instants import from_text
from tests.recorded.plain import IDS, Plain
from tests.recorded.quiet import Quiet, StillClock, counted_ids, steady
from tests.support.operator_key import KEY

SECOND = 1_000_000
ORIGIN = "2026-11-02T10:00:00Z"
HEADERS = ("content-type", "location", "etag", "allow", "retry-after", "link", "www-authenticate", "cache-control")
"""Headers of answers that belong to the contract."""
_PASSING = re.compile(r'("(?:id|correlationid|causationid)":)"[^"]*"')
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
        """Record and return what an endless answer has sent in ``seconds`` real seconds."""
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
        text = b"".join(said).decode()
        answer = httpx.Response(start["status"], headers=start["headers"], text=_lasting(text), request=request)
        self.answers.append(self._entry(request, answer))
        return text

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
        """Every record of every topic, topic by topic, partition by partition; what was published twice, once.

        Of a compacted topic the last record of each key: which others are there still depends on real time.
        """
        found: list[dict[str, Any]] = []
        for topic, description in TOPICS.items():
            begins, ends = await self.log.begin_offsets(topic), await self.log.end_offsets(topic)
            for number, end in sorted(ends.items()):
                records = await _read(self.log, TopicPartition(topic, number), begins, end)
                kept = list({each.key: each for each in records}.values()) if description.compacted else records
                found += map(_event, kept)
        # The log has each event at least once: a relay whose commit is late appends its batch again.
        first: dict[str, dict[str, Any]] = {}
        for number, event in enumerate(found):
            first.setdefault(event["headers"].get("ce_id") or f"no event {number}", event)
        return list(first.values())

    def plain(self, events: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
        """Answers and events without what differs from play to play.

        Events are in the order of their topic, key, subject and instant. What is published at one instant of a clock
        that stands still comes in any order, so there its content decides.
        """
        plain = Plain()
        answers = [plain.value(_sorted(each, plain)) for each in self.answers]

        def place(event: Mapping[str, Any]) -> tuple[str, ...]:
            headers, data = event["headers"], json.dumps(event["data"])
            named = [str(headers.get(name, "")) for name in ("ce_subject", "ce_recordedtime", "ce_type")]
            return event["topic"], *(plain.known(each) for each in (event["key"], *named, data))

        by_key = sorted(events, key=place)
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
    kept = installing.parse_clock
    installing.parse_clock = lambda text: clock
    settings = Settings(
        data_dir=folder, bootstrap_key=SecretStr(KEY), partitions=partitions, log=log, log_level="ERROR"
    )
    try:
        with counted_ids():
            async with open_installation(settings) as installation:
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
        installing.parse_clock = kept


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


def _sorted(entry: dict[str, Any], plain: Plain) -> dict[str, Any]:
    """An entry; the events of a stream in an order that does not depend on which topic was read first."""
    answer = entry["answer"]
    if not str(answer["headers"].get("content-type", "")).startswith("text/event-stream"):
        return entry
    blocks = sorted(answer["body"].split("\n\n"), key=lambda block: (IDS.sub("", block), plain.known(block)))
    return {**entry, "answer": {**answer, "body": "\n\n".join(blocks)}}


def _lasting(stream: str) -> str:
    """Server-sent events without their own ids and places in the log, which differ from play to play."""
    lines = (line for line in stream.split("\n") if not line.startswith("id: "))
    return "\n".join(_PASSING.sub(r'\1"…"', line) for line in lines)


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
