"""Live streams over HTTP: a slow reader affects no other, and one that was away too long learns where to start."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest

from slm_chassis.log.port import Record
from slm_events import envelope
from slm_events.catalogue import PUBLISHED
from slm_monitor.application.stream.event_stream import FURTHEST_BEHIND, QUEUE
from tests.support.api import BOOTSTRAP_KEY
from tests.support.monitor_service import Service, serving
from tests.support.service import amendment, until

EVENTS = 3 * QUEUE
PADDING = "x" * 4_000
"""Padding, so that the events exceed the buffers of a connection."""


def record(number: int, padding: str = "") -> Record:
    event = amendment(f"{number}", f"{time.monotonic()} {padding}")
    row = PUBLISHED[type(event)]
    attributes = envelope.Envelope(
        id=f"{number}", source="/slm/test", type=row.type, subject="", time="", recorded_at="", data=event
    )
    return Record(f"{number}", envelope.to_json(event), envelope.to_headers(attributes))


async def tell(service: Service, numbers: range, padding: str = "") -> None:
    topic = PUBLISHED[type(amendment("", ""))].topic.name
    await service.log.append(topic, [record(number, padding) for number in numbers])


@contextmanager
def one_who_does_not_read(service: Service) -> Any:
    host, port = service.address.removeprefix("http://").split(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        connection.connect((host, int(port)))
        head = f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {BOOTSTRAP_KEY}\r\n\r\n"
        connection.sendall(head.encode())
        yield connection


@asynccontextmanager
async def stream(service: Service, last_event_id: str | None = None) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with service.operator.stream("GET", "/api/v1/stream", headers=headers, timeout=60) as answer:
        assert answer.status_code == 200, await answer.aread()
        async with aclosing(told(answer)) as messages:
            yield messages


async def told(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """Each message's fields."""
    message: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            message[name] = value
        elif message:
            yield message
            message = {}


async def reading(service: Service, joined: asyncio.Event, count: int) -> list[float]:
    """How long each of the next events took to come, seconds."""
    late: list[float] = []
    async with stream(service) as messages:
        async for message in messages:
            joined.set()
            if "data" in message:
                said = json.loads(message["data"])["data"]["revision_hash"]
                late.append(time.monotonic() - float(said.split(" ")[0]))
            if len(late) == count:
                return late
    raise AssertionError(f"the stream ended after {len(late)} events")


async def streams(service: Service) -> int:
    text = (await service.client("").get("/metrics")).text
    return int(float(text.split("\nslm_monitor_http_streams ")[1].split("\n")[0]))


async def test_a_client_that_does_not_read_delays_nobody_and_is_let_go(database_url: str) -> None:
    async with serving(database_url) as service:
        with one_who_does_not_read(service):
            joined = [asyncio.Event() for _ in range(3)]
            readers = [asyncio.create_task(reading(service, each, EVENTS)) for each in joined]
            await asyncio.gather(*(each.wait() for each in joined))
            assert await streams(service) == 4
            for start in range(0, EVENTS, 50):
                await tell(service, range(start, start + 50), PADDING)
                await asyncio.sleep(0.01)
            for late in await asyncio.gather(*readers):
                assert sorted(late)[EVENTS // 2] < 2.0
                assert max(late) < 5.0

            async def is_let_go() -> bool:
                return await streams(service) == 0

            await until(is_let_go)


async def test_a_burst_larger_than_a_queue_reaches_who_reads(database_url: str) -> None:
    async with serving(database_url) as service:
        joined = asyncio.Event()
        reader = asyncio.create_task(reading(service, joined, EVENTS))
        await joined.wait()
        await tell(service, range(EVENTS))
        assert len(await reader) == EVENTS


async def test_a_client_away_too_long_learns_at_any_replica_where_to_begin(database_url: str) -> None:
    async with serving(database_url) as service:
        async with stream(service) as messages:
            place = (await anext(messages))["id"]
        await tell(service, range(FURTHEST_BEHIND + 1))
        async with serving(database_url, service.log, service.clock) as other:
            async with stream(other, place) as messages:
                await anext(messages)
                reset = await anext(messages)
                assert reset["event"] == "reset"
                assert json.loads(reset["data"]) == {
                    "missed": FURTHEST_BEHIND + 1,
                    "read": ["/api/v1/targets", "/api/v1/breaches"],
                }
                await tell(service, range(1))
                assert (await anext(messages))["event"] == "AmendmentDrafted"
            async with stream(service, reset["id"]) as messages:
                await anext(messages)
                assert (await anext(messages))["event"] == "AmendmentDrafted"


async def test_who_was_away_less_long_misses_nothing(database_url: str) -> None:
    async with serving(database_url) as service:
        async with stream(service) as messages:
            place = (await anext(messages))["id"]
        await tell(service, range(FURTHEST_BEHIND))
        async with stream(service, place) as messages:
            await anext(messages)
            seen = [json.loads((await anext(messages))["data"])["id"] for _ in range(FURTHEST_BEHIND)]
        assert sorted(seen, key=int) == [str(number) for number in range(FURTHEST_BEHIND)]


@pytest.mark.parametrize("most", [1, 2])
async def test_one_stream_too_many_is_refused_until_another_ends(database_url: str, most: int) -> None:
    async with serving(database_url, most_streams=most) as service:
        held = [stream(service) for _ in range(most)]
        for each in held:
            await anext(await each.__aenter__())
        refused = await service.operator.get("/api/v1/stream")
        document = json.loads(refused.content)
        assert (refused.status_code, document["type"]) == (503, "/problems/streams-full")
        assert int(refused.headers["Retry-After"]) > 0
        await held[0].__aexit__(None, None, None)

        async def has_a_place() -> bool:
            async with service.operator.stream("GET", "/api/v1/stream") as answer:
                return answer.status_code == 200

        await until(has_a_place)
        for each in held[1:]:
            await each.__aexit__(None, None, None)
