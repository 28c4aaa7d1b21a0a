"""The demonstration's senders and listeners: they hold, try again and resume."""

from __future__ import annotations

import asyncio
import itertools
import json
from fractions import Fraction

import httpx
import pytest

from slm.demo.doors import ResourceTransport
from slm.demo.negotiation import Unavailable
from slm.demo.schedule import EFFECTIVE, FACTS_WAIT_FROM, LAST, MINUTE, FactSchedule
from slm.demo.stream import StreamedEvent, StreamListener
from slm.demo.traffic import TrafficSender
from slm.demo.waiting import ResultNotSeen, ResultWaiter
from slm_chassis.clock import ManualClock, ScaledClock, real_now
from slm_events.instants import from_text

BEGINNING = FactSchedule.beginning(0)


class Doors:
    """Takes everything in; every third request comes at a bad moment."""

    def __init__(self) -> None:
        self.instants: list[int] = []
        self._requests = itertools.count(1)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if next(self._requests) % 3 == 0:
            return httpx.Response(503, json={"title": "not now"})
        items = json.loads(request.content)
        self.instants += [from_text(item["at"]) for item in items if "at" in item]
        partition = len(self.instants) % 2
        position = f"m{partition}:{len(self.instants)}" if "indicator" in items[0] else f"t1:{len(self.instants)}"
        return httpx.Response(202, json={"accepted": len(items), "items": [], "position": position})


async def test_facts_wait_for_the_first_risk_and_are_resent_until_accepted() -> None:
    doors = Doors()
    clock = ManualClock(BEGINNING.at(LAST + 5))
    async with httpx.AsyncClient(base_url="http://demo", transport=httpx.MockTransport(doors)) as client:
        traffic = TrafficSender(client, "key", BEGINNING, clock)
        sending = asyncio.create_task(traffic.run(once=True))
        while not doors.instants or max(doors.instants) < BEGINNING.at(FACTS_WAIT_FROM - 1):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert max(doors.instants) < BEGINNING.at(FACTS_WAIT_FROM)
        traffic.go_on()
        assert await asyncio.wait_for(traffic.until_played(), 10) == traffic.position
        await asyncio.wait_for(sending, 10)
    assert min(doors.instants) == BEGINNING.at(EFFECTIVE)
    assert BEGINNING.at(LAST) <= max(doors.instants) < BEGINNING.at(LAST + 1)
    assert {part.split(":")[0] for part in traffic.position.split(".")} <= {"m0", "m1", "t1"}
    assert f":{len(doors.instants)}" in traffic.position


async def test_a_listener_resumes_where_it_was_interrupted() -> None:
    asked: list[str | None] = []
    parts = [
        b'retry: 1\nid: 0\n\nid: 1\nevent: TargetBreached\ndata: {"data": {"breach_id": "a"}}\n\n',
        b'retry: 1\nid: 1\n\n: beat\n\nid: 2\nevent: TargetAtRisk\ndata: {"data": {"risk_id": "b"}}\n\n',
    ]

    def stream(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("Last-Event-ID"))
        return httpx.Response(200, content=parts[len(asked) - 1] if len(asked) <= len(parts) else b"")

    event: list[StreamedEvent] = []
    async with httpx.AsyncClient(base_url="http://demo", transport=httpx.MockTransport(stream)) as client:
        listener = StreamListener(client, "key", "agreement", ManualClock(7), event.append)
        listening = asyncio.create_task(listener.run())
        while len(event) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        listening.cancel()
    assert [each.name for each in event] == ["TargetBreached", "TargetAtRisk"]
    assert asked[:2] == [None, "1"]
    assert listener.breach_ids == {"a"}
    assert listener.since == 7


async def test_a_wait_begins_when_due_and_names_what_was_missing() -> None:
    clock = ScaledClock(0, real_now(), Fraction(60))

    async def away() -> None:
        raise Unavailable("503")

    began = asyncio.get_running_loop().time()
    with pytest.raises(ResultNotSeen, match=r"not seen within 0.2 s: the breach \(Unavailable 503\)"):
        await ResultWaiter(clock, 0.2).until(away, "the breach", due=MINUTE // 2)
    assert asyncio.get_running_loop().time() - began >= 0.5


async def test_requests_go_to_the_replicas_of_the_owner_in_turn() -> None:
    gateway = ResourceTransport(
        {"breaches": itertools.cycle([httpx.URL("http://127.0.0.1:1"), httpx.URL("http://127.0.0.1:2")])}
    )
    async with httpx.AsyncClient(base_url="http://installation", transport=gateway) as client:
        tried = []
        for _ in range(3):
            with pytest.raises(httpx.ConnectError) as refused:
                await client.get("/api/v1/breaches?limit=1")
            tried.append(str(refused.value.request.url))
        with pytest.raises(httpx.UnsupportedProtocol, match="no service"):
            await client.get("/api/v1/nothing")
    assert tried == [f"http://127.0.0.1:{port}/api/v1/breaches?limit=1" for port in (1, 2, 1)]
