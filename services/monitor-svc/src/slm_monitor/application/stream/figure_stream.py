"""The live figures of targets: one reader per process, whose results go to every stream that watches the targets.

While anybody watches, the reader asks four times a second which of the watched targets were evaluated; one query covers
all of them. Events about tickets, risks and breaches also trigger a read. Only changed targets are calculated, once for
all callers of a party, and sent if the result differs from the one sent before. Figures that may change without new
facts are calculated again after ten seconds, a few in each turn.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from slm_monitor.application.stream.event_stream import EventStream, StreamClient, StreamEvent

MOST_TARGETS = 200
"""Most targets that one stream may name."""
MOST_OF_SERVICES = 1_000
"""Most targets that one stream watches because they belong to the services that it names."""
_TURN_SECONDS = 0.25
_AT_MOST_EVERY_SECONDS = 1.0
"""Least time between two sendings of the same target."""
_OLD_AFTER_SECONDS = 10.0
"""Age at which figures are calculated again, because they may have changed without new facts."""
_OLD_AT_ONCE = 5
_READ_AT_ONCE = 100
_IDLE_SHARE = 3
"""The reader idles at least this many times as long as it works, so that it never occupies the process."""

Sample = Mapping[str, Any]
Read = Callable[[Sequence[str]], Awaitable[Sequence[Sample]]]
"""A function that reads the samples of targets (their states as JSON) as callers of one party may see them."""


class EvaluationMarks(Protocol):
    """Query for the marks of targets: texts that change whenever an evaluation changes results of a target."""

    async def marks(self, target_ids: Sequence[str]) -> Mapping[str, str]:
        """Return target id → mark of the target."""


@dataclass(eq=False, slots=True)
class FigureStreamClient:
    """One stream of figures.

    ``audience``: name of the group of callers who see the same figures, such as a party. ``read``: function that
    returns the present figures of given targets, as this audience may see them.
    """

    client: StreamClient
    target_ids: frozenset[str]
    audience: str
    read: Read
    sent: dict[str, Sample] = field(default_factory=dict)


Place = tuple[str, str]
"""(audience, target)"""


class FigureStream:
    """A worker that reads the figures of the watched targets, and sends those that changed."""

    name = "live-figures"

    def __init__(self, marks: EvaluationMarks, events: EventStream) -> None:
        self._source = marks
        self._events = events
        self._clients: set[FigureStreamClient] = set()
        self._is_watched = asyncio.Event()
        self._marks: Mapping[str, str] = {}
        self._changed: set[Place] = set()
        self._read_at: dict[Place, float] = {}
        events.listeners.append(self._listen)

    async def run(self) -> None:
        """Read and send figures until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._is_watched.wait()
            begun = loop.time()
            await self.turn(begun)
            await asyncio.sleep(max(_TURN_SECONDS, _IDLE_SHARE * (loop.time() - begun)))

    async def lines(self, watcher: FigureStreamClient) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a stream until the client goes away or falls behind. Each target is sent once at first."""
        self._clients.add(watcher)
        self._changed |= {(watcher.audience, target_id) for target_id in watcher.target_ids}
        self._is_watched.set()
        lines = self._events.lines(watcher.client)
        try:
            async for line in lines:
                yield line
        finally:
            self._clients.discard(watcher)
            if not self._clients:
                self._is_watched.clear()
            await lines.aclose()

    def _listen(self, event: StreamEvent) -> None:
        target_id = event.data.get("target_id")
        if isinstance(target_id, str):
            self._changed |= {(each.audience, target_id) for each in self._clients if target_id in each.target_ids}

    async def turn(self, now: float) -> None:
        """Find which targets changed, read them and send them. ``now``: seconds of a monotonic clock."""
        watched = {(each.audience, target_id) for each in self._clients for target_id in each.target_ids}
        self._changed &= watched
        self._read_at = {place: at for place, at in self._read_at.items() if place in watched}
        marks = await self._source.marks(sorted({target_id for _, target_id in watched}))
        self._changed |= {place for place in watched if marks.get(place[1]) != self._marks.get(place[1])}
        self._marks = marks
        due = self._due(now, watched)
        for audience in sorted({each for each, _ in due}):
            await self._send(audience, [target_id for each, target_id in due if each == audience], now)

    def _due(self, now: float, watched: set[Place]) -> list[Place]:
        """Return the targets to read now: the changed targets that were not read within the last second, and a few of
        the targets that were last read at least ten seconds ago.
        """
        changed = [place for place in self._changed if now - self._at(place) >= _AT_MOST_EVERY_SECONDS]
        old = [place for place in watched - self._changed if now - self._at(place) >= _OLD_AFTER_SECONDS]
        first = sorted(changed, key=self._at)[:_READ_AT_ONCE]
        return first + sorted(old, key=self._at)[:_OLD_AT_ONCE]

    def _at(self, place: Place) -> float:
        return self._read_at.get(place, float("-inf"))

    async def _send(self, audience: str, target_ids: Sequence[str], now: float) -> None:
        clients = [each for each in self._clients if each.audience == audience]
        if not clients:
            return
        for target_id in target_ids:
            self._changed.discard((audience, target_id))
            self._read_at[audience, target_id] = now
        for sample in await clients[0].read(target_ids):
            line = f"event: figure\ndata: {json.dumps(sample, separators=(',', ':'))}\n\n".encode()
            for each in _those_to_tell(clients, sample):
                self._events.offer(each.client, line)


def _those_to_tell(clients: Sequence[FigureStreamClient], sample: Sample) -> Iterator[FigureStreamClient]:
    """Yield the clients that watch a target and were last sent a different sample.

    The instant and the exact figure are not compared. A client gets no new sample for a change that is not displayed.
    """
    target_id = sample["target_id"]
    content = {name: value for name, value in sample.items() if name not in ("as_of", "figure")}
    for each in clients:
        if target_id in each.target_ids and each.sent.get(target_id) != content:
            each.sent[target_id] = content
            yield each
