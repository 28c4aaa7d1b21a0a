"""A client of the live stream: server-sent events, resumed after every interruption."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from slm.demo.negotiation import ApiProblem
from slm.server_sent import EventParser
from slm_chassis.clock import Clock

_PAUSE_SECONDS = 0.5
_SILENCE_SECONDS = 60.0
"""A connection that is silent for this long is dead, since the stream's heartbeat is more frequent."""


@dataclass(frozen=True, slots=True)
class StreamedEvent:
    """An event of the stream: its class name, such as ``TargetBreached``, and its data."""

    name: str
    data: dict[str, Any]


class StreamListener:
    """Calls ``show_event`` with every event of the stream and collects the ids of breaches."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        key: str,
        agreement_id: str,
        clock: Clock,
        on_event: Callable[[StreamedEvent], None],
    ) -> None:
        self._client = client
        self._clock = clock
        self._headers = {"Authorization": f"Bearer {key}"}
        self._parameters = {"agreement_id": agreement_id}
        self._on_event = on_event
        self._last_id = ""
        self.listens = asyncio.Event()
        self.since = 0
        """The listener receives every event from this instant of the installation on, microseconds UTC."""
        self.breach_ids: set[str] = set()

    async def run(self) -> None:
        """Listen until cancelled. Raises ApiProblem if the server refuses the stream."""
        while True:
            try:
                async for event in self._events():
                    if event.name == "TargetBreached":
                        self.breach_ids.add(event.data["breach_id"])
                    self._on_event(event)
            except httpx.TransportError:
                pass
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _events(self) -> AsyncIterator[StreamedEvent]:
        headers = self._headers | ({"Last-Event-ID": self._last_id} if self._last_id else {})
        timeout = httpx.Timeout(30.0, read=_SILENCE_SECONDS)
        asked = self._client.stream("GET", "/api/v1/stream", params=self._parameters, headers=headers, timeout=timeout)
        async with asked as answer:
            if answer.status_code >= 500:
                return
            if answer.status_code != 200:
                raise ApiProblem(f"GET /api/v1/stream: {answer.status_code} {(await answer.aread()).decode()}")
            parser = EventParser(self._last_id)
            async for line in answer.aiter_lines():
                event = parser.feed(line)
                if parser.last_id and not self._last_id:
                    self.since = self._clock.now()
                    self.listens.set()
                self._last_id = parser.last_id
                if event is not None and event.name != "reset":
                    yield StreamedEvent(event.name, json.loads(event.data)["data"])
