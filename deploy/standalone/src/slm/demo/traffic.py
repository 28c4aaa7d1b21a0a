"""Send the demonstration's facts through the public API. The facts of a minute are sent when that minute is over."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from slm.demo import negotiation
from slm.demo.negotiation import ApiProblem, Unavailable
from slm.demo.schedule import EFFECTIVE, FACTS_WAIT_FROM, LAST, FactSchedule
from slm_chassis.clock import Clock, sleep_until

_MOST_MINUTES = 60
"""The most minutes whose facts go into one request, if the sender is behind."""
_PAUSE_SECONDS = 0.5


class TrafficSender:
    """Sends the facts minute by minute."""

    def __init__(self, client: httpx.AsyncClient, integrator_key: str, schedule: FactSchedule, clock: Clock) -> None:
        self._client = client
        self._key = integrator_key
        self._schedule = schedule
        self._clock = clock
        self._next = EFFECTIVE
        self._may_go_on = asyncio.Event()
        self._played = asyncio.Event()
        self._positions: dict[str, str] = {}
        self.sent = 0

    def go_on(self) -> None:
        """Let ``run`` also send the facts from the minute ``FACTS_WAIT_FROM`` on.

        Called once the demonstration has seen the action plan of the first risk.
        """
        self._may_go_on.set()

    async def until_played(self) -> str:
        """Wait until all scripted facts are sent; return their position for the query parameter ``min_position``."""
        await self._played.wait()
        return self.position

    @property
    def position(self) -> str:
        """The position of all facts sent so far, for the query parameter ``min_position``."""
        return ".".join(f"{place}:{offset}" for place, offset in sorted(self._positions.items()))

    async def run(self, *, once: bool) -> None:
        """Send the scripted facts; then, unless ``once``, everyday traffic without end. Raises ApiProblem."""
        await self._run_to(FACTS_WAIT_FROM)
        await self._may_go_on.wait()
        await self._run_to(LAST + 1)
        self._played.set()
        while not once:
            await self._run_to(self._next + 1)

    async def _run_to(self, end: int) -> None:
        while self._next < end:
            await sleep_until(self._clock, self._schedule.at(self._next + 1))
            over = self._schedule.minute_of(self._clock.now())
            until = min(end, max(over, self._next + 1), self._next + _MOST_MINUTES)
            await self._send(range(self._next, until))
            self._next = until

    async def _send(self, minutes: range) -> None:
        facts = [self._schedule.facts(minute) for minute in minutes]
        await self._post("measurements", [item for each in facts for item in each.measurements])
        await self._post("ticket-events", [item for each in facts for item in each.ticket_events])

    async def _post(self, door: str, items: list[dict[str, Any]]) -> None:
        """Post items to the intake's route ``door`` until it accepts them. Each has an identity, so repeating changes
        nothing.
        """
        while items:
            try:
                answer = await negotiation.post(self._client, self._key, f"/api/v1/{door}", items)
            except (httpx.TransportError, Unavailable):
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if answer["items"]:
                raise ApiProblem(f"{door}: {answer['items'][0]}")
            # An answer names only the partitions of its batch, so the latest offset of each partition is kept.
            parts = (part.partition(":") for part in answer["position"].split("."))
            self._positions |= {place: offset for place, _, offset in parts}
            self.sent += answer["accepted"]
            return
