"""The live stream of published events: one reader of the topics per process, and a bounded queue per client.

An event's id is the vector of offsets after it, so that a client can resume at any replica.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from slm_chassis.access import Principal
from slm_chassis.dead_letters import REDRIVEN
from slm_chassis.log.port import Batch, EventLog, StoredRecord, TopicPartition
from slm_events.catalogue import AGREEMENTS, BREACHES, REPORTS, REVIEWS, TARGETS
from slm_events.envelope import NotAnEvent, raw_from_record

STREAMED = tuple(topic.name for topic in (AGREEMENTS, BREACHES, TARGETS, REPORTS, REVIEWS))
QUEUE = 1_000
FURTHEST_BEHIND = 10_000
AT_ONCE = 100
"""Events handed out before the clients get a turn. It must be less than a queue holds, or even a reading client would
fall behind."""
GRACE_SECONDS = 5.0
"""Seconds that a slow client has to read what is left in its queue, before its stream is ended."""
_BEAT_SECONDS = 15.0
_BEAT = b": still here\n\n"
Vector = dict[TopicPartition, int]
T = TypeVar("T")


class InvalidStreamPosition(ValueError):
    """The id names no position in these topics."""


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """The events that one client wants, among those that its party may see."""

    caller: Principal
    agreement_id: str | None = None
    service_id: str | None = None
    types: frozenset[str] = frozenset()

    def passes(self, event: StreamEvent) -> bool:
        if not self.caller.may_see(*event.parties) or (self.types and event.name not in self.types):
            return False
        if self.agreement_id is not None and event.data.get("agreement_id") != self.agreement_id:
            return False
        return self.service_id is None or event.data.get("service_id") == self.service_id


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """An event on its way to clients."""

    name: str
    parties: Sequence[str]
    data: Mapping[str, object]
    text: str
    """The CloudEvent as one line of JSON."""


@dataclass(slots=True)
class StreamClient:
    """The stream of one client. ``missed``: the position from which to catch up before the queue is read. ``end``: ends
    the stream from outside."""

    wanted: StreamFilter
    missed: Vector | None = None
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    joined_at: Vector = field(default_factory=dict)
    is_slow: bool = False
    end: Callable[[], None] = lambda: None


class EventStream:
    """A worker that tails the published topics and hands every event to the clients that may see it."""

    name = "live"

    def __init__(self, log: EventLog, most_clients: int = 5_000) -> None:
        self._log = log
        self._most_clients = most_clients
        self._streams = 0
        self._open: dict[int, StreamClient] = {}
        self._at: Vector = {}
        self._started = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether no more clients are accepted. Slow clients count until their streams have ended."""
        return self._streams >= self._most_clients

    async def run(self) -> None:
        """Tail the topics until cancelled. After a fault the next start continues from the last position."""
        if not self._at:
            self._at = await self._ends()
        self._started.set()
        async for batch in self._log.tail(STREAMED, dict(self._at)):
            await self._hand_out(batch)

    async def _ends(self) -> Vector:
        return {
            TopicPartition(topic, partition): end
            for topic in STREAMED
            for partition, end in (await self._log.end_offsets(topic)).items()
        }

    async def _hand_out(self, batch: Batch) -> None:
        for number, record in enumerate(batch.records):
            if number % AT_ONCE == AT_ONCE - 1 and self._open:
                await asyncio.sleep(0)
            self._at[batch.source] = record.offset + 1
            event = stream_event_of(record) if self._open else None
            if event is None:
                continue
            line: bytes | None = None
            for key, client in list(self._open.items()):
                if client.wanted.passes(event):
                    line = line or server_sent_event(event, self._at)
                    self._offer(key, client, line)
        self._at[batch.source] = batch.next_offset
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _offer(self, key: int, client: StreamClient, line: bytes) -> None:
        """Put an event into a client's queue. A client whose queue is full is dropped, so that it delays no other; it
        can resume by its last id."""
        try:
            client.queue.put_nowait(line)
        except asyncio.QueueFull:
            client.is_slow = True
            del self._open[key]
            asyncio.get_running_loop().call_later(GRACE_SECONDS, client.end)

    async def client(self, wanted: StreamFilter, last_event_id: str | None) -> StreamClient:
        """Make a client. It receives events from the moment at which its ``lines`` are read, or from after the event
        that it names. Raises InvalidStreamPosition."""
        await self._started.wait()
        if not last_event_id:
            return StreamClient(wanted)
        missed = vector_of(last_event_id, self._at)
        if not self._has_reached(missed):
            ends = await self._ends()
            if any(at > ends[place] for place, at in missed.items()):
                raise InvalidStreamPosition("no event has this id yet; leave it out to begin with the next event")
        return StreamClient(wanted, missed)

    async def lines(self, client: StreamClient) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a stream until the client goes away or falls behind."""
        self._streams += 1
        try:
            async for line in self._joined(client):
                yield line
            yield f"retry: 1000\nid: {text_of(client.missed or client.joined_at)}\n\n".encode()
            if client.missed is not None:
                async for line in self._missed(client, client.missed):
                    yield line
            while not client.is_slow or not client.queue.empty():
                yield await _within(_BEAT_SECONDS, client.queue.get()) or _BEAT
        finally:
            self._streams -= 1
            client.end = lambda: None
            self._open.pop(id(client), None)

    async def _joined(self, client: StreamClient) -> AsyncIterator[bytes]:
        """Yield beats until this replica has read as far as the client had; then join the client to the live events."""
        while client.missed is not None and not self._has_reached(client.missed):
            if await _within(_BEAT_SECONDS, self._moved.wait()) is None:
                yield _BEAT
        client.joined_at = dict(self._at)
        self._open[id(client)] = client

    def _has_reached(self, vector: Vector) -> bool:
        return all(self._at[place] >= at for place, at in vector.items())

    async def _missed(self, client: StreamClient, at: Vector) -> AsyncIterator[bytes]:
        behind = sum(max(0, end - at[place]) for place, end in client.joined_at.items())
        if behind > FURTHEST_BEHIND:
            where = json.dumps({"missed": behind, "read": ["/api/v1/targets", "/api/v1/breaches"]})
            yield f"id: {text_of(client.joined_at)}\nevent: reset\ndata: {where}\n\n".encode()
            return
        if not behind:
            return
        async for batch in self._log.tail(STREAMED, dict(at)):
            for record in batch.records:
                if record.offset >= client.joined_at[batch.source]:
                    break
                at[batch.source] = record.offset + 1
                event = stream_event_of(record)
                if event is not None and client.wanted.passes(event):
                    yield server_sent_event(event, at)
            at[batch.source] = max(at[batch.source], min(batch.next_offset, client.joined_at[batch.source]))
            if all(at[place] >= end for place, end in client.joined_at.items()):
                return


async def _within(seconds: float, awaited: Awaitable[T]) -> T | None:
    """Await a result; return None if it takes longer."""
    try:
        # Not ``asyncio.wait_for``: in Python 3.11 it loses a cancellation that arrives together with the result.
        async with asyncio.timeout(seconds):
            return await awaited
    except TimeoutError:
        return None


def stream_event_of(record: StoredRecord) -> StreamEvent | None:
    """A record as an event for clients; None if it is no published event, or was published before."""
    if REDRIVEN in record.headers:
        return None
    try:
        row, data = raw_from_record(record.value, record.headers)
    except NotAnEvent:
        return None
    document = {
        "specversion": "1.0",
        "id": record.headers.get("ce_id"),
        "type": row.type,
        "source": record.headers.get("ce_source"),
        "subject": record.headers.get("ce_subject"),
        "time": record.headers.get("ce_time"),
        "correlationid": record.headers.get("ce_correlationid"),
        "data": data,
    }
    parties = [str(data[name]) for name in row.parties if data.get(name)]
    return StreamEvent(row.event.__name__, parties, data, json.dumps(document, separators=(",", ":")))


def server_sent_event(event: StreamEvent, at: Vector) -> bytes:
    return f"id: {text_of(at)}\nevent: {event.name}\ndata: {event.text}\n\n".encode()


def text_of(at: Vector) -> str:
    """The id of a vector: offsets in the order of topics and partitions, ``12.0.3-5.6.7-…``."""
    return "-".join(".".join(str(at[place]) for place in sorted(at) if place.topic == topic) for topic in STREAMED)


def vector_of(text: str, like: Vector) -> Vector:
    """The vector of an id, over the places of ``like``. Raises InvalidStreamPosition."""
    parts = text.split("-")
    places = [[place for place in sorted(like) if place.topic == topic] for topic in STREAMED]
    numbers = [part.split(".") for part in parts]
    if [len(each) for each in numbers] != [len(each) for each in places]:
        raise InvalidStreamPosition("this id is of another installation; leave it out to begin with what comes next")
    try:
        return {
            place: int(number)
            for theirs, offsets in zip(places, numbers, strict=True)
            for place, number in zip(theirs, offsets, strict=True)
        }
    except ValueError:
        raise InvalidStreamPosition("ids are numbers joined by dots and dashes; send back what came in `id:`") from None
