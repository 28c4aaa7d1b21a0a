"""A client of the live stream that changes the replica after every few events and resumes where it was."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from slm_chassis.log.port import StoredRecord, TopicPartition
from slm_chassis.settings import Settings
from slm_monitor.application.stream.event_stream import STREAMED, convert_record_to_stream_event, parse_stream_position

_PAUSE_SECONDS = 0.1
_SILENCE_SECONDS = 30.0
_NOWHERE = TopicPartition("not in the log, or not to be seen", 0)
PARTITIONS: int = Settings.model_fields["partitions"].default


@dataclass(frozen=True)
class Heard:
    """An event that the client received, the stream position after it, and the replica that sent it."""

    place: str
    name: str
    document: dict[str, Any]
    url: str

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["data"]
        return found


class Hopper:
    """A stream client that resumes at the next replica after ``stay`` events, or when a replica dies. It keeps all
    events.
    """

    def __init__(self, urls: Sequence[str], key: str, stay: int) -> None:
        self.heard: list[Heard] = []
        self.hops = 0
        self.listens = asyncio.Event()
        self._urls = list(urls)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._stay = stay
        self._place = self._began = ""

    def names(self, name: str) -> list[Heard]:
        """Return the received events with this name."""
        return [each for each in self.heard if each.name == name]

    def flaws(self, records: Sequence[StoredRecord], party_id: str) -> list[str]:
        """Return a text for each difference from the log: the client must receive each event of its party once and in
        order.
        """
        begin = parse_stream_position(
            self._began, {TopicPartition(topic, n): 0 for topic in STREAMED for n in range(PARTITIONS)}
        )
        due: dict[TopicPartition, list[str]] = defaultdict(list)
        for record in sorted(records, key=lambda record: record.offset):
            event, source = convert_record_to_stream_event(record), TopicPartition(record.topic, record.partition)
            if event is not None and party_id in event.parties and record.offset >= begin[source]:
                due[source].append(record.headers["ce_id"])
        where = {event_id: source for source, ids in due.items() for event_id in ids}
        got: dict[TopicPartition, list[str]] = defaultdict(list)
        for heard in self.heard:
            got[where.get(heard.document["id"], _NOWHERE)].append(heard.document["id"])
        return [
            f"{source}: {len(due[source])} in the log, {len(got[source])} heard, {len(set(got[source]))} different"
            for source in (*where.values(), _NOWHERE)
            if got[source] != due[source]
        ]

    async def run(self) -> None:
        """Receive events until cancelled."""
        timeout = httpx.Timeout(10.0, read=_SILENCE_SECONDS)
        async with httpx.AsyncClient(headers=self._headers, timeout=timeout) as client:
            while True:
                for url in self._urls:
                    try:
                        await self._listen(client, url)
                    except httpx.TransportError:
                        await asyncio.sleep(_PAUSE_SECONDS)
                    self.hops += 1

    async def _listen(self, client: httpx.AsyncClient, url: str) -> None:
        headers = {"Last-Event-ID": self._place} if self._place else {}
        async with client.stream("GET", f"{url}/api/v1/stream", headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            left, name, place = self._stay, "", ""
            async for line in answer.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "id":
                    place = value
                    # As browsers do: a place without an event counts too.
                    self._began = self._began or place
                    self._place = self._place or place
                    self.listens.set()
                elif field == "event":
                    assert value != "reset", "the client was never that far behind"
                    name = value
                elif field == "data":
                    self.heard.append(Heard(place, name, json.loads(value), url))
                    self._place = place
                    left -= 1
                    if not left:
                        return


async def ends_within(url: str, key: str, cut: asyncio.Event, opened: asyncio.Event) -> None:
    """Read a stream until the server ends it, and then set ``cut``. ``opened`` is set at the stream's first event."""
    async with (
        httpx.AsyncClient(timeout=httpx.Timeout(10.0, read=_SILENCE_SECONDS)) as client,
        client.stream("GET", f"{url}/api/v1/stream", headers={"Authorization": f"Bearer {key}"}) as answer,
    ):
        async for line in answer.aiter_lines():
            if line.startswith("id"):
                opened.set()
    cut.set()
