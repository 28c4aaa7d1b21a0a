"""The live stream of published events: one reader of the topics per process, and a bounded queue per client.

An event's id says up to which offset of each partition the stream has come, so that a client can resume at any replica.
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
"""Most events passed to the clients' queues before the clients get a turn. It must be less than a queue holds, or even
a fast client would fall behind.
"""
GRACE_SECONDS = 5.0
"""Seconds that a slow client has to read the rest of its queue, before its stream is ended."""
_BEAT_SECONDS = 15.0
_BEAT = b": still here\n\n"
Vector = dict[TopicPartition, int]
T = TypeVar("T")


class InvalidStreamPosition(ValueError):
    """An event id does not name a position in the published topics."""


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """The events that one client wants, among those that the client's party may see."""

    caller: Principal
    agreement_id: str | None = None
    service_id: str | None = None
    types: frozenset[str] = frozenset()
    nothing: bool = False
    """True: no events at all, because the stream carries something else."""

    def passes(self, event: StreamEvent) -> bool:
        if self.nothing:
            return False
        if not self.caller.may_see(*event.parties) or (self.types and event.name not in self.types):
            return False
        if self.agreement_id is not None and event.data.get("agreement_id") != self.agreement_id:
            return False
        return self.service_id is None or event.data.get("service_id") == self.service_id


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """A published event in the form in which clients get it."""

    name: str
    parties: Sequence[str]
    data: Mapping[str, object]
    text: str
    """The CloudEvent as one line of JSON."""


@dataclass(slots=True)
class StreamClient:
    """The stream of one client.

    ``missed``: position from which the client must catch up before its queue is read. ``end``: function that ends the
    stream of a client that has fallen behind; the route sets it.
    """

    wanted: StreamFilter
    missed: Vector | None = None
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    joined_at: Vector = field(default_factory=dict)
    is_slow: bool = False
    end: Callable[[], None] = lambda: None


class EventStream:
    """A worker that reads the published topics and passes every event to the clients that may see it."""

    name = "live"

    def __init__(self, log: EventLog, most_clients: int = 5_000) -> None:
        self._log = log
        self._most_clients = most_clients
        self._streams = 0
        self._open: dict[int, StreamClient] = {}
        self._at: Vector = {}
        self._started = asyncio.Event()
        self._moved = asyncio.Event()
        self.listeners: list[Callable[[StreamEvent], None]] = []
        """Functions that are called with every event that is passed on while a stream is open."""

    @property
    def is_full(self) -> bool:
        """Whether no more clients are accepted. Slow clients count until their streams have ended."""
        return self._streams >= self._most_clients

    async def run(self) -> None:
        """Read the topics until cancelled. After a fault the next start continues from the last position."""
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
            event = convert_record_to_stream_event(record) if self._open else None
            if event is None:
                continue
            for listener in self.listeners:
                listener(event)
            line: bytes | None = None
            for client in list(self._open.values()):
                if client.wanted.passes(event):
                    line = line or format_server_sent_event(event, self._at)
                    self.offer(client, line)
        self._at[batch.source] = batch.next_offset
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def offer(self, client: StreamClient, line: bytes) -> None:
        """Put an event, as bytes, into a client's queue.

        A client whose queue is full is dropped, so that it does not delay other clients. The client can resume by its
        last event id.
        """
        if client.is_slow:
            return
        try:
            client.queue.put_nowait(line)
        except asyncio.QueueFull:
            client.is_slow = True
            self._open.pop(id(client), None)
            asyncio.get_running_loop().call_later(GRACE_SECONDS, client.end)

    async def client(self, wanted: StreamFilter, last_event_id: str | None) -> StreamClient:
        """Make a client, which gets events as soon as its ``lines`` are read.

        With ``last_event_id`` it first gets the events that followed the event with that id; without it, only events
        from now on. Raises InvalidStreamPosition.
        """
        await self._started.wait()
        if not last_event_id:
            return StreamClient(wanted)
        missed = parse_stream_position(last_event_id, self._at)
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
            yield f"retry: 1000\nid: {format_stream_position(client.missed or client.joined_at)}\n\n".encode()
            if client.missed is not None:
                async for line in self._missed(client, client.missed):
                    yield line
            while not client.is_slow or not client.queue.empty():
                yield await _within(_BEAT_SECONDS, client.queue.get()) or self._beat(client)
        finally:
            self._streams -= 1
            client.end = lambda: None
            self._open.pop(id(client), None)

    def _beat(self, client: StreamClient) -> bytes:
        """Return a heartbeat. Its id is the present position, unless events still wait to be sent to the client.

        After a break, a client that gets few events resumes from this position. It could not resume from its last
        event if that event is very old: the stream would skip to the present and report the events between as missed.
        """
        if not client.queue.empty() or client.is_slow:
            return _BEAT
        return f": still here\nid: {format_stream_position(self._at)}\n\n".encode()

    async def _joined(self, client: StreamClient) -> AsyncIterator[bytes]:
        """Yield heartbeats until this replica has read up to the position from which the client resumes; then add the
        client to the clients that get new events.
        """
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
            yield f"id: {format_stream_position(client.joined_at)}\nevent: reset\ndata: {where}\n\n".encode()
            return
        if not behind:
            return
        async for batch in self._log.tail(STREAMED, dict(at)):
            for record in batch.records:
                if record.offset >= client.joined_at[batch.source]:
                    break
                at[batch.source] = record.offset + 1
                event = convert_record_to_stream_event(record)
                if event is not None and client.wanted.passes(event):
                    yield format_server_sent_event(event, at)
            at[batch.source] = max(at[batch.source], min(batch.next_offset, client.joined_at[batch.source]))
            if all(at[place] >= end for place, end in client.joined_at.items()):
                return


async def _within(seconds: float, awaited: Awaitable[T]) -> T | None:
    """Await a result for at most ``seconds`` seconds; return None if it takes longer."""
    try:
        # Not ``asyncio.wait_for``: in Python 3.11 it loses a cancellation that arrives together with the result.
        async with asyncio.timeout(seconds):
            return await awaited
    except TimeoutError:
        return None


def convert_record_to_stream_event(record: StoredRecord) -> StreamEvent | None:
    """Convert a record of the log to an event for clients; None if it is no published event or was sent before."""
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
    parties = row.parties_who_see(data)
    return StreamEvent(row.event.__name__, parties, data, json.dumps(document, separators=(",", ":")))


def format_server_sent_event(event: StreamEvent, at: Vector) -> bytes:
    """Format an event as bytes of a server-sent event, with the position after it as id."""
    return f"id: {format_stream_position(at)}\nevent: {event.name}\ndata: {event.text}\n\n".encode()


def format_stream_position(at: Vector) -> str:
    """Format a position as an event id: its offsets in the order of topics and partitions, such as ``12.0.3-5.6.7``."""
    return "-".join(".".join(str(at[place]) for place in sorted(at) if place.topic == topic) for topic in STREAMED)


def parse_stream_position(text: str, like: Vector) -> Vector:
    """Parse an event id to a position with the topics and partitions of ``like``. Raises InvalidStreamPosition."""
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
