"""The live stream resumes at any replica, also at one that has read less of the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

import pytest

from slm_chassis.access import Principal
from slm_chassis.app import topic_specs
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.log.port import Batch, Record, TopicPartition
from slm_events import envelope
from slm_events.catalogue import PUBLISHED
from slm_monitor.application.stream import event_stream
from slm_monitor.application.stream.event_stream import (
    QUEUE,
    EventStream,
    InvalidStreamPosition,
    StreamClient,
    StreamFilter,
)
from tests.support.service import amendment

OPERATOR = StreamFilter(Principal("operator", None, "operator", frozenset({"operator"})))


class Lagging(MemoryEventLog):
    """A log whose readers are given nothing before ``gate`` opens."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def tail(self, topics: Sequence[str], positions: Mapping[TopicPartition, int]) -> AsyncIterator[Batch]:
        async for batch in super().tail(topics, positions):
            await self.gate.wait()
            yield batch


@pytest.fixture
async def log() -> Lagging:
    log = Lagging()
    await log.ensure_topics(topic_specs(2))
    return log


@asynccontextmanager
async def replica(log: MemoryEventLog) -> AsyncIterator[EventStream]:
    live = EventStream(log)
    running = asyncio.create_task(live.run())
    try:
        yield live
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def tell(log: MemoryEventLog, *names: str) -> None:
    for name in names:
        event = amendment(name, name)
        row = PUBLISHED[type(event)]
        attributes = envelope.Envelope(
            id=name, source="/slm/test", type=row.type, subject="", time="", recorded_at="", data=event
        )
        await log.append(row.topic.name, [Record(name, envelope.to_json(event), envelope.to_headers(attributes))])


async def hear(live: EventStream, client: StreamClient, count: int) -> tuple[list[str], str]:
    """The ids of the next ``count`` events, and the place after them."""
    heard: list[str] = []
    place = ""
    async with asyncio.timeout(5), aclosing(live.lines(client)) as lines:
        async for line in lines:
            fields = dict(part.split(": ", 1) for part in line.decode().strip().split("\n"))
            place = fields.get("id", place)
            if "data" in fields:
                heard.append(fields["data"].split('"id":"')[1].split('"')[0])
            if len(heard) == count:
                break
    return heard, place


async def test_a_client_goes_on_where_it_was(log: Lagging) -> None:
    log.gate.set()
    async with replica(log) as one, replica(log) as other:
        client = await one.client(OPERATOR, None)
        hearing = asyncio.create_task(hear(one, client, 2))
        await asyncio.sleep(0)
        await tell(log, "a", "b")
        heard, place = await hearing
        assert heard == ["a", "b"]
        await tell(log, "c")
        heard, _ = await hear(other, await other.client(OPERATOR, place), 1)
        assert heard == ["c"]


async def test_a_replica_that_has_read_less_repeats_nothing(log: Lagging) -> None:
    async with replica(log) as behind:
        # Both begin at the beginning; only then does the other read on.
        await behind.client(OPERATOR, None)
        await tell(log, "a", "b", "c")
        place = "0.0-0.0-0.0-0.0-0.0"
        ends = await log.end_offsets("slm.agreements")
        seen = "-".join([f"{ends[0]}.{ends[1]}", *place.split("-")[1:]])
        hearing = asyncio.create_task(hear(behind, await behind.client(OPERATOR, seen), 1))
        await asyncio.sleep(0.05)
        log.gate.set()
        await asyncio.sleep(0.05)
        assert not hearing.done()
        await tell(log, "d")
        heard, after = await hearing
        assert heard == ["d"]
        assert after != seen


@pytest.mark.parametrize("place", ["9.0-0.0-0.0-0.0-0.0", "1.2-3", "here", "a.b-0.0-0.0-0.0-0.0"])
async def test_an_id_that_names_no_place_is_refused(log: Lagging, place: str) -> None:
    async with replica(log) as live:
        with pytest.raises(InvalidStreamPosition):
            await live.client(OPERATOR, place)


async def test_a_heartbeat_moves_the_place_of_a_client_that_wants_nothing_of_what_comes(
    log: Lagging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "_BEAT_SECONDS", 0.05)
    log.gate.set()
    few = StreamFilter(OPERATOR.caller, types=frozenset({"TargetBreached"}))
    async with replica(log) as live, asyncio.timeout(10):
        place = ""
        async with aclosing(live.lines(await live.client(few, None))) as lines:
            first = await anext(lines)
            await tell(log, "a", "b")
            while not place or place.encode() in first:
                line = (await anext(lines)).decode()
                assert line.startswith(": still here\n")
                place = line.rpartition("id: ")[2].strip()
        ends = await log.end_offsets("slm.agreements")
        assert place.startswith(f"{ends[0]}.{ends[1]}-")
        hearing = asyncio.create_task(hear(live, await live.client(OPERATOR, place), 1))
        await asyncio.sleep(0.1)
        await tell(log, "c")
        assert (await hearing)[0] == ["c"], "what passed before the heartbeat is not sent again"


def test_a_heartbeat_does_not_move_past_events_that_wait() -> None:
    live = EventStream(MemoryEventLog())
    client = StreamClient(OPERATOR)
    client.queue.put_nowait(b"id: 1\n\n")
    assert b"id:" not in live._beat(client)


async def test_a_client_that_does_not_read_is_let_go(log: Lagging) -> None:
    log.gate.set()
    async with replica(log) as live:
        client = await live.client(OPERATOR, None)
        lines = live.lines(client)
        await anext(lines)
        await tell(log, *(str(number) for number in range(QUEUE + 1)))
        async with asyncio.timeout(10):
            while not client.is_slow:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert len([line async for line in lines]) == QUEUE
